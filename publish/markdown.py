"""Markdown as HTML: what the site's pages and the manual are made of.

HTML in a page is text, except comments, which vanish: what a page shows is Markdown only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ENDS: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
"""What a comment on lines of its own may end: a table, too."""

LEXERS = {"asm": "ca65", "": "text"}
"""The languages of code blocks that Pygments calls something else."""


class Links(Protocol):
    """Where the links of a page lead."""

    def address(self, href: str) -> str | None:
        """What takes the place of a link's address; None: it leads nowhere, and its text is a file's name."""

    def picture(self, src: str) -> str:
        """What takes the place of a picture's address."""


@dataclass(frozen=True)
class Heading:
    """A heading of a page: its text and its anchor, as GitHub makes it."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Document:
    """A page as HTML. title: its first heading."""

    headings: Sequence[Heading]
    body: Markup

    @property
    def title(self) -> str:
        """The page's name."""
        return self.headings[0].text if self.headings else ""


def to_html(text: str, links: Links) -> Document:
    """A Markdown page, with anchors at its headings, and links and pictures that lead where `links` says."""
    parser = _parser()
    tokens = parser.parse(text)
    headings = list(_anchored(tokens))
    for opening, inline, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "th_open" and not inline.content:  # a head without a word is none
            opening.tag = closing.tag = "td"
    for token in tokens:
        _lead(token.children or (), links)
    return Document(headings, Markup(parser.renderer.render(tokens, parser.options, {})))


def code_lines(code: str, language: str) -> list[Markup]:
    """The lines of a program, each highlighted by itself, in Pygments' classes."""
    try:
        lexer = get_lexer_by_name(LEXERS.get(language, language), stripnl=False)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", stripnl=False)
    return [Markup(line) for line in highlight(code, lexer, HtmlFormatter(nowrap=True)).splitlines()]


def anchor(heading: str) -> str:
    """As GitHub makes it: lower case, hyphens for spaces, no punctuation."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _parser() -> MarkdownIt:
    """CommonMark with tables; HTML is text."""
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable("table")
    parser.block.ruler.before("table", "comment", _comment_lines, ENDS)
    parser.inline.ruler.before("autolink", "comment", _comment)
    parser.add_render_rule("fence", _fence)
    for name in ("th_open", "td_open"):
        parser.add_render_rule(name, _cell)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _comment_lines(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A rule of the parser: lines that are a comment and nothing else are nothing."""
    begin = state.bMarks[start] + state.tShift[start]
    found = COMMENT.match(state.src, begin)
    if found is None or state.is_code_block(start):
        return False
    last = start + state.src.count("\n", begin, found.end())
    if last >= end or state.src[found.end() : state.eMarks[last]].strip():
        return False
    if not silent:
        state.line = last + 1
    return True


def _comment(state: StateInline, silent: bool) -> bool:
    """A rule of the parser: a comment in a line is nothing."""
    found = COMMENT.match(state.src, state.pos)
    if found is None:
        return False
    state.pos = found.end()
    return True


def _anchored(tokens: Sequence[Token]) -> Iterator[Heading]:
    """The headings; each gets its anchor, and one that is there again a number behind it."""
    seen = Counter[str]()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(part.content for part in inline.children or ()).strip()
            name = anchor(text)
            unique = f"{name}-{seen[name]}" if seen[name] else name
            seen[name] += 1
            opening.attrSet("id", unique)
            yield Heading(int(opening.tag[1]), text, unique)


def _lead(tokens: Sequence[Token], links: Links) -> None:
    """Give links and pictures their addresses. A link that leads nowhere becomes the name of a file."""
    nowhere = False
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrGet("href"))
            there = links.address(href)
            if nowhere := there is None:
                token.attrs = {"class": "file", "title": href.removeprefix("../")}
            else:
                token.attrSet("href", str(there))
        elif token.type == "image":
            token.attrSet("src", links.picture(str(token.attrGet("src"))))
        if nowhere and token.type in ("link_open", "link_close"):
            token.tag = "span"


def _fence(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A block of code. It scrolls in itself, so the keyboard must reach it."""
    lines = code_lines(tokens[index].content, tokens[index].info.strip())
    return f'<pre class="code" tabindex="0"><code>{Markup(chr(10)).join(lines)}\n</code></pre>\n'


def _table_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """A table scrolls in itself, too."""
    return '<div class="table" role="group" aria-label="Table" tabindex="0">\n<table>\n'


def _table_close(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return "</table>\n</div>\n"


def _cell(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Its alignment is a class: the pages' policy allows no style in an attribute."""
    style = str(tokens[index].attrGet("style") or "")
    kind = f' class="{escape(style.removeprefix("text-align:"))}"' if style else ""
    return f"<{tokens[index].tag}{kind}>"
