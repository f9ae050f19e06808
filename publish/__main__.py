"""The command line: `python -m publish COMMAND`, which make calls."""

from __future__ import annotations

from pathlib import Path

import click

from publish.cartridges import cartridges
from trainer.errors import InputError

OUT = click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder that it goes to.")


class Publishing(click.Group):
    """What is wrong is one line on stderr, and the exit status is 1."""

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
        except InputError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Publishing, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Make what leaves the house."""


@main.command()
def files() -> None:
    """Print the files that make has to make first."""
    for cartridge in cartridges():
        click.echo(f"{cartridge.rom} {cartridge.lab / 'lab.json'}")


@main.command()
@OUT
def pages(out: Path) -> None:
    """Write the docs and the lessons as pages."""
    from publish.pages import write_pages

    write_pages(out)


@main.command()
@OUT
def manual(out: Path) -> None:
    """Write the manual of the cartridges: manual.html and manual.pdf."""
    from publish.manual import write_manual

    write_manual(out)


@main.command()
def checksums() -> None:
    """Write publish/checksums.txt, of the cartridges that come of checkpoints/."""
    from publish.checksums import CHECKSUMS, write_checksums

    click.echo(f"{CHECKSUMS.name}: {write_checksums()} cartridges")


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("dist"), help="The folder.", show_default=True)
@click.option("--tag", help="The tag that is released: it must be that of the version.")
def release(out: Path, tag: str | None) -> None:
    """Write the release: cartridges, manual, site, packages, licenses, checksums, notes."""
    from publish.release import write_release

    write_release(out, tag or None)
    click.echo(f"{out}/ is the release")


if __name__ == "__main__":
    main()
