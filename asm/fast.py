"""The fast kernels' code: weights as rows and columns of adds, laid out over banks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from asm.cost.instructions import Instruction, branch, immediate, implied, jump, memory
from asm.kernels.digit_rows import Slots, bias_for, row_code
from asm.memory.banks import Packer, segment
from quantize.digits import Plane
from quantize.executor import Executor, Streams
from quantize.fixed import FRACTION_BITS, Ints
from quantize.model import IntegerModel
from quantize.ranges import RangeProof
from quantize.schedule import Linear
from trainer.errors import InputError

SLOTS = "slots"
SQUARE_CLOCKS = 1880
"""What square_hidden takes: a product of four parts, and its rounding."""

HALVINGS = FRACTION_BITS
"""Every slot's bias is a multiple of 2^8, so that any row may halve down from the 2^-8 plane."""


@dataclass(frozen=True)
class Unit:
    """Straight-line code that must stay in one bank: a row or a column."""

    comment: str
    code: tuple[Instruction, ...]
    label: str = ""

    @property
    def size(self) -> int:
        """Bytes of ROM."""
        return sum(instruction.size for instruction in self.code)

    @property
    def clocks(self) -> int:
        """Master clocks before refresh."""
        return sum(instruction.clocks for instruction in self.code)


@dataclass(frozen=True)
class CodePart:
    """Units that lie together in one bank; all but the last part of a chain end with a jump to the next.

    called: where a far routine begins; all other parts are jumped to from within it.
    """

    label: str
    bank: int
    comment: str
    units: tuple[Unit, ...]
    end: str
    called: bool = False

    @property
    def segment(self) -> str:
        """The linker segment of its bank."""
        return segment(self.bank)

    @property
    def size(self) -> int:
        """Bytes of ROM."""
        return sum(unit.size for unit in self.units) + (1 if self.end == "rtl" else jump("").size)


MODULE_BYTES = 1 << 18
"""Of code in one source file: the assembler's time grows with the square of a file."""


def modules(code: Iterable[CodePart]) -> dict[str, tuple[CodePart, ...]]:
    """The code as source files: kernels, and where that would be long kernels_2, kernels_3 …"""
    files: list[list[CodePart]] = [[]]
    size = 0
    for part in code:
        if size + part.size > MODULE_BYTES and files[-1]:
            files.append([])
            size = 0
        files[-1].append(part)
        size += part.size
    return {f"kernels_{n}" if n > 1 else "kernels": tuple(parts) for n, parts in enumerate(files, 1)}


def chain(label: str, comment: str, units: Iterable[Unit], packer: Packer) -> list[CodePart]:
    """A far subroutine of units in order, over as many banks as it takes."""
    reserve = jump("").size
    parts: list[tuple[int, list[Unit]]] = []
    for unit in units:
        before = packer.bank
        bank = packer.place(unit.size + (0 if parts and packer.free >= unit.size + reserve else reserve))
        if not parts or bank != before or parts[-1][0] != bank:
            parts.append((bank, []))
        parts[-1][1].append(unit)
    names = [label + (f"_part{number}" if number else "") for number in range(len(parts))]
    ends = [f"jml {name}" for name in names[1:]] + ["rtl"]
    return [
        CodePart(name, bank, comment, tuple(own), end, called=name == label)
        for name, (bank, own), end in zip(names, parts, ends, strict=True)
    ]


@dataclass(frozen=True)
class Epilogue:
    """What a row does with its result: the constant added with the bias, then the code that follows."""

    constant: int
    code: Callable[[int], list[Instruction]]
    clears_carry: bool = False


def rows(
    model: IntegerModel,
    proof: RangeProof,
    weight: str,
    slots: Slots,
    epilogue: Epilogue,
    part: Linear | None = None,
) -> list[Unit]:
    """One unit per row of a matrix: carry clear, the chain of adds, bias off, epilogue.

    part: the block that has only some columns of the matrix.
    """
    layers, source = model.planes(weight), proof.sources[part.name if part else weight]
    if part and part.inputs:
        columns = [Plane(plane.shift, plane.digits[:, slice(*part.inputs)]) for plane in layers]
        layers = [plane for plane in columns if plane.digits.any()]
    units = []
    for row in range(len(model.tensors[weight])):
        try:
            chain_code, bias = row_code(layers, row, slots, source, unbiased=model.unbiased)
        except InputError as error:
            raise InputError(f"{weight}[{row}]: {error}") from error
        code = [] if epilogue.clears_carry and row else [implied("clc")]
        if chain_code:
            code += [*chain_code, immediate("adc", epilogue.constant - bias)]
        else:
            code += [immediate("lda", 0), immediate("adc", epilogue.constant)]
        code += epilogue.code(row)
        units.append(Unit(f"{weight}[{row}]: {_count(layers, row)} digits", tuple(code)))
    return units


def _count(layers: Sequence[Plane], row: int) -> int:
    return int(sum(np.abs(plane.digits[row]).sum() for plane in layers))


def store(label: str) -> Epilogue:
    """Y into a vector in low RAM."""
    return Epilogue(0, lambda row: [memory("sta", f"{label} + {2 * row}", direct=False)])


def accumulate(label: str) -> Epilogue:
    """Y added to a vector in low RAM."""

    def code(row: int) -> list[Instruction]:
        operand = f"{label} + {2 * row}"
        return [
            implied("clc"),
            memory("adc", operand, direct=False),
            memory("sta", operand, direct=False),
        ]

    return Epilogue(0, code)


def store_hidden(slots: Slots, *, squared: bool) -> Epilogue:
    """max(y, 0), or its square, and bias minus it: the second MLP matrix's slots. Carry set = not negative."""

    def code(row: int) -> list[Instruction]:
        square = [Instruction("call_far square_hidden", 4, SQUARE_CLOCKS)] if squared else []
        return [
            branch("bcs", ":+", 0.5),
            immediate("lda", 0),
            Instruction(":", 0, 0),
            *square,
            memory("sta", f"{slots.label} + PLUS + {2 * row}", direct=False),
            immediate("eor", 0xFFFF),
            implied("sec"),
            immediate("adc", slots.bias),
            memory("sta", f"{slots.label} + {slots.minus} + {2 * row}", direct=False),
        ]

    return Epilogue(0, code)


def store_shifted(label: str, shift: int) -> Epilogue:
    """Y · 2^shift into a vector: the query as the PPU's 16-bit factor."""
    return Epilogue(
        0, lambda row: [*[implied("asl a")] * shift, memory("sta", f"{label} + {2 * row}", direct=False)]
    )


def store_narrow(label: str, shift: int, *, high: bool) -> Epilogue:
    """round(y / 2^shift), eight bits, into the low or the high byte of a vector's words: keys and values."""
    half = (1 << shift) >> 1

    def code(row: int) -> list[Instruction]:
        operand = f"{label} + {2 * row}"
        narrow = [*[implied("lsr a")] * shift, immediate("eor", 0x80)]
        if high:
            narrow += [Instruction("xba", 1, 18), memory("ora", operand, direct=False)]
        return [*narrow, memory("sta", operand, direct=False)]

    return Epilogue(half + (128 << shift), code)


@dataclass(frozen=True)
class Mlp:
    """fc1, activation and fc2 as one stream: a unit above zero jumps to its column and comes back."""

    rows: tuple[CodePart, ...]
    columns: tuple[CodePart, ...]


@dataclass(frozen=True)
class ColumnPage:
    """The direct page of the columns: the sums they add to, and a hidden unit's shifted copies, by offset.

    shared: behind the slots in their own page, so that a column need not change the direct page.
    """

    label: str
    sums: int
    shifted: int
    shared: bool

    def take(self, mnemonic: str, name: str, offset: int) -> Instruction:
        """Read or write a word of the page; what lies beyond its 256 bytes by absolute address."""
        base = self.sums if name == "SUMS" else self.shifted
        if base + offset < 256:
            return memory(mnemonic, f"<{name} + {offset}", direct=True)
        return memory(mnemonic, f"{self.label} + {name} + {offset}", direct=False)


def column_page(d: int) -> ColumnPage:
    """Behind the slots where they leave room, else a page of its own, the shifted copies first."""
    copies = 2 * (HALVINGS + 1)
    if 6 * d + copies <= 256:
        return ColumnPage(SLOTS, 4 * d, 6 * d, True)
    return ColumnPage("column_page", copies, 0, False)


def page_bytes(d: int) -> tuple[int, int]:
    """Bytes of the columns' own page, 0 if they share the slots', and of the slots'."""
    copies = 2 * (HALVINGS + 1)
    return (0, 6 * d + copies) if column_page(d).shared else (copies + 2 * d, 4 * d)


def mlp(
    model: IntegerModel,
    proof: RangeProof,
    prefix: str,
    slots: Slots,
    packer: Packer,
) -> Mlp:
    """The fused MLP of a layer. Every hidden row is a unit; so is every column of the second matrix."""
    label = prefix.replace(".", "_")
    fc1, fc2 = f"{prefix}.fc1", f"{prefix}.fc2"
    page = column_page(model.config.n_embd)

    def gate(row: int) -> list[Instruction]:
        return [branch("bcc", ":+", 0.85), jump(f"{label}_unit{row}")]

    plain = rows(model, proof, fc1, slots, Epilogue(0, gate, clears_carry=True))
    row_parts = chain(
        f"{label}_mlp",
        f"{fc1}: {len(plain)} rows; carry set = above zero",
        [Unit(unit.comment, unit.code, f"{label}_after{n}") for n, unit in enumerate(plain)],
        packer,
    )
    layers = model.planes(fc2)
    squared = model.config.activation == "relu2"
    columns = []
    for unit in range(model.config.n_hidden):
        code = column(layers, unit, page, squared=squared)
        columns.append((f"{label}_unit{unit}", code, f"{label}_after{unit}"))
    parts = []
    for name, code, back in columns:
        body = Unit(f"{fc2}, column {name.rpartition('unit')[2]}", tuple(code))
        parts.append(CodePart(name, packer.place(body.size + 4), body.comment, (body,), f"jml {back}"))
    return Mlp(tuple(row_parts), tuple(parts))


def column(layers: Sequence[Plane], unit: int, page: ColumnPage, *, squared: bool) -> list[Instruction]:
    """Note a hidden unit, for a trace and the x-ray screen, and add its column to the sums.

    Its shifted copies once, then one add or subtract a digit.
    """
    code: list[Instruction] = []
    if squared:
        code.append(Instruction("call_far square_hidden", 4, SQUARE_CLOCKS))
    code.append(memory("sta", f"hidden + {2 * unit}", direct=False))
    if not page.shared:
        code += [Instruction(f"pea {page.label}", 3, 34), Instruction("pld", 1, 34)]
    used = [plane.shift for plane in layers if plane.digits[:, unit].any()]
    code += _shifted_copies(sorted(used), page)
    positive, mixed, negative = _by_sign(layers, unit)

    for output, terms in positive:
        code.append(page.take("lda", "SUMS", 2 * output))
        code += [page.take("adc", "SHIFTED", 2 * shift) for shift, _ in terms]
        code.append(page.take("sta", "SUMS", 2 * output))
    for number, (output, terms) in enumerate(mixed):
        if number:
            code.append(implied("clc"))
        code.append(page.take("lda", "SUMS", 2 * output))
        code += [page.take("adc", "SHIFTED", 2 * shift) for shift, sign in terms if sign > 0]
        code.append(implied("sec"))
        code += [page.take("sbc", "SHIFTED", 2 * shift) for shift, sign in terms if sign < 0]
        code.append(page.take("sta", "SUMS", 2 * output))
    if negative and not mixed:
        code.append(implied("sec"))
    for output, terms in negative:
        code.append(page.take("lda", "SUMS", 2 * output))
        code += [page.take("sbc", "SHIFTED", 2 * shift) for shift, _ in terms]
        code.append(page.take("sta", "SUMS", 2 * output))
    if not page.shared:
        code += [Instruction(f"pea {SLOTS}", 3, 34), Instruction("pld", 1, 34)]
    return [*code, implied("clc")]


Terms = list[tuple[int, int]]


def _by_sign(
    layers: Sequence[Plane], unit: int
) -> tuple[list[tuple[int, Terms]], list[tuple[int, Terms]], list[tuple[int, Terms]]]:
    """Outputs with their (shift, sign) terms: only added to, both, only subtracted from."""
    terms: dict[int, Terms] = {}
    for plane in layers:
        for output in np.flatnonzero(plane.digits[:, unit]):
            digit = int(plane.digits[output, unit])
            terms.setdefault(int(output), []).extend([(plane.shift, int(np.sign(digit)))] * abs(digit))
    items = sorted(terms.items())
    positive = [item for item in items if all(sign > 0 for _, sign in item[1])]
    negative = [item for item in items if all(sign < 0 for _, sign in item[1])]
    mixed = [item for item in items if item not in positive and item not in negative]
    return positive, mixed, negative


def _shifted_copies(used: Sequence[int], page: ColumnPage) -> list[Instruction]:
    """round(A / 2^k) for every k used, ascending; the carry ends clear."""
    code: list[Instruction] = []
    done, rounded = 0, False
    for number, shift in enumerate(used):
        last = number + 1 == len(used)
        code += [implied("lsr a")] * (shift - done)
        if shift > 0:
            code += [] if last else [implied("tax")]
            code.append(immediate("adc", 0))
        code.append(page.take("sta", "SHIFTED", 2 * shift))
        if shift > 0 and not last:
            code.append(implied("txa"))
        done, rounded = shift, shift > 0
    return code if rounded else [*code, implied("clc")]


def front_rows(model: IntegerModel, key_shift: int, value_shift: int) -> Ints:
    """All that depends on token and position alone, computed by the integer model itself.

    Returns (positions · vocab, 3 · d) words: residual stream, query · 2^key_shift, keys and values in a byte each.
    """
    config = model.config
    position, token = np.divmod(np.arange(config.block_size * config.vocab_size), config.vocab_size)
    integer = Executor(model)
    streams: Streams = integer.start(len(token))
    streams.position[:] = position
    trace: dict[str, Ints] = {}
    integer.step(streams, token, trace)
    attention = "layer0.attention"
    return np.concatenate([trace["embed_norm"], trace[f"{attention}.query"], trace[f"{attention}.packed"]], axis=1)


def hidden_slots(model: IntegerModel, proof: RangeProof, layer: str) -> Slots:
    """The slots of a layer's hidden units, for a second matrix in rows."""
    inputs = model.config.n_hidden
    largest = float(proof.sources[f"{layer}.fc2"](np.eye(inputs)).max())
    bias = bias_for(largest, HALVINGS + model.exponent(f"{layer}.fc2"))
    return Slots("hidden_slots", inputs, bias, "MINUS_HIDDEN", positive=True)


def slots_for(model: IntegerModel, proof: RangeProof, weights: Sequence[str]) -> Slots:
    """The slots of a vector that these matrices read: a bias that keeps both copies non-negative."""
    inputs = model.config.tensor_shapes()[weights[0]][1]
    largest = max(float(proof.sources[name](np.eye(inputs)).max()) for name in weights)
    return Slots(SLOTS, inputs, bias_for(largest, HALVINGS + max(model.finest(name) for name in weights)))
