"""The code in the docs: it runs as it is, or a comment above it says why not."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from asm.memory.log_record import RecordLayout
from quantize.model_file import load_model
from scripts.figures import ROOT, figure, pages, read, store
from snesgpt.explore.trials import read_points
from tests.docs import asm_row
from tests.docs.conftest import Workspace

PAGES = [page for page in pages() if "```" in page.read_text()]
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)
NOT_RUN = re.compile(r"not run: \S.{5,}")
QUOTED = re.compile(r"quoted: (\S+)")
DIFFERENT = 1
"""The exit status of a `diff` that found what it is there to show."""

GIVEN = {"model.safetensors": ("snesgpt", "export", "--out", "model.safetensors")}
"""Files that a page takes for granted, and what makes them here."""


@dataclass(frozen=True)
class Block:
    mark: str
    language: str
    code: str


def blocks(page: Path) -> list[Block]:
    return [
        Block(found["mark"] or "", found["language"], found["code"]) for found in FENCE.finditer(page.read_text())
    ]


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def run_shell(workspace: Workspace, code: str) -> str:
    """Line by line: a line that fails is named."""
    printed = ""
    for line in code.splitlines():
        done = workspace.run("sh", "-c", line)
        expected = DIFFERENT if line.startswith("diff ") else 0
        assert done.returncode == expected, f"{line}\n{done.stderr}"
        printed += done.stdout
    return printed


def run_python(workspace: Workspace, code: str) -> str:
    done = workspace.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_block(workspace: Workspace, block: Block) -> str:
    """Run or check a block; what it printed."""
    if NOT_RUN.fullmatch(block.mark):
        return ""
    if quoted := QUOTED.fullmatch(block.mark):
        assert_quoted((ROOT / quoted[1]).read_text(), block.code)
    elif block.language == "sh":
        return run_shell(workspace, block.code)
    elif block.language == "python":
        return run_python(workspace, block.code)
    elif block.language == "json":
        (workspace.root / "page.json").write_text(block.code)
        return run_shell(workspace, "snesgpt import model.safetensors --config page.json --out page.npz")
    elif block.language == "toml":
        (workspace.root / "points.toml").write_text(block.code)
        assert read_points(workspace.root / "points.toml", seconds=60, seed=0)
    else:
        assert block.mark.startswith("row "), f"neither run nor said why not:\n{block.code}"
    return ""


def assert_quoted(source: str, code: str) -> None:
    """The lines are in the file, in their order, at one indentation."""
    lines = [line for line in code.splitlines() if line]
    indents = {" " * depth for depth in range(0, 13, 4)}
    assert any(all(f"\n{indent}{line}\n" in source for line in lines) for indent in indents), code


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_code_of_a_page_runs(page: Path, workspace: Workspace) -> None:
    found = blocks(page)
    assert len(found) == len(re.findall(r"^```", page.read_text(), re.MULTILINE)) / 2
    for name, command in GIVEN.items():
        if any(name in block.code for block in found):
            assert workspace.run(*command).returncode == 0
    for block in found:
        run_block(workspace, block)


def test_every_block_is_run_or_says_why_not() -> None:
    """A mark that is misspelled is no mark."""
    for page in PAGES:
        for block in blocks(page):
            known = NOT_RUN.fullmatch(block.mark) or QUOTED.fullmatch(block.mark) or block.mark.startswith("row ")
            assert known or block.language in ("sh", "python", "json", "toml"), (page_name(page), block.code)
            assert known or not block.mark.startswith(("not", "quoted")), (page_name(page), block.mark)


@pytest.mark.slow
def test_the_python_of_the_host_page_prints_what_sample_prints(made: Workspace) -> None:
    runs = [block for block in blocks(ROOT / "docs/host.md") if block.language in ("python", "sh")]
    (program, command) = runs
    printed = run_python(made, program.code)
    assert printed == run_shell(made, command.code)
    assert len(printed.splitlines()) == 10
    assert all(name.startswith("kar") for name in printed.splitlines())


def record_rows(model: Path) -> list[tuple[str, str, str]]:
    """Offset, words and name of everything that a traced cartridge of a model logs behind the logits."""
    layout = RecordLayout(load_model(model), traced=True)
    rows = [
        (str(offset), " × ".join(map(str, entry.shape)), f"`{name}`")
        for name, (offset, entry) in layout.entries.items()
        if name != "logits"
    ]
    return [*rows, (str(layout.size), "", "")]


def test_the_record_of_the_host_page_is_the_default_models(made: Workspace) -> None:
    _, _, after = (ROOT / "docs/host.md").read_text().partition("<!-- record of checkpoints/microgpt.npz -->\n")
    lines = after.partition("\n\n")[0].splitlines()[2:]
    shown = [tuple(cell.strip() for cell in line.split("|")[1:4]) for line in lines]
    assert shown == record_rows(made.root / "build/model.npz")


def row_lines(source: str, weight: str, row: int) -> list[str]:
    """The instructions of a row in generated code, from its comment to the `adc #` that ends it."""
    lines = [line.strip() for line in source.partition(f"; {weight}[{row}]: ")[2].splitlines()[1:]]
    return lines[: next(number for number, line in enumerate(lines) if line.startswith("adc #")) + 1]


def test_the_row_in_the_readme_is_in_the_default_cartridge(made: Workspace) -> None:
    """Its weights, its digits and its code; and the weights are those of the model."""
    text = (ROOT / "README.md").read_text()
    lines = row_lines((made.root / "build/asm/kernels.asm").read_text(), "layer0.wo", 7)
    table, code = asm_row.weights(lines), asm_row.code(lines)
    assert f"<!-- row 7 of layer0.wo: weights -->\n{table}\n" in text, table
    assert f"<!-- row 7 of layer0.wo: code -->\n```asm\n{code}```\n" in text, code
    weights = load_model(made.root / "build/model.npz").tensors["layer0.wo"][7] / 256
    shown = {f"x{place}": f"{weight:g}".replace("-", "−") for place, weight in enumerate(weights) if weight}
    names, values = (row.strip("| ").split(" | ")[1:] for row in table.splitlines()[::2][:2])
    assert dict(zip(names, values, strict=True)) == shown
    assert len(weights) - len(shown) == 5


def test_python_in_the_docs_is_python() -> None:
    for page in PAGES:
        for block in blocks(page):
            if block.language == "python" and not QUOTED.fullmatch(block.mark):
                ast.parse(block.code)


@pytest.mark.parametrize("run", ["evaluate", "info"])
def test_a_figure_that_is_cheap_to_measure_is_todays(run: str, made: Workspace) -> None:
    """Losses and sizes."""
    source, today = read(), read()
    done = made.run("sh", "-c", source["runs"][run]["command"])
    assert done.returncode == 0, done.stderr
    store(today, run, json.loads(done.stdout))
    of_run = [name for name, entry in source["figures"].items() if entry["run"] == run]
    assert of_run
    assert {name: figure(today, name) for name in of_run} == {name: figure(source, name) for name in of_run}


def test_the_predicted_clocks_are_todays(made: Workspace) -> None:
    done = made.run("snesgpt", "build", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    predicted = sum(json.loads(done.stdout)["predicted"]["stages"].values())
    assert f"{predicted:,.0f}" == figure(read(), "predicted_clocks"), (
        "run scripts/figures.py --measure bench --fill"
    )
