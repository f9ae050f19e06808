"""The basis of `make check`: tests that say whether they need an emulator, and that import no other test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from snesgpt.emulator.console import Console

TESTS = Path(__file__).parents[1]


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import, and every name it takes from one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def test_no_test_is_imported_by_another() -> None:
    modules = {".".join(path.relative_to(TESTS.parent).with_suffix("").parts) for path in TESTS.rglob("test_*.py")}
    assert len(modules) > 50
    for path in TESTS.rglob("*.py"):
        parts = {name.rpartition(".")[0] for name in imported(path)} | imported(path)
        assert parts.isdisjoint(modules), f"{path.name}: helpers belong in tests/support"


def test_helpers_hold_no_tests() -> None:
    for path in (TESTS / "support").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert not [name for name in names if name.startswith("test_")], path.name


def test_a_test_without_the_marker_cannot_switch_a_console_on() -> None:
    with pytest.raises(pytest.fail.Exception, match="mark it with"):
        Console(b"anything")


@pytest.mark.parametrize("folder", ["proof", "screens"])
def test_tests_in_the_folders_of_the_proof_are_marked(request: pytest.FixtureRequest, folder: str) -> None:
    items = [item for item in request.session.items if item.path.parent == TESTS / folder]
    assert all(item.get_closest_marker("emulator") for item in items)
