"""The core's VHDL → a libretro core: `build/rtl/snes_rtl_libretro.so`, which `--core rtl` finds."""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from pathlib import Path
from shutil import which

from rtl.core import CHIP, COMMIT, CONSOLE, commit_of, read
from rtl.netlist import netlist, together
from rtl.tools import run, version
from snesgpt.emulator.cores import RTL_LIBRARY
from trainer.files import scratch_folder, whole_file

HERE = Path(__file__).parent
VERILATOR = (
    *("--cc", "--top-module", "console", "-O3", "--noassert"),
    *("--language", "1364-2005"),  # in SystemVerilog, the core's port `do` is a keyword
    *("--x-assign", "fast", "--x-initial", "unique"),  # unique: noise in every register, where it is asked for
    *("--output-split", "20000"),  # less would cost speed, more would take the compiler minutes
    *("-Wno-lint", "-Wno-fatal", "-Wno-UNOPTFLAT", "-Wno-LATCH"),  # the netlist's style
)
FAST = "-O2 -march=native"
COMPILED = "-std=c++17 -fPIC -fvisibility=hidden"


def build(core: Path, out: Path = RTL_LIBRARY) -> None:
    """Translate and compile everything, unless that is done. Beside it, in a .txt, is what it was made of.

    Raises InputError for a core that is none, or when a tool fails.
    """
    made = made_of(core)
    told = out.with_suffix(".txt")
    if out.exists() and told.exists() and told.read_text() == f"{made}\n":
        print(f"{out} is up to date")
        return
    if not made.startswith(COMMIT[:8]):
        print(f"This core is at {made[:8]}: the project was proved on {COMMIT[:8]}", file=sys.stderr)
    with scratch_folder() as folder:
        print("VHDL → Verilog (GHDL)", flush=True)
        stock, sa1 = _netlists(core, folder)
        for name, defined in ((stock, ()), (sa1, ("-DSA1",))):
            print(f"Verilog → C++ → machine code: {name.stem} (Verilator)", flush=True)
            _compile(folder, name, defined)
        told.unlink(missing_ok=True)
        _link(folder, made, out)
    with whole_file(told) as temporary:
        temporary.write_text(f"{made}\n")
    print(f"{out}: --core rtl")


def made_of(core: Path) -> str:
    """The core's commit, a digest of all that is translated and of the tools, and the tools.

    Raises InputError when a file or a tool is missing.
    """
    tools = ", ".join(version(tool) for tool in ("ghdl", "verilator", _compiler()))
    own = [path.read_bytes() for path in sorted(HERE.iterdir()) if path.suffix in (".vhd", ".v", ".cpp")]
    scripts = [(HERE / name).read_bytes() for name in ("build.py", "netlist.py")]
    theirs = [read(core, name).encode("latin-1") for name in (*CONSOLE, *CHIP)]
    digest = sha256(b"".join((*own, *scripts, *theirs, tools.encode()))).hexdigest()
    return f"{commit_of(core)[:8]}-{digest[:8]}: {tools}"


def _netlists(core: Path, folder: Path) -> tuple[Path, Path]:
    """The console as Verilog, and the console with the chip."""
    sources = folder / "vhdl"
    sources.mkdir()
    own = [HERE / "memories.vhd", HERE / "sa1_math.vhd"]
    files = []
    for name in (*CONSOLE, *CHIP):
        files.append(sources / f"{name.replace('/', '_')}.vhd")  # flat: two files are called MCode.vhd
        files[-1].write_text(read(core, name), encoding="latin-1")
    console = netlist(folder, [*own, *files], "snes")
    chip = netlist(folder, [], "sa1map")
    stock, sa1 = folder / "stock.v", folder / "sa1.v"
    stock.write_text(console)
    sa1.write_text(together(console, chip))
    return stock, sa1


def _compile(folder: Path, verilog: Path, defined: tuple[str, ...]) -> None:
    """A model as a library: VNAME__ALL.a in the folder NAME."""
    name = verilog.stem
    where = ("--prefix", f"V{name}", "--Mdir", str(folder / name))
    run("verilator", *VERILATOR, *where, *defined, str(verilog), str(HERE / "console.v"))
    optimized = (f"OPT_FAST={FAST}", "OPT_SLOW=-O0", "OPT_GLOBAL=-O2", f"CXX={_compiler()}")
    flags = f"USER_CPPFLAGS={COMPILED}"
    parallel = f"-j{os.cpu_count()}"
    run("make", "-s", parallel, "-C", str(folder / name), "-f", f"V{name}.mk", *optimized, flags, f"V{name}__ALL.a")


def _link(folder: Path, made: str, out: Path) -> None:
    """Both models, Verilator's own code and libretro.cpp as one library."""
    verilated = Path(run("verilator", "--getenv", "VERILATOR_ROOT").strip(), "include")
    headers = (folder / "stock", folder / "sa1", verilated, verilated / "vltstd")
    sources = (HERE / "libretro.cpp", verilated / "verilated.cpp", verilated / "verilated_threads.cpp")
    models = (folder / "stock/Vstock__ALL.a", folder / "sa1/Vsa1__ALL.a")
    options = ("-shared", "-pthread", "-Wl,--no-undefined", *FAST.split(), *COMPILED.split())
    named = f'-DCORE_VERSION="{made.partition(":")[0]}"'
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(out) as temporary:
        run(
            *(_compiler(), *options, named, *(f"-I{header}" for header in headers)),
            *(str(file) for file in (*sources, *models)),
            *("-latomic", "-o", str(temporary)),
        )


def _compiler() -> str:
    """clang's code runs a fifth faster than gcc's."""
    return "clang++" if which("clang++") else "g++"
