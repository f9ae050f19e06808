"""The symbols beside a cartridge: however many lines there are, and refused by the line that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from asm.build import LARGEST_DEBUG, read_symbols, symbols
from snesgpt.bench.names_screen import names_to_a_page
from trainer.errors import InputError

GOOD = 'sym\tid=7,name="NAMES",addrsize=zeropage,size=1,scope=0,def=1,ref=2+3,val=0x28,type=equ\n'
OTHERS = (
    "line\tid=1,file=2,line=3,span=4\n" + 'sym\tid=8,name="imported",addrsize=far,scope=0,ref=1,type=imp,exp=7\n'
)


def test_51_megabytes_are_read_line_by_line(tmp_path: Path) -> None:
    """A cartridge of 2 MiB has such a file."""
    path = tmp_path / "large.dbg"
    with path.open("w") as file:
        for _ in range(500):
            file.write(OTHERS * 1050)
        file.write(GOOD)
    assert path.stat().st_size > 51_000_000
    assert read_symbols(path) == {"NAMES": 40}


@pytest.mark.parametrize(
    "line",
    [
        GOOD.replace("NAMES", ""),
        GOOD.replace('"NAMES"', "NAMES"),
        GOOD.replace("NAMES", "N\x1b[2J"),
        GOOD.replace("NAMES", "N" * 300),
        GOOD.replace("0x28", "40"),
        GOOD.replace("0x28", "0x"),
        GOOD.replace("0x28", "-0x28"),
        GOOD.replace("0x28", "0x" + "F" * 400),
        GOOD[: GOOD.index("28") + 1],
        'sym\tname="a"' * 100_000 + ",val=",
    ],
)
def test_a_symbol_that_is_none_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rom.dbg"
    path.write_text(GOOD + OTHERS + line)
    with pytest.raises(InputError, match=r"rom\.dbg: line 4 is b'sym") as raised:
        read_symbols(path)
    assert len(str(raised.value)) < 300


def test_what_is_no_debug_file(tmp_path: Path) -> None:
    assert symbols(b"\xff\xfe\0" * 1000) == {}
    with pytest.raises(InputError, match=r"cannot read .*none\.dbg"):
        read_symbols(tmp_path / "none.dbg")
    with (tmp_path / "vast.dbg").open("wb") as file:
        file.truncate(LARGEST_DEBUG + 1)
    with pytest.raises(InputError, match="no debug file has more than"):
        read_symbols(tmp_path / "vast.dbg")


@pytest.mark.parametrize("names", [0, -1, 65, 1 << 31])
def test_a_page_holds_some_names(names: int) -> None:
    with pytest.raises(InputError, match="a page has 1 to"):
        names_to_a_page({"NAMES": names})
    with pytest.raises(InputError, match="hold no NAMES"):
        names_to_a_page({})
