"""The docs and the lessons as pages of the site.

A page is a file of the repository, and a link from one to another is a link between pages. A file that is no page
is where the repository is on the web.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from publish.lessons import GROWN, Lesson, diff, lessons
from publish.markdown import Document, Heading, to_html
from trainer.errors import InputError
from trainer.files import write_all

ROOT = Path(__file__).parents[1]

REPOSITORY: str | None = None
"""What comes before a file's path on the web, with a slash. None: nowhere yet, and a link becomes a file's name."""

POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
"""No script, and nothing from elsewhere."""

START, LAB = "index.html", "lab.html"
"""The pages of the site that run: publish/site.py makes them."""

DOCS, COURSE = "docs/index.html", "lessons/index.html"
NAMED = {
    "README.md": DOCS,
    "lessons/README.md": COURSE,
    "CONTRIBUTING.md": "docs/rules.html",
    "CHANGELOG.md": "docs/changelog.html",
    "LICENSE": "docs/license.html",
    "THIRD_PARTY.md": "docs/third_party.html",
    "checkpoints/README.md": "docs/checkpoints.html",
    "examples/tavern/README.md": "docs/tavern.html",
    "trainer/data/README.md": "docs/data.html",
}
"""The pages that are not in docs/, and their addresses."""

PICTURES = frozenset((".png", ".gif", ".svg"))
STYLE = "pages.css"

SHELVES = {
    "Use it": (
        "index",
        "manual",
        "hardware",
        "cli",
        "text",
        "training",
        "checkpoints",
        "explore",
        "import",
        "llama",
        "gpt2",
    ),
    "Build on it": ("game", "tavern", "host", "lab", "site", "release", "contributing", "rules"),
    "How it works": ("architecture", "performance", "memory", "sa1", "rtl", "xray", "save", "sound", "glossary"),
}
"""The list of the docs, by the stems of their addresses."""

REST = "More"
"""The shelf of the pages that no other names."""


@dataclass(frozen=True)
class Page:
    """A file of the repository that the site shows. source: its path; address: the page's. Both have slashes."""

    source: str
    address: str
    document: Document

    def to(self, address: str) -> str:
        """The way from this page to another address of the site."""
        return relpath(address, dirname(self.address))


@dataclass(frozen=True)
class Shelf:
    """A part of a list of pages."""

    title: str
    pages: Sequence[Page]


@dataclass(frozen=True)
class SiteLinks:
    """The links of the page of a file. addresses: of every file that is on the site."""

    root: Path
    source: str
    addresses: Mapping[str, str]

    def address(self, href: str) -> str | None:
        """That of a file's page, or of the page of a folder's README."""
        if urlsplit(href).scheme or href.startswith("#"):
            return href
        path, sign, heading = href.partition("#")
        target = normpath(join(dirname(self.source), path))
        for file in (target, f"{target}/README.md"):
            if file in self.addresses:
                return self._way(file) + sign + heading
        if not (self.root / target).exists():
            raise InputError(f"{self.source} links to {href}, which is not there: mend the link")
        return f"{REPOSITORY}{target}" if REPOSITORY else None

    def picture(self, src: str) -> str:
        """That of a picture: all are in docs/."""
        target = normpath(join(dirname(self.source), src))
        if target not in self.addresses or Path(target).suffix not in PICTURES:
            raise InputError(f"{self.source} shows {src}, which is no picture in docs/: put it there")
        return self._way(target)

    def _way(self, file: str) -> str:
        return relpath(self.addresses[file], dirname(self.addresses[self.source]))


def write_pages(out: Path, root: Path = ROOT) -> None:
    """Write the docs to out/docs, the lessons to out/lessons and their stylesheet, all or none.

    root: the repository. Raises InputError for a link that leads nowhere, and when they cannot be written.
    """
    write_all({out / address: content for address, content in files(root).items()})


def files(root: Path = ROOT) -> dict[str, bytes]:
    """Every file of the pages by its address. Raises InputError for a link that leads nowhere."""
    programs = {f"lessons/{lesson.path.name}": lesson for lesson in lessons(root / "lessons")}
    pictures = [source for source in _below(root, "docs") if Path(source).suffix in PICTURES]
    addresses = _addresses(root, programs)
    known = addresses | {source: source for source in pictures}
    pages = [
        Page(source, address, _document(root, source, programs.get(source), SiteLinks(root, source, known)))
        for source, address in addresses.items()
    ]
    texts = {STYLE: templates().get_template(STYLE).render()}
    texts |= {page.address: _shown("page.html", page, pages) for page in pages if page.source not in programs}
    texts |= _course([(page, programs[page.source]) for page in pages if page.source in programs], pages)
    return {address: text.encode() for address, text in texts.items()} | {
        picture: (root / picture).read_bytes() for picture in pictures
    }


@cache
def templates() -> Environment:
    """Those of the pages and of the manual. What is put into them is text, unless it says that it is HTML."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _below(root: Path, folder: str) -> list[str]:
    """The paths of the files in a folder, however deep."""
    return [path.relative_to(root).as_posix() for path in sorted((root / folder).rglob("*")) if path.is_file()]


def _addresses(root: Path, programs: Mapping[str, Lesson]) -> dict[str, str]:
    """The address of every page by its file."""
    named = {source: address for source, address in NAMED.items() if (root / source).exists()}
    docs = {path: f"{path.removesuffix('.md')}.html" for path in _below(root, "docs") if path.endswith(".md")}
    return named | docs | {source: f"lessons/{lesson.name}.html" for source, lesson in programs.items()}


def _document(root: Path, source: str, program: Lesson | None, links: SiteLinks) -> Document:
    """What a page shows: a text, or above a program what its docstring says."""
    if program:
        return Document([Heading(1, program.title, "")], to_html(program.text, links).body)
    text = (root / source).read_text(encoding="utf-8")
    if source.endswith(".md"):
        return to_html(text, links)
    title = source.capitalize()
    body = Markup('<h1>{}</h1>\n<pre tabindex="0">{}</pre>\n').format(title, text)
    return Document([Heading(1, title, "")], body)


def _course(course: Sequence[tuple[Page, Lesson]], pages: Sequence[Page]) -> dict[str, str]:
    """The pages of the lessons, and those of what changed from one to the next."""
    texts = {}
    numbered = {lesson.number: (page, lesson) for page, lesson in course if lesson.number is not None}
    (contents,) = (page for page in pages if page.address == COURSE)
    for page, lesson in course:
        number = -2 if lesson.number is None else lesson.number  # next to none
        before, after = numbered.get(number - 1), numbered.get(number + 1)
        changes = f"lessons/{lesson.name}-diff.html" if before and number in GROWN else None
        told = [heading.anchor for heading in contents.document.headings if heading.text.startswith(f"{number}. ")]
        around = {
            "lesson": lesson,
            "before": before and before[0],
            "after": after and after[0],
            "changes": changes,
            "told": f"{COURSE}#{told[0]}" if told else COURSE,
        }
        texts[page.address] = _shown("lesson.html", page, pages, **around)
        if before and changes:
            texts[changes] = _shown("diff.html", page, pages, changed=diff(before[1], lesson), **around)
    return texts


def _shown(template: str, page: Page, pages: Sequence[Page], **more: Any) -> str:
    """A page as HTML."""
    shelves = list(_shelves([other for other in pages if dirname(other.address) == dirname(page.address)]))
    site = {"Start": START, "Lab": LAB, "Lessons": COURSE, "Docs": DOCS}
    values = {"page": page, "shelves": shelves, "site": site, "style": STYLE, "policy": POLICY, **more}
    return templates().get_template(template).render(values)


def _shelves(pages: Sequence[Page]) -> Iterator[Shelf]:
    """The pages of a folder in their order. The lessons are on one shelf."""
    if any(page.address == COURSE for page in pages):
        yield Shelf("Lessons", pages)
        return
    rest = {Path(page.address).stem: page for page in pages}
    for title, stems in SHELVES.items():
        yield Shelf(title, [rest.pop(stem) for stem in stems if stem in rest])
    yield Shelf(REST, list(rest.values()))
