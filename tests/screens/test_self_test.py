"""The self-test passes on a good cartridge in both emulators, and names the first token that a byte spoils."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from asm.build import Rom, build_rom, symbols
from asm.cartridge.header import checksum, with_checksum
from asm.cartridge.report_code import MAX_FRAMES, Report, Verdict, decode
from asm.cartridge.transcript import MAX_TOKENS, MIN_TOKENS, checksums, documents, transcript
from asm.kernels.straight_code import CodePart
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK, TARGETS
from quantize.model import IntegerModel
from quantize.sampler import Request, run
from quantize.sampler import documents as texts
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from snesgpt.verify.self_test import build_of, for_region
from tables.gelu import GELU_ENTRIES
from tests.support.models import digit_rom, for_sa1, random_model, shakespeare_model
from tests.support.screens import Screens, unseen
from tests.support.self_tests import (
    CODE_ROW,
    LIMIT_FRAMES,
    RESULT_COLUMN,
    begin,
    changed,
    ended,
    offset,
    outcome,
    shown,
)
from trainer.config import ModelConfig

CONFIG = ModelConfig(9, 6, n_embd=8, n_head=2, n_hidden=8)
SCHOOLBOOK = random_model(ModelConfig(9, 6, n_embd=4, n_head=2, n_hidden=4))
SCHOOLBOOK_ROM = build_rom(SCHOOLBOOK)
FLIPS = 24
NAMES = 10
MIN_FOUND = 20
ON_TARGETS = pytest.mark.parametrize("target", TARGETS)


@cache
def digits(target: str) -> tuple[IntegerModel, Rom]:
    """A small model on digits, and its ROM."""
    return digit_rom(CONFIG, traced=False, target=target)


CARTRIDGES = {
    "schoolbook": lambda: (SCHOOLBOOK, SCHOOLBOOK_ROM),
    "digits": lambda: digits(STOCK),
    "digits, SA-1": lambda: digits(SA1),
    "schoolbook, SA-1": lambda: (for_sa1(SCHOOLBOOK), build_rom(for_sa1(SCHOOLBOOK))),
}


@pytest.mark.parametrize("core", sorted(KNOWN))
@pytest.mark.parametrize("cartridge", CARTRIDGES)
def test_a_good_cartridge_passes(cartridge: str, core: str) -> None:
    model, rom = CARTRIDGES[cartridge]()
    tokens = transcript(model).tokens
    assert MIN_TOKENS <= tokens <= MAX_TOKENS
    assert outcome(rom, rom.image, core) == ("PASS", f"PASS {tokens} tokens")


@pytest.mark.parametrize("target", TARGETS)
def test_a_gpt2_of_running_text_passes_and_a_changed_entry_of_its_table_is_found(target: str) -> None:
    model = shakespeare_model(target, 9, 16)
    rom, tokens = build_rom(model), transcript(model).tokens
    assert outcome(rom, rom.image) == ("PASS", f"PASS {tokens} tokens")
    label = next(name for name in symbols(rom.debug) if name.startswith("gelu_"))
    spoiled = changed(rom.image, offset(rom, label) + 2 * GELU_ENTRIES // 2, 64)
    assert outcome(rom, spoiled)[1].startswith("FAIL at token ")


def test_a_cartridge_with_a_top_p_passes_and_its_transcript_is_its_own() -> None:
    model = replace(SCHOOLBOOK, info={"top_p": 0.5})
    rom, own = build_rom(model), transcript(model)
    assert outcome(rom, rom.image) == ("PASS", f"PASS {own.tokens} tokens")
    assert own.checksums.tolist() != transcript(SCHOOLBOOK).checksums.tolist()


@ON_TARGETS
@pytest.mark.parametrize("token", [1, 17, 200])
def test_the_first_wrong_token_is_named(token: int, target: str) -> None:
    rom = SCHOOLBOOK_ROM if target == STOCK else digits(target)[1]
    wrong = changed(rom.image, offset(rom, "golden") + 2 * (token - 1), 1)
    assert outcome(rom, wrong) == ("PASS", f"FAIL at token {token}")


def code(screens: Screens) -> Report:
    """What the screen's code says."""
    return decode(screens.rows()[CODE_ROW][RESULT_COLUMN:])


def reported(rom: Rom, image: bytes, core: str = "snes9x") -> Report:
    """The code of a self-test from power-on to its end."""
    with Console(image, core) as console:
        screens = Screens(console, rom)
        screens.open("about")
        assert screens.rows()[CODE_ROW].split() == ["code", "run", "the", "self-test"]
        screens.push("a")
        console.run_until(lambda _: ended(screens), LIMIT_FRAMES)
        return code(screens)


EMULATED_CHIPS = (2, 1, 3)
DRAWN_AROUND = 4


@pytest.mark.parametrize("core", sorted(KNOWN))
@pytest.mark.parametrize("pal", [False, True], ids=["NTSC", "PAL"])
@ON_TARGETS
def test_the_code_says_build_chips_region_target_and_outcome(target: str, pal: bool, core: str) -> None:
    model, rom = digits(target)
    found = reported(rom, for_region(rom.image, pal=pal), core)
    assert (build_of(rom.image) or "").startswith(f"{found.build:05X}")
    assert (found.cpu, found.ppu1, found.ppu2) == EMULATED_CHIPS
    assert (found.pal, found.sa1) == (pal, target == SA1)
    assert (found.verdict, found.sum_right, found.tokens) == (Verdict.PASSED, True, transcript(model).tokens)


@ON_TARGETS
def test_the_code_counts_the_frames_of_the_transcript(target: str) -> None:
    """From outside: how long the screen shows which token it computes, and a little more is drawn."""
    rom = digits(target)[1]
    with Console(rom.image) as console:
        screens = Screens(console, rom)
        begin(screens)
        console.run_until(lambda _: "token" in shown(screens)[1], LIMIT_FRAMES)
        begun = screens.word("frames")
        console.run_until(lambda _: "PASS" in shown(screens)[1], LIMIT_FRAMES)
        frames = screens.word("frames") - begun
        console.run_until(lambda _: ended(screens), 20)
        assert 0 <= frames - code(screens).frames <= DRAWN_AROUND


def test_the_code_names_the_first_wrong_token() -> None:
    for token in (1, 200):
        wrong = changed(SCHOOLBOOK_ROM.image, offset(SCHOOLBOOK_ROM, "golden") + 2 * (token - 1), 1)
        found = reported(SCHOOLBOOK_ROM, wrong)
        assert (found.verdict, found.tokens, found.computed) == (Verdict.FAILED, token - 1, token)
        assert found.sum_right and found.frames


def test_the_code_says_that_the_sum_is_wrong() -> None:
    rom = digits(STOCK)[1]
    found = reported(rom, rom.image[:-1] + bytes([rom.image[-1] ^ 0x10]))
    assert (found.verdict, found.sum_right) == (Verdict.PASSED, False)


@ON_TARGETS
def test_the_code_of_a_test_that_was_stopped_says_how_far_it_came_and_the_next_one_forgets_it(target: str) -> None:
    rom = SCHOOLBOOK_ROM if target == STOCK else digits(target)[1]
    with Console(rom.image) as console:
        screens = Screens(console, rom)
        begin(screens)
        console.run_until(lambda _: screens.word("golden_token") > 20, 200)
        screens.push("b")
        console.run_until(lambda _: ended(screens), 20)
        found = code(screens)
        assert (found.verdict, found.tokens, found.sum_right) == (
            Verdict.STOPPED,
            screens.word("golden_token"),
            True,
        )
        screens.push("a")
        assert screens.rows()[CODE_ROW].split() == ["code"]
        console.run_until(lambda _: ended(screens), LIMIT_FRAMES)
        assert code(screens).verdict == Verdict.PASSED


def test_frames_that_a_word_cannot_count_are_the_most_there_are() -> None:
    with Console(SCHOOLBOOK_ROM.image) as console:
        screens = Screens(console, SCHOOLBOOK_ROM)
        begin(screens)
        console.run_until(lambda _: screens.word("golden_token") > 20, 200)
        for begun in (0x8000, 5):  # 32,768 frames ago, then, as it seems, 5 after that
            since = screens.word("frames") - begun
            console.write_words(screens.address("golden_since"), np.array([since]))
            console.run(30)
        console.run_until(lambda _: ended(screens), LIMIT_FRAMES)
        assert code(screens).frames == MAX_FRAMES


def predicted(model: IntegerModel) -> str:
    """The result that the cartridge of SCHOOLBOOK must show if its weights are another model's."""
    expected, got = transcript(SCHOOLBOOK).checksums, transcript(model).checksums
    length = min(len(expected), len(got))
    differing = np.flatnonzero((expected[:length] != got[:length]).any(1))
    return f"FAIL at token {differing[0] + 1}" if len(differing) else f"PASS {len(expected)} tokens"


def test_a_changed_weight_is_found_at_the_token_where_the_integer_model_says() -> None:
    random, found = np.random.default_rng(1), 0
    names = [*SCHOOLBOOK.tensors]
    for name in [*names, *random.choice(names, FLIPS - len(names))]:
        tensor = SCHOOLBOOK.tensors[name].copy()
        place, mask = int(random.integers(tensor.size)), int(random.integers(1, 256))
        tensor.flat[place] ^= mask
        model = replace(SCHOOLBOOK, tensors={**SCHOOLBOOK.tensors, name: tensor})
        at = offset(SCHOOLBOOK_ROM, name.replace(".", "_")) + 2 * place
        result = outcome(SCHOOLBOOK_ROM, changed(SCHOOLBOOK_ROM.image, at, mask))
        assert result == ("PASS", predicted(model)), f"{name}[{place}] ^ {mask}"
        found += result[1].startswith("FAIL")
    assert found >= MIN_FOUND


def operands(rom: Rom, part: CodePart) -> list[int]:
    """Offsets in the image of the first operand bytes of a part's loads, additions and subtractions."""
    at, places = offset(rom, part.label), []
    for instruction in (instruction for unit in part.units for instruction in unit.code):
        if instruction.text[:3] in ("lda", "adc", "sbc"):
            places.append(at + 1)
        at += instruction.size
    return places


@ON_TARGETS
def test_a_changed_digit_is_found(target: str) -> None:
    random, rom = np.random.default_rng(2), digits(target)[1]
    rows = [part for part in rom.layout.code if "unit" not in part.label]
    places = [place for part in rows for place in operands(rom, part)]
    for at in random.choice(places, FLIPS, replace=False):
        sum_result, result = outcome(rom, changed(rom.image, int(at), 2))
        assert sum_result == "PASS" and result.startswith("FAIL at token "), f"byte {at:#x}"


@ON_TARGETS
def test_a_changed_row_of_the_front_table_is_found_where_it_is_first_used(target: str) -> None:
    random, (model, rom) = np.random.default_rng(3), digits(target)
    plan = documents(CONFIG)
    used = [(token.position, token.token) for document in run(Executor(model), plan) for token in document]
    width = 2 * 3 * CONFIG.n_embd
    for number in random.choice(len(used), 6, replace=False):
        position, token = used[number]
        row = position * CONFIG.vocab_size + token
        at = offset(rom, "front") + width * row + 2 * int(random.integers(CONFIG.n_embd))
        first = used.index((position, token)) + 1
        image = changed(rom.image, at + 1, 0x01)  # 1.0 in the residual stream
        assert outcome(rom, image) == ("PASS", f"FAIL at token {first}")


@ON_TARGETS
def test_the_sum_finds_a_byte_that_is_not_used(target: str) -> None:
    model, rom = digits(target)
    image = rom.image[:-1] + bytes([rom.image[-1] ^ 0x10])
    assert outcome(rom, image) == ("FAIL", f"PASS {transcript(model).tokens} tokens")


def test_the_sum_finds_what_no_token_can() -> None:
    """A hidden unit that is never above zero: its second weights are multiplied with nothing."""
    fc1 = SCHOOLBOOK.tensors["layer0.fc1"].copy()
    fc1[0] = 0
    model = replace(SCHOOLBOOK, tensors={**SCHOOLBOOK.tensors, "layer0.fc1": fc1})
    rom = build_rom(model)
    at = offset(rom, "layer0_fc2")
    image = rom.image[:at] + bytes([rom.image[at] ^ 0x10]) + rom.image[at + 1 :]
    assert checksum(image) != checksum(rom.image)
    assert outcome(rom, image) == ("FAIL", f"PASS {transcript(model).tokens} tokens")
    assert outcome(rom, with_checksum(image)) == ("PASS", f"PASS {transcript(model).tokens} tokens")


@ON_TARGETS
@pytest.mark.parametrize("button", ["b", "up", "x"])
def test_a_press_stops_it_and_nothing_else_has_changed(button: str, target: str) -> None:
    rom = SCHOOLBOOK_ROM if target == STOCK else digits(target)[1]
    with Console(rom.image) as console:
        screens = Screens(console, rom)
        screens.open("about")
        names = ("inverse_t", "cutoff", "temperature", "seed", "host_prompt_length", "page")
        kept = [name for name in names if name not in unseen(rom)]
        before = [screens.word(name) for name in kept]
        screens.push("a")
        console.run_until(lambda _: screens.word("golden_token") > 20, 200)
        assert shown(screens)[1].startswith("token")
        screens.push(button)
        console.run_until(lambda _: ended(screens), 20)
        assert shown(screens) == ("PASS", "stopped")
        assert [screens.word(name) for name in kept] == before
        screens.push("a")
        console.run_until(lambda _: ended(screens), LIMIT_FRAMES)
        assert shown(screens)[1].startswith("PASS")


@ON_TARGETS
def test_after_leaving_it_by_select_the_names_go_on_as_they_would_have(target: str) -> None:
    model, rom = (SCHOOLBOOK, SCHOOLBOOK_ROM) if target == STOCK else digits(target)
    with Console(rom.image) as console:
        screens = Screens(console, rom)
        begin(screens)
        console.run_until(lambda _: screens.word("golden_token") > 20, 200)
        screens.push("select")
        console.run_until(lambda _: screens.word("names_made") >= NAMES, LIMIT_FRAMES)
        size = rom.layout.names.entry_bytes
        entries = screens.ram.read(screens.address("history"), NAMES * size)
    names = [entries[n : n + size].rstrip(b"\0").decode() for n in range(0, len(entries), size)]
    assert names == texts(Executor(model), Request(1, model.temperature, NAMES))


@pytest.mark.parametrize("shape", [(2, 2), (3, 40), (9, 6), (27, 16), (60, 64), (60, 127), (512, 3), (40, 256)])
def test_the_transcript_has_a_fitting_length_for_every_shape(shape: tuple[int, int]) -> None:
    config = ModelConfig(*shape, n_embd=4, n_head=1, n_hidden=4)
    plan = documents(config)
    least = sum(len(request.prompt) + 1 if request.prompt else 2 for request in plan)
    assert least >= MIN_TOKENS
    assert sum(len(request.prompt) + 1 for request in plan if request.prompt) <= max(MAX_TOKENS, shape[1])


def test_the_given_letters_reach_every_row_of_the_default_front_table() -> None:
    config = ModelConfig(27, 16)
    reached = {(p + 1, letter) for request in documents(config) for p, letter in enumerate(request.prompt)}
    assert reached == {(p, letter) for p in range(1, 16) for letter in range(26)}


def test_any_word_that_differs_changes_a_token_s_checksum() -> None:
    ((token, *_),) = run(Executor(SCHOOLBOOK), [Request(1, 10, 1)])
    (right,) = checksums([token])
    random = np.random.default_rng(0)
    for place in range(len(token.logits)):
        for difference in random.integers(1, 1 << 16, 50):
            logits = token.logits.copy()
            logits[place] += difference
            assert checksums([replace(token, logits=logits)])[0] != right
    for field in ("next_token", "x", "y"):
        assert checksums([replace(token, **{field: getattr(token, field) ^ 1})])[0] != right
