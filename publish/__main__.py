"""The command line: `python -m publish COMMAND`, which make calls."""

from __future__ import annotations

import click

from publish.cartridges import cartridges


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Make what leaves the house."""


@main.command()
def files() -> None:
    """Print the files that make has to make first."""
    for cartridge in cartridges():
        click.echo(f"{cartridge.rom} {cartridge.lab / 'lab.json'}")


if __name__ == "__main__":
    main()
