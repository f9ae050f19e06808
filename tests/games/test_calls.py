"""What a library's calls refuse, stop and tell; that they work anywhere, and touch nothing that is not theirs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asm.library.files import STACK_BYTES
from asm.library.place import Place
from quantize.kernel import SA1, STOCK
from quantize.model import IntegerModel
from tests.support.library_game import CALL, CORES, NARROW, WIDE, Game, Player, Registers, drawn_after, game, wanted
from tests.support.library_models import SMALL, trained
from tests.support.models import digit_model

OWN = ((0x10, 0x60), (0x1F00, 0x2000), (0x2000, 0x8000))
"""Work RAM that the test's game writes itself: its variables, its stack, its buffers."""

CALLS_STACK = 0x1E80
"""Where the stack is while a call runs."""


@pytest.fixture(scope="module", params=[STOCK, SA1])
def names(request: pytest.FixtureRequest) -> IntegerModel:
    return trained(request.param)


@pytest.fixture(scope="module")
def built(names: IntegerModel) -> Game:
    return game(names)


def test_nothing_comes_before_a_text_begins(built: Game) -> None:
    with Player(built, noise=1) as player:
        player.start()
        for entry in ("gpt_ask", "gpt_next", "gpt_look"):
            player.call(entry)
            assert player.refused
        assert not player.feed("a")
        player.call("gpt_work")


def test_what_cannot_be_given_is_refused_whole(names: IntegerModel, built: Game) -> None:
    config = names.config
    with Player(built) as player:
        player.start()
        player.begin(3, 8)
        assert not player.feed("ab!")
        assert not player.feed("a" * config.block_size)
        assert player.feed("")
        for token in (config.bos, config.vocab_size, 0xFFFF):
            player.call("gpt_feed", token)
            assert player.refused
        assert player.tokens() == wanted(names, 3, 8)
        assert not player.feed("a")


def test_a_text_may_be_given_but_for_one_place(names: IntegerModel, built: Game) -> None:
    text = "a" * (names.config.block_size - 1)
    with Player(built) as player:
        player.start()
        player.begin(3, 8)
        assert player.feed(text)
        assert not player.feed("a")
        assert player.tokens() == wanted(names, 3, 8, [names.symbols.index("a")] * len(text))


def test_a_token_is_given_out_once(names: IntegerModel, built: Game) -> None:
    first, second = wanted(names, 11, 9)[:2]
    with Player(built) as player:
        player.start()
        player.begin(11, 9)
        for token in (first, second):
            player.call("gpt_ask")
            assert not player.refused
            player.call("gpt_ask")  # again: it is asked for already
            player.call("gpt_work")
            player.console.run(3)
            assert player.call("gpt_look") == token and not player.refused
            player.call("gpt_look")
            assert player.refused


def test_progress_counts_steps_and_tokens(built: Game) -> None:
    with Player(built) as player:
        player.start()
        player.begin(1, 9)
        player.tokens(2)
        assert player.call("gpt_progress") == built.constants["GPT_STEPS"]
        assert player.word("out_x") == 1


@pytest.mark.parametrize("core", CORES)
def test_a_stopped_token_is_the_same_when_it_is_asked_for_again(
    core: str, names: IntegerModel, built: Game
) -> None:
    """A handler stops it after any number of interrupts."""
    said = wanted(names, 21, 12)
    stopped = 0
    with Player(built, core) as player:
        player.start()
        for after in range(1, 40, 3):
            player.disturb(False)
            player.begin(21, 12)
            player.disturb(stop_after=after)
            got = player.tokens()
            while player.refused and len(got) < len(said):
                stopped += 1
                got += player.tokens()
            assert got == said
    assert stopped > 3


@pytest.mark.parametrize("core", CORES)
def test_every_byte_that_is_not_the_library_s_stays(core: str, names: IntegerModel, built: Game) -> None:
    mine = np.zeros(0x20000, bool)
    for first, end in OWN:
        mine[first:end] = True
    mine[CALLS_STACK - STACK_BYTES : CALLS_STACK + 1] = True
    for area in built.library.areas:
        if area.begin < 0x2000 or area.begin >> 16 in (0x7E, 0x7F):
            mine[area.begin & 0x1FFFF : (area.last & 0x1FFFF) + 1] = True
    with Player(built, core, noise=5) as player:
        before, vram = player.console.wram.copy(), player.console.vram.copy()
        saved = player.console.sram.copy()
        at = Registers(s=CALLS_STACK)
        player.call("gpt_start", state=at)
        player.call("gpt_begin", 4, Registers(s=CALLS_STACK, x=9, y=80))
        player.call("gpt_next", state=at, many=100)
        changed = np.flatnonzero((player.console.wram != before) & ~mine)
        assert not len(changed), [hex(place) for place in changed[:5]]
        assert (player.console.vram == vram).all()
        own = np.zeros(len(saved), bool)
        for area in built.library.areas:
            if area.begin >> 16 in (0x40, 0x41):
                own[area.begin & 0x1FFFF : (area.last & 0x1FFFF) + 1] = True
        assert (player.console.sram[~own] == saved[~own]).all()


@pytest.mark.parametrize("core", CORES)
def test_a_handler_asks_and_looks(core: str, names: IntegerModel, built: Game) -> None:
    """The main loop does nothing but let the library compute."""
    with Player(built, core, noise=3) as player:
        player.start()
        for seed in range(1, 9):
            player.disturb(False)
            player.begin(seed, 10, 95)
            assert player.feed("b" if seed % 2 else "")
            given = [names.symbols.index("b")] if seed % 2 else []
            assert player.played() == wanted(names, seed, 10, given, 95)


def test_a_stopped_text_can_be_fed_and_begun(names: IntegerModel, built: Game) -> None:
    """Also while the SA-1 is still at the token that nobody wants any more."""
    z = names.symbols.index("z")
    with Player(built, noise=3) as player:
        player.start()
        for seed in range(1, 40):
            player.begin(seed, 10)
            said = player.tokens(1)
            player.call("gpt_ask")
            player.call("gpt_stop")
            player.call("gpt_feed", z)
            if player.refused:  # it was made before
                continue
            assert player.tokens() == drawn_after(names, [*said, z], seed, 10)


def test_far_banks_of_an_sa1_cartridge_run() -> None:
    model = trained(SA1)
    for bank in (62, 70, 126):
        for core in CORES:
            with Player(game(model, Place(first_bank=bank)), core) as player:
                player.start()
                player.begin(1, 8)
                assert player.tokens() == wanted(model, 1, 8), (bank, core)


@st.composite
def places(draw: st.DrawFn) -> Place:
    return Place(
        first_bank=draw(st.integers(1, 40)),
        direct_page=draw(st.integers(1, 22)) << 8,
        ram=draw(st.integers(0x7E8000, 0x7EE000)),
        dma_channel=draw(st.sampled_from([None, *range(8)])),
        ppu_multiplier=draw(st.booleans()),
    )


states = st.builds(
    Registers,
    flags=st.sampled_from([WIDE, NARROW, 0x20, 0x10, 0x08, 0x04]),
    d=st.integers(0, 0xFFFF),
    b=st.integers(0, 0xFF),
    s=st.integers(0x1E80, 0x1FC0),
    x=st.integers(0, 0xFFFF),
    y=st.integers(0, 0xFFFF),
)


@settings(max_examples=12)
@given(places(), st.lists(states, min_size=11, max_size=11), st.sampled_from(CORES))
def test_it_works_wherever_it_is_and_whoever_calls(place: Place, callers: list[Registers], core: str) -> None:
    """Direct page, data bank, stack, widths and flags are anything, at every call."""
    model = digit_model(SMALL, 2)
    said = wanted(model, 6, 15)[: len(callers)]
    with Player(game(model, place), core, noise=9) as player:
        player.start()
        player.begin(6, 15)
        got = [player.call("gpt_next", state=state) for state in callers]
    assert got[: len(said)] == said


@settings(max_examples=4)
@given(
    st.integers(1, 40), st.sampled_from([0x400000, 0x402000, 0x404100]), st.lists(states, min_size=11, max_size=11)
)
def test_so_does_that_for_the_sa1(bank: int, ram: int, callers: list[Registers]) -> None:
    model = digit_model(SMALL, 2, target=SA1)
    said = wanted(model, 6, 15)[: len(callers)]
    with Player(game(model, Place(first_bank=bank, ram=ram))) as player:
        player.start()
        player.begin(6, 15)
        got = [player.call("gpt_next", state=state) for state in callers]
    assert got[: len(said)] == said


def test_the_game_goes_on_while_the_sa1_computes() -> None:
    """gpt_work returns at once: the other processor computes by itself."""
    model = trained(SA1)
    with Player(game(model)) as player:
        player.start()
        player.begin(1, 5)
        player.call("gpt_ask")
        player.put("go", CALL)
        player.console.run(2)
        assert player.call("gpt_look") == wanted(model, 1, 5)[0]
