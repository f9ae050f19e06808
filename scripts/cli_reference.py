"""docs/cli.md, from the help of every command."""

from __future__ import annotations

import sys
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

PAGE = ROOT / "docs/cli.md"
HEAD = """# The command line

`make` drives one program, `snesgpt`, in `.venv/bin`. Each stage reads the file of the stage before and writes its
own. Without arguments, these files are in `build/`. A command that reports something prints JSON with `--json`. A
failure is one line on stderr and an exit status other than 0: 1 for bad input, 2 for bad usage, 130 after Ctrl-C.

`verify`, `bench` and `play` run a ROM in the emulators that `make emulators` fetches. `--core` takes `snes9x`,
`bsnes`, or the path of another libretro core. A program of yours can drive the cartridge in the same way:
[host.md](host.md).

`verify` and `bench` find the model of a ROM by the numbers that its self-test compares with, whatever the files are
called. Without `--model` they look at the `.npz` of the ROM's name, at `model.npz` beside it, and at
`build/model.npz`. With it, they refuse the model of another ROM.

This page is what `--help` prints. `make figures` writes it.
"""
STAGES = ("train", "quantize", "build")
"""Come first, in the order of the data; the other commands follow in the order of the alphabet."""


def page() -> str:
    """The whole page."""
    from snesgpt.cli import COMMANDS, cli

    order = [*STAGES, *(name for name in COMMANDS if name not in STAGES)]
    settings = cli.context_settings
    with click.Context(
        cli, info_name="snesgpt", show_default=True, help_option_names=settings["help_option_names"]
    ) as top:
        found = {name: cli.get_command(top, name) for name in order}
        commands = {name: command for name, command in found.items() if command is not None}
        rows = "".join(
            f"| [`snesgpt {name}`](#snesgpt-{name}) | {_paragraphs(command)[0]} |\n"
            for name, command in commands.items()
        )
        sections = "".join(_section(top, name, command) for name, command in commands.items())
    return f"{HEAD}\n| command | does |\n|---|---|\n{rows}{sections}"


def _paragraphs(command: click.Command) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n")]


def _section(top: click.Context, name: str, command: click.Command) -> str:
    """A command: how it is called, its help, and a row for each option."""
    with click.Context(command, top, name) as context:
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    rows = "".join(
        "| `{}` | {} |\n".format(*(" ".join(cell.replace("|", "\\|").split()) for cell in record))
        for record in records
        if record
    )
    text = "\n\n".join(_paragraphs(command))
    return f"\n## snesgpt {name}\n\n`{usage}`\n\n{text}\n\n| option | |\n|---|---|\n{rows}"


if __name__ == "__main__":
    PAGE.write_text(page())
