"""VHDL → Verilog by GHDL's synthesis, for Verilator reads no VHDL; and what GHDL's Verilog writer gets wrong."""

from __future__ import annotations

import re
from pathlib import Path

from rtl.tools import run
from trainer.errors import InputError

OPTIONS = ("--std=08", "--ieee=synopsys", "-fexplicit", "-frelaxed")
"""-frelaxed: shared variables and others that Quartus lets pass."""


ANOTHER_GHDL = "rtl/netlist.py was written for GHDL 2.0"


def netlist(folder: Path, files: list[Path], top: str) -> str:
    """The Verilog of an entity and of all below it. folder: where GHDL keeps what it has analyzed.

    Raises InputError where GHDL fails, or writes another netlist than the repairs are for.
    """
    work = f"--workdir={folder}"
    for file in files:
        run("ghdl", "-a", *OPTIONS, work, str(file))
    vhdl = run("ghdl", "--synth", *OPTIONS, work, "--out=vhdl", top)
    return repaired(run("ghdl", "--synth", *OPTIONS, work, "--out=verilog", top), defaults(vhdl))


SELECTION = re.compile(r"with (\w+) select (\w+) <=\n(.*?) when others;", re.S)


def defaults(vhdl: str) -> dict[tuple[str, str], str]:
    """(selector, target) → the value where no choice fits, in Verilog, of every selection of a VHDL netlist.

    Raises InputError for a value of another form, and for two selections of the same names that differ.
    """
    found: dict[tuple[str, str], str] = {}
    for selector, target, choices in SELECTION.findall(vhdl):
        value = _verilog(choices.rsplit(",", 1)[-1].strip())
        if found.setdefault((selector, target), value) != value:
            raise InputError(f"GHDL's netlist has two selections of {target} by {selector}: {ANOTHER_GHDL}")
    return found


def _verilog(value: str) -> str:
    """A constant or a name of VHDL. Whatever is unknown is 0."""
    if bits := re.fullmatch(r"""["']([01XZU-]+)["']""", value):
        return f"{len(bits[1])}'b{re.sub('[^01]', '0', bits[1])}"
    if bits := re.fullmatch(r"\((\d+) downto 0 => '(.)'\)", value):
        return f"{{{int(bits[1]) + 1}{{1'b{int(bits[2] == '1')}}}}}"
    if not re.fullmatch(r"\w+", value):
        raise InputError(f"GHDL's netlist has a default of {value[:60]}: {ANOTHER_GHDL}")
    return value


def repaired(verilog: str, defaults: dict[tuple[str, str], str]) -> str:
    """A netlist of GHDL 2.0's Verilog writer, corrected. Its VHDL writer, where the defaults come from, is right.

    A selection has lost its default. A constant of more than 32 bits is written as a string, "0101…". And a
    signal of DSP.vhd is called output, which is a keyword. Raises InputError where the two do not fit.
    """
    lines = []
    selector = target = ""
    missing = set(defaults)
    for line in verilog.splitlines():
        line = re.sub(r'"([01xzXZ]+)"', lambda found: f"{len(found[1])}'b{found[1]}", line)
        if not re.match(r" *\(?output ", line):
            line = re.sub(r"\boutput\b", "serial_output", line)
        if opened := re.match(r" *case \((\w+)\)", line):
            selector, target = opened[1], ""
        elif selector and (choice := re.match(r" *\d+'b[01]+: (\w+) <=", line)):
            target = choice[1]
        elif selector and "endcase" in line:
            if (selector, target) in defaults:
                lines.append(f"      default: {target} <= {defaults[selector, target]};")
                missing.discard((selector, target))
            else:
                raise InputError(f"GHDL's VHDL has no selection of {target} by {selector}: {ANOTHER_GHDL}")
            selector = ""
        lines.append(line)
    if missing:
        raise InputError(f"GHDL's Verilog has no selection of {min(missing)[1]}: {ANOTHER_GHDL}")
    return "\n".join(lines) + "\n"


MODULE = re.compile(r"^module (\w+).*?^endmodule\n", re.S | re.M)


def together(first: str, second: str) -> str:
    """Two netlists as one: a module that both have, a processor's adder for one, is that of the first."""
    there = {found[1] for found in MODULE.finditer(first)}
    return first + "\n".join(found[0] for found in MODULE.finditer(second) if found[1] not in there)
