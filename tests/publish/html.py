"""HTML as the tests read it: what it shows, loads and leads to, and whether its elements are closed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(("meta", "link", "img", "br", "hr", "input"))
LOADING = {"img": "src", "link": "href", "script": "src", "iframe": "src", "object": "data", "source": "src"}


@dataclass
class Html(HTMLParser):
    """A page that was read. loads: what a browser fetches by itself; runs: what is neither text nor picture."""

    source: str
    ids: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)
    policy: str = ""
    text: str = ""
    faults: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)
        self.close()
        self.faults += [f"{name} is never closed" for name in self.unclosed]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names[tag] += 1
        if tag not in VOID:
            self.unclosed.append(tag)
        if len(given) < len(attrs):
            self.faults.append(f"an attribute of {tag} is there twice")
        if "id" in given:
            self.ids[given["id"]] += 1
        if tag == "a":
            self.links.append(given["href"])
        if LOADING.get(tag) in given:
            self.loads.append(given[LOADING[tag]])
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        self.runs += [name for name in given if name.startswith("on") or name == "style"]
        self.runs += [tag] if tag in ("script", "style", "iframe", "object", "embed", "form", "base") else []

    def handle_endtag(self, tag: str) -> None:
        last = self.unclosed.pop() if self.unclosed else "nothing"
        if last != tag:
            self.faults.append(f"{tag} is closed where {last} is open")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment is left: {data}")
