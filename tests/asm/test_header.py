"""Headers, good and broken: every fault has its name, the checksum is the console's, `info` tells it all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from asm.cartridge.header import checksum, faults, read_cartridge, read_image, with_checksum
from snesgpt.commands.info import command as info
from trainer.errors import InputError

HEADER = range(0x7FB0, 0x8000)


def patched(image: bytes, at: int, data: bytes) -> bytes:
    return image[:at] + data + image[at + len(data) :]


def cartridge(size: int = 0x8000) -> bytes:
    """A good image: header by hand, a body that is not all zeros."""
    body = bytes(index * 7 & 0xFF for index in range(size))
    size_byte = (size - 1).bit_length() - 10
    header = (
        b"SGTEST".ljust(16, b"\0")
        + b"HEADER TEST".ljust(21)
        + bytes([0x30, 0, size_byte, 0, 1, 0x33, 0])
        + bytes(4)  # complement and checksum
        + bytes(10)
        + b"\x00\x90"  # native NMI
        + bytes(16)
        + b"\x00\x80"  # reset
        + bytes(2)
    )
    return with_checksum(patched(body, 0x7FB0, header))


GOOD = cartridge()
BROKEN = {
    "size: 100 bytes": GOOD[:100],
    "size: 49152 bytes is not a power of two": cartridge(0xC000),
    "size: 8388608 bytes, LoROM reaches 4194304": cartridge(1 << 23),
    "copier header: 512 bytes": bytes(512) + GOOD,
    "ROM size: header says 2^6 KiB, the image has 32768 bytes": patched(GOOD, 0x7FD7, b"\x06"),
    "ROM size: header says 2^255 KiB": patched(GOOD, 0x7FD7, b"\xff"),
    "title: not 21 printable characters: 'HEADER?TEST'": patched(GOOD, 0x7FC6, b"\x80"),
    "title: not 21 printable characters: ''": patched(GOOD, 0x7FC0, b" " * 21),
    "map mode: $21 is not LoROM": patched(GOOD, 0x7FD5, b"\x21"),
    "chipset: $35 is not a plain cartridge": patched(GOOD, 0x7FD6, b"\x35"),
    "SRAM size: 2^0 KiB does not go with chipset $02": patched(GOOD, 0x7FD6, b"\x02"),
    "SRAM size: 2^3 KiB does not go with chipset $00": patched(GOOD, 0x7FD8, b"\x03"),
    "SRAM size: 2^8 KiB, at most 2^7": patched(GOOD, 0x7FD6, b"\x02\x05\x08"),
    "size: 16777216 bytes, the SA-1 reaches 8388608": patched(GOOD * 512, 0x7FD5, b"\x23\x35\x0e\x07"),
    "chipset: $02 does not go with the SA-1's map mode": patched(GOOD, 0x7FD5, b"\x23\x02"),
    "region: $15 is no region": patched(GOOD, 0x7FD9, b"\x15"),
    "developer: $33 promises codes at $7FB0, there is 'SG?EST'": patched(GOOD, 0x7FB2, b"\0"),
    "developer: $33 promises zeros at $7FB6–$7FBB": patched(GOOD, 0x7FBB, b"\x01"),
    "complement: 0000 is not the complement of checksum": patched(GOOD, 0x7FDC, b"\0\0"),
    "checksum: header says": patched(GOOD, 0x1234, bytes([GOOD[0x1234] ^ 1])),
    "reset vector: $7FFF lies outside the ROM": patched(GOOD, 0x7FFC, b"\xff\x7f"),
    "NMI vector: $0000 lies outside the ROM": patched(GOOD, 0x7FEA, b"\0\0"),
}


@pytest.mark.parametrize("size", [0x8000, 0x10000, 0x40000])
def test_a_good_cartridge_has_no_faults(size: int) -> None:
    assert faults(cartridge(size)) == []


def with_sa1(chipset: int, ram: int, size: int = 0x8000) -> bytes:
    """The good one as a cartridge with the SA-1, RAM of 2^ram KiB, and as much ROM."""
    fields = bytes([0x23, chipset, size.bit_length() - 11, ram])
    return with_checksum(patched(GOOD * (size // len(GOOD)), 0x7FD5, fields))


@pytest.mark.parametrize("size", [0x8000, 1 << 22, 1 << 23])
@pytest.mark.parametrize("chipset", [0x34, 0x35])
def test_an_sa1_cartridge_may_have_8_mib(size: int, chipset: int) -> None:
    assert faults(with_sa1(chipset, 7, size)) == []


@given(st.integers(0, 255))
def test_the_sa1_s_map_mode_goes_with_its_own_chipsets_only(chipset: int) -> None:
    named = [line.split(":")[0] for line in faults(with_sa1(chipset, 7))]
    assert named == ([] if chipset in (0x34, 0x35) else ["chipset"])


@given(st.sampled_from([0x20, 0x30]), st.sampled_from([0x34, 0x35]))
def test_the_sa1_s_chipsets_go_with_its_own_map_mode_only(map_mode: int, chipset: int) -> None:
    image = with_checksum(patched(with_sa1(chipset, 7), 0x7FD5, bytes([map_mode])))
    assert [line.split(":")[0] for line in faults(image)] == ["chipset"]


@given(st.integers(0, 255), st.sampled_from([0x34, 0x35]))
def test_an_sa1_cartridge_has_2_to_128_kib_of_ram(ram: int, chipset: int) -> None:
    named = {line.split(":")[0] for line in faults(with_sa1(chipset, ram))}
    assert named == (set() if 1 <= ram <= 7 else {"SRAM size"})


def test_reading_names_the_chip(tmp_path: Path) -> None:
    (tmp_path / "sa1.sfc").write_bytes(with_sa1(0x35, 7))
    read = read_cartridge(tmp_path / "sa1.sfc")
    assert (read.speed, read.chipset, read.sram_size) == ("slow", "ROM + SA-1 + RAM + battery", 1 << 17)
    assert read.faults == ()


def test_save_ram_and_other_makers_are_good() -> None:
    assert faults(with_checksum(patched(GOOD, 0x7FD6, b"\x02\x05\x03"))) == []
    assert faults(with_checksum(patched(patched(GOOD, 0x7FDA, b"\x01"), 0x7FB0, bytes([255] * 16)))) == []


@pytest.mark.parametrize("fault", BROKEN)
def test_each_fault_has_its_name(fault: str) -> None:
    found = faults(BROKEN[fault])
    assert any(line.startswith(fault) for line in found), found
    assert all("\n" not in line for line in found)


@given(st.sampled_from(HEADER), st.integers(1, 255))
def test_no_header_byte_changes_unnoticed(at: int, flip: int) -> None:
    """The checksum covers every byte; once it is made right again, only what is harmless passes."""
    broken = patched(GOOD, at, bytes([GOOD[at] ^ flip]))
    assert faults(broken)
    found = faults(with_checksum(broken))
    assert not any(line.startswith(("checksum", "complement")) for line in found)


@settings(max_examples=30)
@given(st.integers(0, 0x18000), st.randoms(use_true_random=False))
def test_checksum_is_the_sum_over_the_mirrored_image(extra: int, random: object) -> None:
    size = 0x8000 + extra
    image = with_checksum(bytes((index * 31 + extra) & 0xFF for index in range(size)))
    assert checksum(image) == sum(mirrored(image)) & 0xFFFF
    assert checksum(image) == int.from_bytes(image[0x7FDE:0x7FE0], "little")
    assert checksum(with_checksum(image)) == checksum(image)


def mirrored(data: bytes) -> bytes:
    """All that the console sees of `data`, to the next power of two: the definition, by brute force."""
    half = 1 << (len(data).bit_length() - 1)
    if half == len(data):
        return data
    rest = mirrored(data[half:])
    return data[:half] + rest * (half // len(rest))


def test_checksum_of_too_little_is_an_error() -> None:
    with pytest.raises(ValueError, match="no cartridge"):
        checksum(bytes(100))


def test_reading_says_what_the_header_says(tmp_path: Path) -> None:
    (tmp_path / "good.sfc").write_bytes(GOOD)
    read = read_cartridge(tmp_path / "good.sfc")
    assert (read.title, read.speed, read.video, read.maker, read.game) == (
        "HEADER TEST",
        "fast",
        "NTSC",
        "SG",
        "TEST",
    )
    assert (read.size, read.rom_size, read.sram_size) == (0x8000, 0x8000, 0)
    assert (read.reset, read.nmi, read.faults) == (0x8000, 0x9000, ())
    assert read.checksum ^ read.complement == 0xFFFF


def test_what_is_no_cartridge_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.sfc").touch()
    (tmp_path / "short.sfc").write_bytes(bytes(1000))
    cases = {"empty.sfc": "empty", "short.sfc": "1000 bytes", "absent.sfc": "does not exist", ".": "directory"}
    for name, message in cases.items():
        with pytest.raises(InputError, match=message) as error:
            read_image(tmp_path / name)
        assert "\n" not in str(error.value)


def test_info_of_a_good_cartridge(tmp_path: Path) -> None:
    (tmp_path / "good.sfc").write_bytes(GOOD)
    result = CliRunner().invoke(info, [str(tmp_path / "good.sfc")])
    assert result.exit_code == 0
    assert "HEADER TEST" in result.stdout and "none" in result.stdout


def test_info_lists_faults_and_fails(tmp_path: Path) -> None:
    (tmp_path / "bad.sfc").write_bytes(patched(GOOD, 0x7FD5, b"\x21"))
    text = CliRunner().invoke(info, [str(tmp_path / "bad.sfc")])
    report = CliRunner().invoke(info, [str(tmp_path / "bad.sfc"), "--json"])
    assert text.exit_code == report.exit_code == 1
    assert [line.split(":")[0] for line in json.loads(report.stdout)["faults"]] == ["map mode", "checksum"]
    assert all(line in text.stdout for line in json.loads(report.stdout)["faults"])
