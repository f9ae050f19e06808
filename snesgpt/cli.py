"""`snesgpt`: one command, each stage a subcommand."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from snesgpt import commands
from trainer.errors import InputError

COMMANDS = tuple(sorted(module.name for module in pkgutil.iter_modules(commands.__path__)))


class Pipeline(click.Group):
    """Loads a subcommand's module only when it is asked for, so that `--help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"snesgpt.commands.{name}").command
        return command


@click.command(cls=Pipeline, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="snes-gpt")
def cli() -> None:
    """Train a tiny GPT and compile it into a Super Nintendo cartridge."""


def main() -> None:
    """Entry point: bad input is one line on stderr and exit status 1, never a traceback."""
    try:
        cli(standalone_mode=True)
    except InputError as error:
        click.echo(f"snesgpt: {error}", err=True)
        sys.exit(1)
