"""The docs and the lessons as pages: whole, safe, and every link leads somewhere."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from publish.lessons import GROWN, Change, diff, lessons
from publish.markdown import code_lines, to_html
from publish.pages import LAB, NAMED, ROOT, SHELVES, START, files, write_pages
from tests.publish.html import Html
from trainer.errors import InputError

ELSEWHERE = (START, LAB)
"""The pages that publish/site.py makes."""

FILES = files()
PAGES = {name: Html(content.decode()) for name, content in FILES.items() if name.endswith(".html")}


class Everywhere:
    """Links that stay as they are."""

    def address(self, href: str) -> str | None:
        return href

    def picture(self, src: str) -> str:
        return src


def shown(text: str) -> Html:
    return Html(str(to_html(text, Everywhere()).body))


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[str, str], Path]:
    """Makes one of a page and a lesson."""

    def make(page: str, docstring: str = "Lesson 0: a sum.") -> Path:
        (tmp_path / "lessons").mkdir()
        (tmp_path / "docs").mkdir()
        (tmp_path / "README.md").write_text("# The project\n")
        (tmp_path / "lessons/README.md").write_text("# Lessons\n")
        (tmp_path / "lessons/lesson0_sum.py").write_text(f'"""{docstring}"""\n\nprint(1 < 2)\n')
        (tmp_path / "docs/page.md").write_text(page)
        return tmp_path

    return make


def test_every_page_of_docs_and_every_lesson_is_there_and_listed() -> None:
    docs = {f"docs/{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    course = {f"lessons/{path.stem}.html" for path in (ROOT / "lessons").glob("*.py")}
    assert len(docs) > 10 and len(course) > 10 and not docs & {*NAMED.values()}
    for pages, contents in ((docs, "docs/index.html"), (course, "lessons/index.html")):
        listed = {posixpath.join(posixpath.dirname(contents), link) for link in PAGES[contents].links}
        assert pages <= PAGES.keys() and pages <= listed
    assert {"docs/changelog.html", "docs/license.html", "docs/third_party.html"} <= PAGES.keys()


def test_the_list_of_the_docs_names_pages_that_are_there() -> None:
    assert {f"docs/{stem}.html" for stems in SHELVES.values() for stem in stems} <= PAGES.keys()


@pytest.mark.parametrize("name", PAGES)
def test_every_link_and_anchor_leads_somewhere(name: str) -> None:
    for link in PAGES[name].links:
        path, _, anchor = link.partition("#")
        if urlsplit(link).scheme:
            assert link.startswith("https://"), link
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
        assert target in FILES or target in ELSEWHERE, link
        assert not anchor or anchor in PAGES[target].ids, link


def test_pages_load_nothing_from_elsewhere_and_run_nothing() -> None:
    for name, page in PAGES.items():
        assert page.runs == [] and "default-src 'none'" in page.policy and "unsafe" not in page.policy, name
        for address in page.loads:
            inside = posixpath.normpath(posixpath.join(posixpath.dirname(name), address))
            assert address == "data:," or inside in FILES, (name, address)
    assert b"url(" not in FILES["pages.css"] and b"@import" not in FILES["pages.css"]


def test_pages_are_well_formed() -> None:
    for name, page in PAGES.items():
        assert page.faults == [] and page.names["h1"] >= 1, name
        assert all(count == 1 for count in page.ids.values()), name


def test_comments_vanish_and_what_they_mark_stays() -> None:
    table = "<!-- measured once: 1 -->\n| a |\n|---|\n| b |\n<!-- / -->"
    page = shown(f"takes <!-- figure: x -->116.6<!-- / --> s\n\n{table}\n\nend")
    assert page.faults == [] and "takes 116.6 s" in page.text and "measured" not in page.text
    assert page.names["td"] == 1 and page.names["p"] == 2


def test_a_comment_in_code_is_code() -> None:
    page = shown("`<!-- a -->`\n\n```\n<!-- b -->\n```\n\n    <!-- c -->\n")
    assert page.faults == []
    assert all(f"<!-- {name} -->" in page.text for name in "abc")


def test_headings_have_the_anchors_that_github_gives_them() -> None:
    headings = to_html("# Say `cheese`\n\n## It's 1.5 × two\n\n## Again\n\n## Again\n", Everywhere()).headings
    assert [heading.anchor for heading in headings] == ["say-cheese", "its-15--two", "again", "again-1"]


def test_a_head_of_a_table_without_a_word_is_a_cell() -> None:
    page = shown("| | does |\n|---|---|\n| A | runs |\n")
    assert page.faults == [] and (page.names["th"], page.names["td"]) == (1, 3)


def test_code_keeps_its_empty_lines() -> None:
    for language in ("python", "asm", "no such language"):
        assert [str(line) == "" for line in code_lines("\nx\n\n", language)] == [True, False, True]


HOSTILE = """# <script>alert(1)</script> & "quotes"

## <img src=x onerror=alert(2)>

<iframe src="https://example.org"></iframe>

text <b onclick="alert(3)">bold</b> [link](javascript:alert(4)) <!-- --><script>alert(5)</script>

| <script>alert(6)</script> |
|:---:|
| cell |

```"><script>alert(7)</script>
</code></pre><script>alert(8)</script>
```
"""


def test_html_in_a_page_or_a_lesson_is_text(repository: Callable[[str, str], Path]) -> None:
    made = files(repository(HOSTILE, "Lesson 0: <script>alert(1)</script>. <b>It</b> sums."))
    for name, content in made.items():
        if name.endswith(".html"):
            page = Html(content.decode())
            assert page.runs == [] and page.faults == [] and page.names["img"] == 0 and page.names["b"] == 0, name
            assert not any(link.startswith("javascript:") for link in page.links)
    text = Html(made["docs/page.html"].decode()).text
    assert all(f"alert({number})" in text for number in (1, 2, 3, 4, 5, 6, 8))


@pytest.mark.parametrize("page", ["[there](nowhere.md)", "![it](../lessons/README.md)"])
def test_a_link_to_nothing_is_named_and_nothing_is_written(
    page: str, repository: Callable[[str], Path], tmp_path: Path
) -> None:
    root = repository(f"# Page\n\n{page}\n")
    with pytest.raises(InputError, match=r"docs/page\.md (links to|shows) \S+, which is n"):
        write_pages(tmp_path / "out", root)
    assert not (tmp_path / "out").exists()


def test_a_link_to_a_file_that_is_no_page_is_its_name(repository: Callable[[str], Path]) -> None:
    root = repository("# Page\n\n[the license](../LICENSE), [all](../lessons), [code](../code.c)\n")
    (root / "code.c").touch()
    (root / "LICENSE").write_text("MIT <b>")
    page = files(root)["docs/page.html"].decode()
    assert '<span class="file" title="code.c">code</span>' in page
    assert 'href="license.html"' in page and 'href="../lessons/index.html"' in page


def test_a_lesson_has_every_line_and_its_anchor() -> None:
    for lesson in lessons(ROOT / "lessons"):
        page = PAGES[f"lessons/{lesson.name}.html"]
        assert lesson.source in page.text
        assert [name for name in page.ids if name.startswith("L")] == [
            f"L{number}" for number in range(1, 1 + lesson.source.count("\n"))
        ]


def test_the_page_of_changes_has_the_lines_that_diff_prints() -> None:
    course = lessons(ROOT / "lessons")
    for number in GROWN:
        before, after = course[number - 1], course[number]
        lines = [line for place in diff(before, after) for line in place]
        old, new = before.source.splitlines(), after.source.splitlines()
        gone = [old[line.number - 1] for line in lines if line.change is Change.GONE]
        added = [new[line.number - 1] for line in lines if line.change is Change.NEW]
        printed = list(unified_diff(old, new, n=0, lineterm=""))[2:]
        assert sorted(gone) == sorted(line[1:] for line in printed if line[0] == "-")
        assert sorted(added) == sorted(line[1:] for line in printed if line[0] == "+")
        shown = PAGES[f"lessons/{after.name}-diff.html"].text
        assert all(f"+ {line}" in shown for line in added) and all(f"− {line}" in shown for line in gone)
