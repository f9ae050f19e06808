"""Every measured figure in the docs is one of docs/figures.json, or says when it was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from scripts.figures import MARKED, OPENING, ROOT, filled, names, pages, read, store, table

SOURCE = read()
PAGES = pages()
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ONCE = re.compile(r"<!-- measured once: [0-9a-f]{7} (\d{4}-\d\d-\d\d) -->\n")
NOT_MEASURED = re.compile(r"<!-- (not measured: \S|row \d+ of )[^\n]* -->\n")
"""Or compared with the cartridge, by test_examples.py."""

MEASURED = re.compile(
    r"\d(?:[\d,.]*\d)?\s*"
    r"(?:tokens/s|tokens a second|clocks|nats|frames|values|differences|seconds|minutes|s\b|ms\b|µs\b|MB\b|%)"
    r"|(?<![\d.,])\d\.\d{3,4}(?!\d)"
)


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(text: str) -> Iterator[str]:
    """Paragraphs, tables and lists between blank lines; code is left out."""
    yield from (block for block in FENCE.sub("", text).split("\n\n") if block.strip())


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_a_page_shows_the_values_of_the_source(page: Path) -> None:
    text = page.read_text()
    unknown = {(kind, name) for kind, name in names(text) if name not in SOURCE[kind]}
    assert not unknown
    assert text == filled(text, SOURCE), "run `make figures`"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_marker_is_one_that_is_filled(page: Path) -> None:
    text = page.read_text()
    assert len(OPENING.findall(text)) == len(list(MARKED.finditer(text)))
    loose = MARKED.sub("", FENCE.sub("", text))
    assert "<!-- figure" not in loose and "<!-- table" not in loose


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_no_line_begins_with_a_figure(page: Path) -> None:
    """Markdown takes such a line for HTML: it would end the paragraph."""
    assert not re.search(r"^ {0,3}<!-- figure", page.read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_measured_number_has_a_source(page: Path) -> None:
    for block in blocks(page.read_text()):
        if (once := ONCE.match(block.lstrip("\n"))) is not None:
            date.fromisoformat(once[1])
        elif not NOT_MEASURED.match(block.lstrip("\n")):
            found = MEASURED.search(MARKED.sub("", block))
            assert found is None, f"{found[0]!r}: give it a figure, or say above its block when it was measured"


def test_every_figure_is_shown_somewhere() -> None:
    shown = {pair for page in PAGES for pair in names(page.read_text())}
    assert {(kind, name) for kind in ("figures", "tables") for name in SOURCE[kind]} == shown


def test_every_figure_says_how_when_and_where_it_was_measured() -> None:
    entries = [*SOURCE["figures"].values(), *SOURCE["tables"].values()]
    assert {entry["run"] for entry in entries} == set(SOURCE["runs"])
    for run in SOURCE["runs"].values():
        assert run["command"] and run["machine"]
        assert re.fullmatch("[0-9a-f]{7,12}", run["commit"])
        date.fromisoformat(run["date"])


def test_what_is_measured_again_is_taken_from_a_report() -> None:
    """A run without `once` fills every one of its figures: none keeps an old value beside new ones."""
    for entry in [*SOURCE["figures"].values(), *SOURCE["tables"].values()]:
        again = not SOURCE["runs"][entry["run"]].get("once")
        assert again == ("from" in entry or "lines" in entry)


def test_a_row_that_is_new_has_every_column() -> None:
    entry = {"run": "r", "from": "all", "fields": ["n", "of"], "columns": ["name", "n", "of", "note"], "rows": []}
    source = {"figures": {}, "tables": {"t": entry | {"rows": [["old", 1, "x", "kept"]]}}}
    store(source, "r", {"all": {"old": {"n": 2, "of": "y"}, "new": {"n": 3, "of": "z"}}})
    assert source["tables"]["t"]["rows"] == [["old", 2, "y", "kept"], ["new", 3, "z", ""]]
    assert table(source, "t").count("\n") == 4
