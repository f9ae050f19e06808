"""The manual for the owner of a cartridge, in one HTML file and as a booklet in PDF."""

from __future__ import annotations

import mimetypes
import re
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup

from publish.cartridges import MACHINES, Cartridge, Title, cartridges
from publish.facts import Facts, facts
from publish.markdown import Document, to_html
from publish.pages import ROOT, templates
from trainer.errors import InputError
from trainer.files import scratch_folder, write_all

SOURCE = ROOT / "docs/manual.md"
COVER = ROOT / "docs/pictures/title.png"
HTML, PDF = "manual.html", "manual.pdf"
LEFT_OUT = ("Pictures",)
"""The chapters of docs/manual.md that are not for the owner of a cartridge."""

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 120
"""The time that Chromium may take."""

DATE = re.compile(rb"\(D:\d{14}(?=[+-]\d\d'\d\d'\))")
NODE = re.compile(rb"\(node\d{8}\)")
"""In a PDF: when it was made, and numbers of table heads that are others every time."""

SHEET = re.compile(rb"^(\d+) 0 obj\n<</Type /Page$", re.MULTILINE)
DESTINATION = re.compile(rb"^(?:<<)?/(\S+) \[(\d+) 0 R /XYZ", re.MULTILINE)
"""In a PDF: its pages in their order, and on which of them an anchor is."""


@dataclass(frozen=True)
class Edition:
    """A title for one machine, as the manual lists it."""

    machine: str
    file_name: str
    facts: Facts

    @property
    def size(self) -> str:
        """Of the ROM."""
        kib = self.facts.size >> 10
        return f"{kib} KiB" if kib < 1024 else f"{kib / 1024:g} MiB"

    @property
    def speed(self) -> str:
        """Tokens a second, in as many places as a reader wants."""
        return f"{self.facts.tokens_per_second:.{0 if self.facts.tokens_per_second >= 10 else 1}f}"


@dataclass(frozen=True)
class Model:
    """A title, and the cartridges that it is in."""

    title: Title
    editions: Sequence[Edition]

    @property
    def weights(self) -> int:
        """Numbers of it, in any of them."""
        return self.editions[0].facts.weights


@dataclass(frozen=True)
class ManualLinks:
    """The links of a text that is read far from the project: those to its files are their names."""

    folder: Path

    def address(self, href: str) -> str | None:
        """Headings of the manual, and the web."""
        return href if href.startswith("#") or urlsplit(href).scheme else None

    def picture(self, src: str) -> str:
        """The picture itself. Of one that moves, its still."""
        path = self.folder / src
        return data_url(path.with_suffix(".png") if path.suffix == ".gif" else path)


def write_manual(out: Path) -> None:
    """Write out/manual.html and out/manual.pdf, both or none.

    Raises InputError when a cartridge is not built, when there is no Chromium, and when they cannot be written.
    """
    program, models = chromium(), published(cartridges())
    draft = printed(manual(models), program)  # a browser does not tell a page on which page of paper something is
    html = manual(models, page_numbers(draft))
    write_all({out / HTML: html.encode(), out / PDF: printed(html, program)})


def manual(models: Sequence[Model], numbers: Mapping[str, int] | None = None) -> str:
    """The manual as HTML, with all that it shows inside.

    numbers: on paper, of the pages on which its anchors are.
    """
    style = templates().get_template("manual.css").render()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        templates()
        .get_template("manual.html")
        .render(
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:",
            style=Markup(style),
            cover=data_url(COVER),
            version=version("snes-gpt"),
            models=models,
            chapters=_chapters(SOURCE),
            numbers=numbers or {},
        )
    )


def data_url(path: Path) -> str:
    """A file as an address that is the file."""
    kind, _ = mimetypes.guess_type(path.name)
    return f"data:{kind};base64,{b64encode(path.read_bytes()).decode()}"


def chromium() -> str:
    """The browser that prints. Raises InputError when there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise InputError("the manual is printed by chromium, which is not there: sh scripts/get-tool.sh chromium")
    return found


def published(built: Iterable[Cartridge]) -> list[Model]:
    """The titles in their order, each with its cartridges."""
    return [
        Model(title, [Edition(MACHINES[one.target], one.file_name, facts(one)) for one in editions])
        for title, editions in groupby(built, key=lambda cartridge: cartridge.title)
    ]


def _chapters(source: Path) -> list[Document]:
    """What is under each heading of the second level, from the first on."""
    _, *texts = re.split(r"^(?=## )", source.read_text(encoding="utf-8"), flags=re.MULTILINE)
    chapters = [to_html(text, ManualLinks(source.parent)) for text in texts]
    return [chapter for chapter in chapters if chapter.title not in LEFT_OUT]


def printed(html: str, program: str) -> bytes:
    """A page as PDF: the same page gives the same bytes. Raises InputError when Chromium makes none."""
    with scratch_folder() as folder:
        (folder / HTML).write_text(html, encoding="utf-8")
        quiet = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
        printing = ["--no-pdf-header-footer", f"--print-to-pdf={folder / PDF}", (folder / HTML).as_uri()]
        try:
            done = subprocess.run([program, *quiet, *printing], capture_output=True, text=True, timeout=SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(f"{program} could not print the manual: {error}") from error
        if done.returncode or not (folder / PDF).exists():
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise InputError(f"{program} could not print the manual: {last}")
        return timeless((folder / PDF).read_bytes())


def page_numbers(pdf: bytes) -> dict[str, int]:
    """The page of every anchor that a link leads to."""
    sheets = {found[1]: number for number, found in enumerate(SHEET.finditer(pdf), 1)}
    return {found[1].decode(): sheets[found[2]] for found in DESTINATION.finditer(pdf)}


def timeless(pdf: bytes) -> bytes:
    """Without what differs from one time to the next. No byte moves: a PDF counts them."""
    nodes = {node: b"(node%08d)" % number for number, node in enumerate(sorted({*NODE.findall(pdf)}))}
    return DATE.sub(b"(D:20000101000000", NODE.sub(lambda found: nodes[found[0]], pdf))
