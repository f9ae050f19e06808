"""The cartridge on the logic of a console: the MiSTer core's VHDL, made a program, as a libretro core.

The core is GPL-3 and not part of this repository: `make rtl CORE=DIR` takes a clone of it, `make rtl-core` fetches
one. See docs/rtl.md. `python -m rtl --help` lists the commands.
"""
