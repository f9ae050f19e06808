"""The model of a ROM, known by what the ROM itself holds.

Every cartridge carries the transcript that its self-test compares with: checksums of hundreds of tokens as its
model computes them (asm.cartridge.transcript). It comes from the model's numbers alone: it is the same however the
code around it is generated, and what a file is called does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asm.cartridge.header import faults
from asm.cartridge.transcript import transcript
from quantize.model import IntegerModel
from quantize.model_file import load_proved
from quantize.ranges import ProvedModel
from trainer.errors import InputError

MODEL = Path("build/model.npz")
"""Where `make` leaves the model."""


@dataclass(frozen=True)
class Found:
    """A model, and the file that it is in."""

    path: Path
    proved: ProvedModel


def find_model(rom: Path, image: bytes, given: Path | None = None) -> Found:
    """The model that a ROM computes: `given`, or the first of the candidates whose transcript the ROM holds.

    image: the bytes of the file `rom`, traced or not. Raises InputError when `given` cannot be read or is another
    ROM's, or when no candidate is the ROM's own: which were looked at, and why each was not it.
    """
    if given is not None:
        proved = load_proved(given)
        if not computes(image, proved.model):
            raise InputError(f"{rom} is not a cartridge of {given}: {_what_is_known(image)}")
        return Found(given, proved)
    refusals = []
    for path in candidates(rom):
        try:
            proved = load_proved(path)
        except InputError as error:
            refusals.append(str(error) if path.exists() else f"{path} does not exist")
            continue
        if computes(image, proved.model):
            return Found(path, proved)
        refusals.append(f"{path} is not: {_what_is_known(image)}")
    raise InputError(f"found no model of {rom} ({'; '.join(refusals)}): name it with --model")


def candidates(rom: Path) -> tuple[Path, ...]:
    """Where a ROM's model may be, each file once: under the ROM's own name, beside it, where `make` leaves it."""
    paths = (rom.with_suffix(".npz"), rom.with_name("model.npz"), MODEL)
    return tuple({path.resolve(): path for path in paths}.values())


def computes(image: bytes, model: IntegerModel) -> bool:
    """True when a cartridge holds the transcript of this model: their logits and draws are the same there.

    Two models that differ in no number, but in their letters or in how the screens begin, are one here.
    """
    return transcript(model).checksums.astype("<u2").tobytes() in image


def _what_is_known(image: bytes) -> str:
    """Why the ROM has another transcript, as far as the ROM tells."""
    broken = faults(image)
    if broken:
        return f"the ROM is damaged or edited ({broken[0]})"
    return "the ROM's self-test has other numbers, of another model or of another version of snesgpt"
