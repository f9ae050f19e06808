"""The type of a block is asked where kernels are chosen, that of a kernel where kernels are put together.

Everything else is a loop over the program, so a new block or kernel is two files of its own and a template. Here
every question is found in the source: isinstance, a class pattern of `match`, `type(x) is`, a comparison with a
block's `kind`, and a table from types to anything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path
from typing import get_args

import pytest

from quantize import schedule
from quantize.kernel import Kernel, Leaf
from quantize.model_file import KERNELS
from quantize.schedule import Activation

ROOT = Path(__file__).parents[2]
FOLDERS = ("trainer", "tables", "quantize", "asm", "snesgpt", "scripts")
FILES = sorted(str(path.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))

BLOCKS = frozenset(block.__name__ for block in get_args(schedule.Block))

LOWERING = "chooses the kernels of a schedule"
BLOCK_QUESTIONS: Mapping[str, str] = {
    "quantize/lower.py": LOWERING,
    "quantize/lower_calibrated.py": LOWERING,
    "quantize/schedule.py": "defines the blocks",
}
"""Files that may ask a block's type, and why."""

WORDS = "puts a choice into words"
SLOTS = "hands the slots of a norm to the rows that read them"
KERNEL_QUESTIONS: Mapping[str, str] = {
    "quantize/lower.py": "gives the kernels that it chose their numbers",
    "quantize/lower_calibrated.py": "gives the kernels that it chose their numbers",
    "asm/kernels/__init__.py": "the table from kernels to routines",
    "asm/kernels/routine.py": SLOTS,
    "asm/kernels/context.py": "a memory's records hold the rows that are added to logits",
    "asm/kernels/rotary.py": "the attentions that turned queries and keys go into",
    "asm/kernels/digits.py": "the numbers of the logits' matrix, for the includes",
    "snesgpt/selection/kernel_choice.py": WORDS,
    "snesgpt/selection/digit_choice.py": WORDS,
    "snesgpt/lab/model.py": "the tables that the page's kernels read",
    "snesgpt/lab/export.py": "the lab page's facts",
    "snesgpt/lab/row.py": "shows a row of digits",
    "scripts/digit_floor.py": "compares rows with columns",
}
"""Files that may ask a kernel's type, and why. A kernel's own two files may always."""


def homes() -> dict[str, str]:
    """Kernel, or a base of some, → the file name that its two halves have."""
    found = {}
    for path in sorted((ROOT / "quantize/kernels").glob("*.py")):
        module = import_module(f"quantize.kernels.{path.stem}")
        for name, value in getmembers(module, isclass):
            if issubclass(value, Kernel) and value.__module__ == module.__name__:
                found[name] = path.name
    return found


HOMES = homes()
BLOCK_OF = {
    name: str(kernel.__dataclass_fields__["block"].type)
    for name, kernel in KERNELS.items()
    if issubclass(kernel, Leaf)
}
"""Kernel → the block that it computes: its two files may ask for that one."""


def _names(node: ast.AST | None) -> Iterator[str]:
    """The classes that an expression names: X, module.X, (X, Y), X | Y."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield name
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            for part in parts:
                yield from _names(part)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _names(left)
            yield from _names(right)


def _asked_at(node: ast.AST) -> Iterator[str]:
    """The classes that a node asks for. Of all blocks only an activation has a kind to compare."""
    match node:
        case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, classes]):
            yield from _names(classes)
        case ast.MatchClass(cls=kind):
            yield from _names(kind)
        case ast.Dict(keys=keys):
            for key in keys:
                yield from _names(key)
        case ast.Compare(left=left, comparators=others):
            operands = [left, *others]
            for operand in operands:
                match operand:
                    case ast.Attribute(attr="kind") if any(isinstance(each, ast.Constant) for each in operands):
                        yield Activation.__name__
                    case ast.Call(func=ast.Name(id="type")):
                        for other in operands:
                            yield from _names(other)


def asked(source: str) -> set[str]:
    """Every class whose instances a source tells from others."""
    return {name for node in ast.walk(ast.parse(source)) for name in _asked_at(node)}


def questions(path: str, source: str) -> tuple[set[str], set[str]]:
    """The types of blocks, and those of kernels, that a file asks, but for a kernel's own two files."""
    folder, _, file = path.rpartition("/")
    names = asked(source)
    if folder in ("quantize/kernels", "asm/kernels"):
        own = {name for name, home in HOMES.items() if home == file}
        names -= own | {BLOCK_OF[name] for name in own & BLOCK_OF.keys()}
    return names & BLOCKS, names & HOMES.keys()


FOUND = {path: questions(path, (ROOT / path).read_text(encoding="utf-8")) for path in FILES}


def test_only_the_lowering_and_the_schedule_ask_the_type_of_a_block() -> None:
    assert {path for path, (blocks, _) in FOUND.items() if blocks} == {*BLOCK_QUESTIONS}


def test_the_type_of_a_kernel_is_asked_only_where_there_is_a_reason() -> None:
    assert {path for path, (_, kernels) in FOUND.items() if kernels} == {*KERNEL_QUESTIONS}


def test_every_block_and_every_kernel_is_known_here() -> None:
    assert KERNELS.keys() <= HOMES.keys()
    assert {*BLOCK_OF.values()} == BLOCKS


PLANTED = {
    "isinstance": "isinstance(block, {})",
    "one of several": "isinstance(block, (int, {}))",
    "a union": "isinstance(block, int | {})",
    "by its module": "isinstance(block, schedule.{})",
    "type is": "type(block) is {}",
    "type in": "type(block) in (int, {})",
    "a pattern": "match block:\n    case {}(name=name):\n        pass",
    "one of two patterns": "match block:\n    case int() | {}():\n        pass",
    "a table": "TABLE = {{{}: 1}}",
}


@pytest.mark.parametrize("kind", ["Gate", "SiluGate"])
@pytest.mark.parametrize("question", PLANTED.values(), ids=PLANTED)
def test_a_planted_question_is_seen(question: str, kind: str) -> None:
    blocks, kernels = questions("asm/layout.py", question.format(kind))
    assert blocks | kernels == {kind}
    assert questions("asm/layout.py", f"{kind}(1)\nisinstance(1, int)\nx = [{kind}]") == (set(), set())


def test_a_planted_comparison_of_a_kind_is_seen() -> None:
    assert questions("asm/layout.py", 'block.kind == "relu2"') == ({"Activation"}, set())
    assert questions("asm/layout.py", "form.kind == Kind.WORDS") == (set(), set())


def test_a_kernel_may_be_asked_in_its_own_two_files_only() -> None:
    question = "isinstance(kernel, SiluGate)"
    assert questions("asm/kernels/gate.py", question) == (set(), set())
    assert questions("asm/kernels/norm.py", question) == (set(), {"SiluGate"})


def test_a_block_may_be_asked_in_the_two_files_of_its_kernels_only() -> None:
    question = "isinstance(block, Gate)"
    assert questions("quantize/kernels/gate.py", question) == (set(), set())
    assert questions("quantize/kernels/norm.py", question) == ({"Gate"}, set())
