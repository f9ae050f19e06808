"""The way of a weight in docs/architecture.md leads through functions that exist."""

from __future__ import annotations

import ast
import re

from scripts.figures import ROOT

STEP = re.compile(r"^\| \[[^]]*\]\(\.\./(?P<file>[^)]*\.py)\) \| `(?P<function>\w+)` \|", re.MULTILINE)


def test_every_step_names_a_function_of_its_file() -> None:
    steps = STEP.findall((ROOT / "docs/architecture.md").read_text())
    assert steps
    for file, function in steps:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert function in defined, (file, function)
