"""The measured figures of README.md and docs/, from one file: docs/figures.json.

A page shows a figure as `<!-- figure: NAME -->VALUE<!-- / -->`, inside a line, and a table as
`<!-- table: NAME -->`, its lines, `<!-- / -->`, each on lines of their own. --fill writes the values between the
markers. --measure runs the commands of the named runs, figures or tables (of all that can be run again, if none is
named) and keeps what they print. They read build/, as `make CHECKPOINT=checkpoints/microgpt.npz` leaves it. A run
that needs more than that says so, and is run only when it is named.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "docs/figures.json"
MARKED = re.compile(
    r"<!-- figure: (?P<figure>[\w.]+) -->(?P<value>[^\n]*?)<!-- / -->"
    r"|(?m:^)<!-- table: (?P<table>[\w.]+) -->\n(?P<lines>.*?)(?m:^)<!-- / -->$",
    re.DOTALL | re.MULTILINE,
)
OPENING = re.compile(r"<!-- (?:figure|table): ?[^>]*-->")
SNESGPT = [sys.executable, "-m", "snesgpt"]

Source = dict[str, Any]


def pages(root: Path = ROOT) -> list[Path]:
    """Every page that may show a figure."""
    return [
        root / "README.md",
        root / "CONTRIBUTING.md",
        *sorted((root / "docs").rglob("*.md")),
        *(root / folder / "README.md" for folder in ("lessons", "checkpoints", "trainer/data")),
    ]


def formatted(value: object, spec: str) -> str:
    """A value as a page shows it: an empty spec leaves text as it is; a minus is a minus, not a hyphen."""
    if isinstance(value, str):
        return value
    return format(value, spec).replace("-", "−").replace("%", " %")


def figure(source: Source, name: str) -> str:
    """The text of a figure. Raises KeyError for an unknown name."""
    known = source["figures"][name]
    return formatted(known["value"], known["format"])


def table(source: Source, name: str) -> str:
    """The lines of a table. Raises KeyError for an unknown name."""
    known = source["tables"][name]
    columns, formats = known["columns"], known.get("formats", [""] * len(known["columns"]))
    rows = [[formatted(cell, spec) for cell, spec in zip(row, formats, strict=True)] for row in known["rows"]]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (columns, *rows)).replace(
        "\n", f"\n{'|---' * len(columns)}|\n", 1
    )


def filled(text: str, source: Source) -> str:
    """A page with today's values between its markers. Raises KeyError for an unknown name."""

    def value(found: re.Match[str]) -> str:
        if name := found["figure"]:
            return f"<!-- figure: {name} -->{figure(source, name)}<!-- / -->"
        return f"<!-- table: {found['table']} -->\n{table(source, found['table'])}<!-- / -->"

    return MARKED.sub(value, text)


def names(text: str) -> Iterator[tuple[str, str]]:
    """The ("figures" or "tables", name) that a page shows."""
    for found in MARKED.finditer(text):
        yield ("figures", found["figure"]) if found["figure"] else ("tables", found["table"])


def read(path: Path = SOURCE) -> Source:
    source: Source = json.loads(path.read_text())
    return source


def write(source: Source, path: Path = SOURCE) -> None:
    """A line for each figure and each row: a new measurement is a short diff."""
    runs, figures = (
        ",\n".join(
            f"    {json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in part.items()
        )
        for part in (source["runs"], source["figures"])
    )
    tables = ",\n".join(_table_text(name, entry) for name, entry in source["tables"].items())
    path.write_text(
        f'{{\n  "runs": {{\n{runs}\n  }},\n  "figures": {{\n{figures}\n  }},\n  "tables": {{\n{tables}\n  }}\n}}\n'
    )


def _table_text(name: str, entry: Mapping[str, Any]) -> str:
    head = "".join(
        f"      {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},\n"
        for key, value in entry.items()
        if key != "rows"
    )
    rows = ",\n".join(f"        {json.dumps(row, ensure_ascii=False)}" for row in entry["rows"])
    return f'    {json.dumps(name)}: {{\n{head}      "rows": [\n{rows}\n      ]\n    }}'


def at(report: Mapping[str, Any], path: str) -> Any:
    """The value in a report at a path such as stages.front.measured."""
    found: Any = report
    for key in path.split("."):
        found = found[key]
    return found


def store(source: Source, run: str, report: Mapping[str, Any]) -> None:
    """Take from the report of a run what its figures and tables show."""
    for entry in source["figures"].values():
        if entry["run"] == run and "from" in entry:
            value = at(report, entry["from"])
            entry["value"] = _rounded(value / entry["divide"] if "divide" in entry else value)
        if entry["run"] == run and "lines" in entry:
            entry["value"] = sum(bool(re.search(entry["lines"], line)) for line in report["lines"])
    for entry in source["tables"].values():
        if entry["run"] == run and "from" in entry:
            fields, kept = entry["fields"], {row[0]: row[1 + len(entry["fields"]) :] for row in entry["rows"]}
            nothing = [""] * (len(entry["columns"]) - 1 - len(fields))
            found = at(report, entry["from"])
            entry["rows"] = [
                [name, *(_rounded(found[name][field]) for field in fields), *kept.get(name, nothing)]
                for name in found
                if name in kept or any(_is_shown(found[name][field]) for field in fields)
            ]


def _is_shown(value: Any) -> bool:
    """A row of nothing but parts of a clock is left out."""
    return isinstance(value, str) or abs(value or 0) >= 1


def _rounded(value: Any) -> Any:
    """Digits that no page shows are left out."""
    return round(value, 5) if isinstance(value, float) else value


def measure(source: Source, run: str) -> None:
    """Run a run's command and keep its figures, the commit and the day. Raises CalledProcessError."""
    entry = source["runs"][run]
    words = shlex.split(entry["command"])
    programs = {"snesgpt": SNESGPT, "python": [sys.executable]}
    print(f"{run}: {entry['command']}", file=sys.stderr, flush=True)
    began = time.monotonic()
    done = subprocess.run(
        [*programs.get(words[0], words[:1]), *words[1:]],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - began
    store(source, run, json.loads(done.stdout) if "--json" in words else {"lines": done.stdout.splitlines()})
    entry |= {"commit": _commit(), "date": date.today().isoformat()}
    print(f"{run}: {seconds:.0f} s", file=sys.stderr)


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _asked(source: Source, given: Sequence[str]) -> list[str]:
    """The runs that these names select, in the file's order; without names, all that can be run again anywhere."""
    if not given:
        return [run for run, entry in source["runs"].items() if not entry.get("once") and not entry.get("needs")]
    runs = set()
    for name in given:
        entry = source["figures"].get(name) or source["tables"].get(name)
        run = entry["run"] if entry else name
        if run not in source["runs"]:
            sys.exit(f"figures: {name} is no run, figure or table of {SOURCE.relative_to(ROOT)}")
        if source["runs"][run].get("once"):
            sys.exit(f"figures: {run} is not measured by one command: {source['runs'][run]['command']}")
        runs.add(run)
    return [run for run in source["runs"] if run in runs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fill", action="store_true", help="write the values into the pages")
    parser.add_argument("--measure", nargs="*", metavar="NAME", help="runs, figures or tables to measure again")
    options = parser.parse_args()
    if not options.fill and options.measure is None:
        parser.error("give --fill, --measure, or both")
    source = read()
    for run in _asked(source, options.measure) if options.measure is not None else ():
        measure(source, run)
        write(source)
    if options.fill:
        for page in pages():
            text = page.read_text()
            if (new := filled(text, source)) != text:
                page.write_text(new)
                print(f"{page.relative_to(ROOT)} has new figures")


if __name__ == "__main__":
    main()
