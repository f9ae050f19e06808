"""The machine code of five tiny cartridges as text, so that a review sees what a change does to it.

`make golden` (python -m tests.support.golden_listing) writes tests/asm/golden/*.lst. They have every routine
that the forward pass can reach: its label, its size, and per line bytes and source. No addresses of code (what the
linker fills in is `rr`), no files, no segments, no tables: a routine that only moves changes nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from asm.build import sources
from asm.layout import plan
from asm.toolchain import SA1_PREFIX, assemble
from quantize.convert import quantize
from quantize.kernel import SA1
from quantize.model import IntegerModel
from quantize.ranges import prove
from tests.support.models import (
    digit_model,
    gpt2_config,
    gpt2_weights,
    llama_config,
    llama_model,
    random_model,
    thinned,
)
from trainer.config import ModelConfig
from trainer.files import scratch_folder

GOLDEN = Path(__file__).parents[1] / "asm" / "golden"
ENTRY = "gpt_step"
TINY = ModelConfig(6, block_size=4, n_embd=4, n_head=2, n_layer=1, n_hidden=8)


def small_gpt2() -> IntegerModel:
    """Few digits, and a stream that is as large everywhere: so there is the code of one norm."""
    stream = {"wte": 1.5, "wpe": 1.5, "wo": 0.2, "wo_bias": 0.2, "fc2": 0.2, "fc2_bias": 0.2}
    weights = gpt2_weights(gpt2_config(3, 2, 4, 1, 1, 4), 2, biased=True, **stream)
    return quantize(thinned(weights, 5), "digits")


MODELS: dict[str, Callable[[], IntegerModel]] = {
    "schoolbook": lambda: random_model(TINY),
    "digits": lambda: digit_model(TINY),
    "llama": lambda: llama_model(llama_config(6, 4, 4, (2, 1), 1, 8)),
    "gpt2": lambda: small_gpt2(),
    "sa1": lambda: llama_model(llama_config(6, 4, 4, (2, 1), 1, 8), target=SA1),
}

LINE = re.compile(r"[0-9A-F]{6}r? 1  (.{0,13})(.*)")
LABEL = re.compile(r"(?:(?:far_)?proc (\w+),|(?:far_entry )?([a-z]\w*)[:,])")
COMMENT = re.compile(r"""("[^"]*"|'.')|;.*""")
DATA = re.compile(r"\.(?:byte|word|dword|faraddr|addr|res|incbin)\b")
ENDS = re.compile(r"(?:\S*:)?\s*(?:rts|rtl|rti|jmp|jml|bra|brl)\b")
INSTRUCTION, BYTES_A_LINE = 4, 16


@dataclass
class Routine:
    """The code under a label of its own: bytes and source, line by line; the label that follows it."""

    name: str
    lines: list[tuple[list[str], str]] = field(default_factory=list)
    follower: str | None = None

    @property
    def size(self) -> int:
        """Bytes of it all."""
        return sum(len(code) for code, _ in self.lines)

    @property
    def is_code(self) -> bool:
        """Whether any of it is not a table."""
        return any(code and not DATA.search(source) for code, source in self.lines)

    def leads_to(self) -> set[str]:
        """Every word in it, and the next routine if it runs on into that."""
        words = {word for _, source in self.lines for word in re.findall(r"\w+", source)}
        last = next((source for code, source in reversed(self.lines) if code), "")
        return words if self.follower is None or ENDS.match(last) else words | {self.follower}

    def text(self) -> str:
        """Its text in the listing."""
        shown = [f"{self.name}: {self.size} bytes"]
        for code, source in self.lines:
            rows = [" ".join(code[n : n + BYTES_A_LINE]) for n in range(0, len(code), BYTES_A_LINE)]
            short = len(code) <= INSTRUCTION
            shown += [f"{' '.join(code):12}{source}"] if short else [f"{'':12}{source}", *rows]
        return "\n".join(shown) + "\n"


def listings(model: IntegerModel) -> Iterator[str]:
    """ca65's own listing of every module of the processor that computes."""
    layout = plan(prove(model))
    computes = [name for name in layout.modules if layout.target.alone or name.startswith(SA1_PREFIX)]
    with scratch_folder() as folder:
        yield from (text.decode() for text in assemble(sources(layout), computes, folder, listed=True).listings)


def routines(listing: str) -> Iterator[Routine]:
    """Every label outside of a scope with all to the next one; macros, directives and comments are left out."""
    current, depth, repeats, macro = Routine(""), 0, 0, False
    for line in listing.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        code = re.findall(r"[0-9A-Fxr]{2}", found[1])
        source = COMMENT.sub(r"\1", found[2]).rstrip()
        macro = macro or ".macro" in source
        if macro:
            macro = ".endmacro" not in source
            continue
        label = LABEL.match(source)
        if label and not depth:
            name = label[1] or label[2]
            current.follower = name
            yield current
            current = Routine(name)
            source = "" if label[1] or source.startswith("far_entry") else source[label.end() :]
            depth += bool(label[1])
        elif re.match(r"\s*(?:endproc|\.endscope|\.endproc)\b", source):
            depth -= 1
        elif re.match(r"\s*\.(?:scope|proc)\b", source):
            depth += 1
        words = source.split()
        if code and not words and current.lines:
            current.lines[-1][0].extend(code)
        opens = any(word.startswith(".repeat") for word in words)
        if words and (code or repeats or opens or re.match(r"[@\w]*:$", words[0])):
            current.lines.append((code, " ".join(words)))
        repeats += opens - any(word.startswith(".endrepeat") for word in words)
    yield current


def listing(model: IntegerModel) -> str:
    """Every routine of the forward pass: the pass itself, then what it reaches by name."""
    found = {routine.name: routine for text in listings(model) for routine in routines(text)}
    reached, waiting = set[str](), [ENTRY]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in found and (found[name].is_code or not found[name].lines):
            reached.add(name)
            waiting += found[name].leads_to()
    order = sorted(reached, key=lambda name: (name != ENTRY, [int(n) if n.isdigit() else n for n in split(name)]))
    return "\n".join(found[name].text() for name in order)


def split(name: str) -> list[str]:
    """Letters and numbers in turn, letters first, so that unit 10 comes behind unit 9."""
    return re.split(r"(\d+)", name)


def write() -> None:
    """Rewrite every listing."""
    GOLDEN.mkdir(exist_ok=True)
    for name, make in MODELS.items():
        (GOLDEN / f"{name}.lst").write_text(listing(make()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
