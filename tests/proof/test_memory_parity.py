"""Link 4 for models with a memory: any of its shapes, every intermediate of every token, on both machines."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asm.build import build_rom
from asm.kernels.context import MOST_LISTED, records_beside_ram
from asm.layout import plan
from quantize.contexts import contexts_of
from quantize.kernel import SA1, TARGETS
from quantize.ranges import prove
from quantize.schedule import HEAD, LOGITS
from tests.support.models import digit_model, digit_rom, for_target, random_model, remembering
from tests.support.shape_parity import liveliness, parity
from trainer.config import ModelConfig
from trainer.errors import InputError

SMALL = ModelConfig(vocab_size=12, block_size=7, n_embd=8, n_head=2, n_hidden=16)
MEMORIES = {
    "vectors of two, logits of four": (SMALL, 2, 4, True),
    "no table for the front": (SMALL, 2, 3, False),
    "vectors of three, longer than logits": (SMALL, 3, 2, True),
    "vectors alone": (SMALL, 4, 0, True),
    "logits alone": (SMALL, 0, 4, True),
    "two layers, 300 tokens": (ModelConfig(300, 9, 12, 3, 2, 20), 2, 3, None),
    "slots beyond the direct page": (ModelConfig(12, 7, 72, 2, 1, 16), 2, 4, None),
    "140 positions": (ModelConfig(9, 140, 8, 1, 1, 12), 2, 3, None),
}
IN_BSNES = ("vectors of two, logits of four", "no table for the front")

ON_TARGETS = pytest.mark.parametrize("target", TARGETS)


@ON_TARGETS
@pytest.mark.parametrize("memory", MEMORIES.values(), ids=MEMORIES)
def test_every_intermediate_equals_the_integer_model(
    memory: tuple[ModelConfig, int, int, bool | None], target: str
) -> None:
    shape, vectors, logits, front = memory
    model, rom = digit_rom(remembering(shape, vectors, logits, documents=20), 1, front=front, target=target)
    assert liveliness(model)[LOGITS] > 0.3
    parity(model, rom, "snes9x", 2)


@ON_TARGETS
def test_records_beyond_two_megabytes_where_a_stock_console_shows_no_ram(target: str) -> None:
    config = remembering(ModelConfig(512, 7, 8, 2, 1, 16), 2, 4, documents=160)
    model, rom = digit_rom(config, 3, target=target)
    assert records_beside_ram(rom.layout.routines[0].site) == (target == SA1)
    assert len(rom.image) > 2 << 20
    parity(model, rom, "snes9x", 1)


def test_wide_rows_beside_such_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asm.kernels.fused.records_beside_ram", lambda site: False)
    with pytest.raises(InputError, match="larger --memory-least"):
        digit_rom(remembering(ModelConfig(12, 7, 72, 2, 1, 16), 2, 4, documents=20), 3)


def test_rows_in_sections_are_refused() -> None:
    model = digit_model(remembering(SMALL, 2, 4, documents=20), 3).with_numbers(HEAD, sections=2)
    with pytest.raises(InputError, match="lm_head's rows come in sections"):
        plan(prove(model))


@ON_TARGETS
def test_the_schoolbook_adds_what_it_says(target: str) -> None:
    model = for_target(random_model(remembering(SMALL, 2, 4, documents=20), 3), target)
    assert liveliness(model)[LOGITS] > 0.3
    parity(model, build_rom(model, traced=True), "snes9x", 2)


@ON_TARGETS
@pytest.mark.parametrize("name", IN_BSNES)
def test_every_intermediate_in_the_exact_emulator(name: str, target: str) -> None:
    shape, vectors, logits, front = MEMORIES[name]
    model, rom = digit_rom(remembering(shape, vectors, logits, documents=20), 2, front=front, target=target)
    parity(model, rom, "bsnes", 1)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(2, 40),
    st.integers(2, 12),
    st.tuples(st.sampled_from((0, 2, 3, 4)), st.sampled_from((0, 2, 3, 4))).filter(any),
    st.integers(1, 60),
    st.sampled_from(TARGETS),
)
def test_any_memory(vocab: int, context: int, longest: tuple[int, int], documents: int, target: str) -> None:
    config = remembering(ModelConfig(vocab, context, 8, 2, 1, 16), *longest, documents=documents)
    parity(*digit_rom(config, documents, target=target), "snes9x", 1)


def test_records_list_few_children_and_have_a_place_for_each_of_many() -> None:
    config = remembering(SMALL, 2, 4, documents=20)
    sizes = [len(tokens) for tokens, _nodes in contexts_of(config, 4).children_in_order]
    assert sum(0 < size <= MOST_LISTED for size in sizes) > 0 and max(sizes) > MOST_LISTED
    assert 0 in sizes[: len(contexts_of(config, 4).children)]
