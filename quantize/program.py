"""A program: the kernels that compute a model's schedule, and which of them go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from quantize.kernel import Form, Fused, Kernel, Leaf
from quantize.schedule import schedule
from trainer.config import ModelConfig
from trainer.errors import InputError

Program = tuple[Kernel, ...]


def leaves(program: Program) -> Iterator[Leaf]:
    """The kernels of single blocks, in the order of the schedule."""
    for kernel in program:
        yield from kernel.leaves


def changed(program: Program, block: str, **numbers: Any) -> Program:
    """The same program with other numbers for the kernel of a block."""
    return tuple(_changed(kernel, block, numbers) for kernel in program)


def _changed(kernel: Kernel, block: str, numbers: Mapping[str, Any]) -> Kernel:
    if isinstance(kernel, Leaf):
        return replace(kernel, **numbers) if kernel.name == block else kernel
    assert isinstance(kernel, Fused)
    parts = {each.name: getattr(kernel, each.name) for each in fields(kernel)}
    kernels = {name: part for name, part in parts.items() if isinstance(part, Kernel)}
    return replace(kernel, **{name: _changed(part, block, numbers) for name, part in kernels.items()})


def forms(program: Program) -> Iterator[tuple[str, Kernel, Form, Form | None]]:
    """For every vector that a kernel reads: its name, the kernel, the form that it reads, the form it finds."""
    found: dict[str, Form] = {}
    for kernel in program:
        for vector, form in kernel.reads.items():
            yield vector, kernel, form, found.get(vector)
        found.update(kernel.writes)


def on_digits(program: Program) -> bool:
    """Whether any matrix is a sum of digits."""
    return any(kernel.digit_weight for kernel in leaves(program))


def check_blocks(config: ModelConfig, program: Program) -> None:
    """Raises InputError unless a program computes every block of the schedule once and in order."""
    wanted = schedule(config)
    computed = tuple(block for kernel in leaves(program) for block in kernel.blocks)
    for ours, theirs in zip(wanted, computed, strict=False):
        if ours != theirs:
            raise InputError(f"the program computes {theirs.name} where {ours.name} is due: quantize again")
    if len(wanted) != len(computed):
        raise InputError(f"the program computes {len(computed)} of {len(wanted)} blocks: quantize again")


def check_target(target: str, program: Program) -> None:
    """Raises InputError for a kernel that this machine has no code for."""
    for kernel in program:
        if target not in kernel.targets:
            raise InputError(
                f"{kernel.name}: {type(kernel).__name__} has no code for {target}, only for "
                f"{', '.join(kernel.targets)}; run `snesgpt quantize --target {target}` again"
            )


def check_forms(program: Program) -> None:
    """Raises InputError where a kernel reads a vector in another form than it is written in."""
    for vector, kernel, wanted, found in forms(program):
        if wanted != found:
            raise InputError(
                f"{kernel.name} reads {vector} as {wanted} and finds {found or 'nothing'}: these kernels do not go "
                "together; run `snesgpt quantize` again"
            )
