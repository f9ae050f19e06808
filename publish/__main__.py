"""The command line: `python -m publish COMMAND`, which make calls."""

from __future__ import annotations

from pathlib import Path

import click

from publish.cartridges import Cartridge, cartridges
from snesgpt.one_line import OneLineErrors
from trainer.errors import InputError

ONLY = click.option("--only", multiple=True, metavar="NAME", help="A cartridge, as names-stock.  [default: all]")
OUT = click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder that it goes to.")


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Make what leaves the house."""


def chosen(names: tuple[str, ...]) -> list[Cartridge]:
    """The cartridges of these names, or all. Raises InputError for a name that none has."""
    found = {cartridge.name: cartridge for cartridge in cartridges()}
    if unknown := [name for name in names if name not in found]:
        raise InputError(f"there is no cartridge {unknown[0]}: there are {', '.join(found)}")
    return [found[name] for name in names or found]


@main.command()
@ONLY
def files(only: tuple[str, ...]) -> None:
    """Print the files that make has to make first."""
    for cartridge in chosen(only):
        click.echo(f"{cartridge.rom} {cartridge.lab / 'lab.json'}")


@main.command()
@ONLY
@OUT
def site(only: tuple[str, ...], out: Path) -> None:
    """Write the site: pages that run, downloads, docs and lessons."""
    from publish.site import write_site

    write_site(out, chosen(only))


@main.command()
@OUT
@click.option("--data", type=click.Path(path_type=Path), required=True, help="What `snesgpt lab` wrote.")
def lab(data: Path, out: Path) -> None:
    """Write the lab page of one model."""
    from publish.site import write_lab

    write_lab(out, data)


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
