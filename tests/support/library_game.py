"""A game around a library: tests/roms/game.s, which calls it as the host says, in any state of the registers."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from asm.library.files import Library, build_library, library_files
from asm.library.place import Place
from asm.toolchain import assemble, link
from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.ranges import prove
from quantize.sampler import Generator, Request, choose, inverse_temperature, run
from snesgpt.emulator.console import Console

ROMS = Path(__file__).parents[1] / "roms"
EXAMPLES = Path(__file__).parents[2] / "examples"
CORES = ("snes9x", "bsnes")
CALL, MANY, PLAY = 1, 2, 3
TEXT, TOKENS, SHOTS = 0x2000, 0x6000, 0x3000
"""Offsets in work RAM: a text that is given; tokens that came back; addresses of interrupted code."""

CARRY = 0x01
ANYWHERE = Place()
WIDE, NARROW = 0x00, 0x30
"""Flags: 16-bit registers, 8-bit registers."""

BOOT, LIMIT = 20, 600
"""Frames."""

WINDOWS = 12
"""Of a text that goes on."""


@dataclass(frozen=True)
class Registers:
    """The state in which a call is made. flags: widths and decimal; s: the stack."""

    flags: int = WIDE
    d: int = 0
    b: int = 0
    s: int = 0x1F80
    x: int = 0x1234
    y: int = 0x5678


USUAL = Registers()
RETURN_X = ("gpt_text", "gpt_progress")


@dataclass(frozen=True)
class Game:
    """A built game and its library."""

    library: Library
    image: bytes
    constants: dict[str, int]


def game(model: IntegerModel, place: Place = ANYWHERE) -> Game:
    """The test game around a model's library there."""
    library = build_library(prove(model), place)
    return game_of(library)


def game_of(library: Library) -> Game:
    """The same around a library that is built."""
    files = dict(library_files(library))
    uses = library.target.multiplies_on_cpu or library.rom.layout.digits is None
    files["options.inc"] = f"USES_CPU_MULTIPLIER = {int(uses)}\n".encode()
    files["game.asm"] = (ROMS / "game.s").read_bytes()
    config = (EXAMPLES / "hello" / "hello.cfg").read_text()
    for part in ("memory", "segments"):
        config = config.replace(f"# gpt.{part}", files[f"gpt.{part}"].decode())
    if library.place.first_bank > 1:
        size = 0x8000 * (library.place.first_bank - 1)
        filler = f"    GAP: start = $818000, size = ${size:X}, file = %O, fill = yes;\n"
        config = re.sub(r"(    HEADER: .*\n)", r"\1" + filler, config, count=1)
    with tempfile.TemporaryDirectory() as name:
        objects = {**assemble(files, ["game"], Path(name)).files, "gpt": files["gpt.o"]}
        image = link(objects, config.encode(), Path(name))
        symbols = (Path(name) / "image.dbg").read_bytes()
    found = re.findall(rb'name="(\w+)".*val=0x([0-9A-F]+)', symbols)
    return Game(library, image, {name.decode(): int(value, 16) for name, value in found})


class Player:
    """The game in a core. Use as a context manager."""

    def __init__(self, game: Game, core: str = "snes9x", *, noise: int | None = None) -> None:
        self._at, self.game = game.constants, game
        self.console = Console(game.image, core)
        if noise is not None:
            random = np.random.default_rng(noise)
            self.console.wram[:] = random.integers(0, 256, len(self.console.wram), dtype=np.uint8)
        for name in ("go", "breaks", "playing"):
            self.put(name, 0)
        self.disturb(False)
        self.console.run(BOOT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.console.close()

    def put(self, name: str, value: int) -> None:
        """A word of the game's."""
        self.console.write(self._at[name], value.to_bytes(2, "little"))

    def disturb(self, on: bool = True, *, dot: int = 0, beam: int = 8, step: int = 5, stop_after: int = 0) -> None:
        """Whether line interrupts come while a call runs. dot, beam: the first; step: dots that each is later in
        its line; stop_after: how many until one stops the token, 0 = never.
        """
        values = {"disturbs": int(on), "dot": dot, "beam": beam, "step": step, "stop_after": stop_after}
        for name, value in values.items():
            self.put(name, value)

    def word(self, name: str) -> int:
        """The same, read."""
        return int.from_bytes(self.console.read(self._at[name], 2), "little")

    def call(self, entry: str, a: int = 0, state: Registers = USUAL, *, many: int = 0, keeps_x: bool = True) -> int:
        """A call in this state, or many of it while carry is clear. Returns A.

        Checks that the direct page, the data bank, the stack, X, Y and widths come back as they were.
        """
        self.console.write(self._at["entry"], self._at[entry].to_bytes(3, "little"))
        for name, value in vars(state).items():
            self.put(
                {"flags": "in_p", "b": "in_b"}.get(name, f"in_{name}"), value * 0x101 if name == "b" else value
            )
        self.put("in_a", a)
        self.put("wanted", many)
        self.put("go", MANY if many else CALL)
        self.console.run_until(lambda _: self.word("go") == 0, LIMIT)
        assert self.word("breaks") == 0
        mask = 0xFF if state.flags & 0x10 else 0xFFFF
        assert self.word("out_d") == state.d
        assert self.word("out_b") & 0xFF == state.b
        assert self.word("out_s") == state.s
        assert (self.word("out_p") ^ state.flags) & 0x38 == 0
        assert self.word("out_y") == state.y & mask
        if entry not in RETURN_X and keeps_x:
            assert self.word("out_x") == state.x & mask
        return self.word("out_a")

    @property
    def refused(self) -> bool:
        """Whether the last call said no."""
        return bool(self.word("out_p") & CARRY)

    def start(self) -> None:
        """gpt_start."""
        self.call("gpt_start")
        assert not self.refused

    def begin(self, seed: int, tenths: int, top_p: int = 0) -> None:
        """gpt_begin."""
        self.call("gpt_begin", seed, Registers(x=tenths, y=top_p))

    def feed(self, text: str) -> bool:
        """gpt_feed_text. Returns whether it was taken."""
        self.console.write(TEXT, text.encode("latin-1") + b"\0")
        self.call("gpt_feed_text", 0x7E, Registers(x=TEXT))
        return not self.refused

    def tokens(self, most: int = 1000) -> list[int]:
        """What gpt_next gives until the text ends, or most."""
        self.call("gpt_next", many=most)
        raw = self.console.read(TOKENS, 2 * self.word("made"))
        return [int(token) for token in np.frombuffer(raw, "<u2")]

    def played(self, most: int = 1000) -> list[int]:
        """The same, but that the handler of a line interrupt asks and looks while the main loop calls gpt_work."""
        self.disturb()
        self.put("wanted", most)
        self.put("go", PLAY)
        self.console.run_until(lambda _: self.word("go") == 0, LIMIT)
        assert self.word("breaks") == 0
        raw = self.console.read(TOKENS, 2 * self.word("made"))
        return [int(token) for token in np.frombuffer(raw, "<u2")]

    def shots(self) -> list[int]:
        """The addresses at which the last call was interrupted."""
        raw = np.frombuffer(self.console.read(SHOTS, self.word("shots")), np.uint8).reshape(-1, 3)
        return [int(a | b << 8 | c << 16) for a, b, c in raw.astype(int)]


def wanted(model: IntegerModel, seed: int, tenths: int, prompt: Sequence[int] = (), top_p: int = 0) -> list[int]:
    """The tokens that the integer model draws for one text; of one that goes on, for its first windows.

    The first half of each later window repeats what was drawn before.
    """
    windows, context = (WINDOWS if model.goes_on else 1), model.config.block_size
    (made,) = run(Executor(model), [Request(seed, tenths, windows, tuple(prompt), top_p)])
    drawn, given = list[int](), len(prompt)
    for token in made:
        if token.position >= given:
            drawn.append(token.next_token)
        if token.next_token == model.config.bos:
            break
        if token.position == context - 1:
            given = context // 2
    return drawn


def drawn_after(model: IntegerModel, tokens: Sequence[int], seed: int, tenths: int) -> list[int]:
    """What the integer model draws after these tokens, of which it has drawn all but the last itself."""
    executor, generator = Executor(model), Generator.seeded([seed])
    streams, inverse_t = executor.start(1), inverse_temperature(tenths, model.logit_exponent)
    for _ in tokens[1:]:
        generator.draw()
    found, token = list[int](), model.config.bos
    for position in range(model.config.block_size):
        logits = executor.step(streams, np.array([token]))
        if position < len(tokens):
            token = tokens[position]
            continue
        token = int(choose(logits, inverse_t, generator.draw())[0])
        found.append(token)
        if token == model.config.bos:
            break
    return found
