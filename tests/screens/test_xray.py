"""The x-ray screen: every cell, bar, letter and number on it is the integer model's value of that very token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from asm.build import Rom, build_rom
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK
from quantize.model import IntegerModel
from quantize.twins.xray import BAR_COLUMNS, BAR_PIXELS, LABEL, bar_places, label, xray
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import requests, verify
from tables.cells import END
from tests.support.models import (
    MERGED,
    begun_anew,
    digit_rom,
    for_target,
    model_for,
    random_model,
    remembering,
    shakespeare_model,
)
from tests.support.planted_bugs import Bug, block, regex
from tests.support.screens import PAGES, TITLE_PAGE, Screens
from tests.support.xray_screen import (
    CELLS,
    LEGEND,
    LETTERS,
    PATIENCE,
    STATUS,
    Tiles,
    assert_shows,
    expected_tiles,
    groups_of,
    press,
    shown,
    traced,
    xray_screen,
)
from trainer.config import ModelConfig


@cache
def schoolbook(config: ModelConfig, target: str = STOCK) -> tuple[IntegerModel, Rom]:
    model = for_target(replace(random_model(config), info={"temperature": 0.9}), target)
    return model, build_rom(model)


@cache
def digits(config: ModelConfig, active: float = 0.1, target: str = STOCK) -> tuple[IntegerModel, Rom]:
    return digit_rom(config, active=active, traced=False, target=target)


MANY_HEADS = {
    "six heads": ModelConfig(9, 4, n_embd=12, n_head=6, n_hidden=8, n_layer=2),
    "more heads than are shown": ModelConfig(9, 4, n_embd=20, n_head=20, n_hidden=8),
}


@cache
def merged_tokens(target: str = STOCK) -> tuple[IntegerModel, Rom]:
    model = model_for(target, ModelConfig(len(MERGED) + 1, 9, n_embd=8, n_head=2, n_hidden=16), lm_head=0.3)
    model = replace(model, symbols=MERGED, info={"temperature": 1.5})
    return model, build_rom(model)


@cache
def gpt2(target: str = STOCK) -> tuple[IntegerModel, Rom]:
    """Its hidden units come in two parts."""
    model = shakespeare_model(target, 9, 16)
    return begun_anew(model), build_rom(model)


FRAMES_TO_THE_X_RAY = 3000
"""Ten seconds of the title, twenty of the names, and ten again."""

MANY_LAYERS = ModelConfig(9, 6, n_embd=12, n_head=6, n_hidden=20, n_layer=3)


@cache
def remembering_model(target: str = STOCK) -> tuple[IntegerModel, Rom]:
    config = remembering(ModelConfig(20, 9, 8, 2, 1, 16), 2, 4, documents=40)
    return digit_rom(config, traced=False, target=target)


MODELS: dict[str, Callable[[], tuple[IntegerModel, Rom]]] = {
    "schoolbook": lambda: schoolbook(ModelConfig(9, 5, n_embd=8, n_head=2, n_hidden=16)),
    "digit columns": lambda: digits(ModelConfig(27, 8, n_embd=16, n_head=4, n_hidden=64, n_layer=2)),
    "digit rows": lambda: digits(ModelConfig(40, 6, n_embd=32, n_head=4, n_hidden=128, n_layer=2), 0.9),
    "one head, cells that share": lambda: digits(ModelConfig(12, 20, n_embd=20, n_head=1, n_hidden=70)),
    "merged tokens": merged_tokens,
    "memory": lambda: remembering_model(),
    "SA-1, memory": lambda: remembering_model(SA1),
    "GPT-2": lambda: gpt2(),
    "SA-1, GPT-2": lambda: gpt2(SA1),
    "SA-1, schoolbook": lambda: schoolbook(MANY_LAYERS, SA1),
    "SA-1, more heads than are shown": lambda: schoolbook(MANY_HEADS["more heads than are shown"], SA1),
    "SA-1, digit columns": lambda: digits(ModelConfig(27, 8, 16, 4, 2, 64), target=SA1),
    "SA-1, digit rows": lambda: digits(ModelConfig(40, 20, 24, 2, 3, 100), 0.9, SA1),
    "SA-1, merged tokens": lambda: merged_tokens(SA1),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_step_shows_the_values_of_its_token(name: str) -> None:
    model, rom = MODELS[name]()
    with xray_screen(rom) as page:
        for document in traced(model, model.config.block_size + 3):
            assert_shows(page, model, document, model.temperature)
            press(page, "a")


def test_what_is_drawn_from_is_shown_without_what_top_p_drops() -> None:
    model = replace(random_model(ModelConfig(9, 5, n_embd=8, n_head=2, n_hidden=16)), info={"top_p": 0.6})
    with xray_screen(build_rom(model)) as page:
        documents = traced(model, 8)
        for document in documents:
            assert_shows(page, model, document, model.temperature)
            press(page, "a")
    everything = replace(model, info={})
    pictures = [[xray(m, made, m.temperature, 0, 0).said[-1] for made in documents] for m in (model, everything)]
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize(
    "name",
    ["digit columns", "merged tokens", "GPT-2", "SA-1, digit columns", "SA-1, GPT-2", "SA-1, schoolbook"],
)
def test_bsnes_shows_the_same(name: str) -> None:
    model, rom = MODELS[name]()
    with xray_screen(rom, "bsnes") as page:
        for document in traced(model, 4):
            assert_shows(page, model, document, model.temperature)
            press(page, "a")


def test_merged_tokens_are_spelled_in_full_where_they_are_picked_and_by_their_beginnings_under_bars() -> None:
    model, rom = MODELS["merged tokens"]()
    made = [document[-1].next_token for document in traced(model, 60)]
    longest = max(map(len, MERGED))
    with xray_screen(rom) as page:
        seen = []
        for token in made:
            text = "" if token == model.config.bos else MERGED[token].replace(" ", "_").replace("\n", " ")
            assert page.rows()[STATUS][13 + 1 : 13 + 1 + longest] == text.ljust(longest)
            seen.append(len(text))
            press(page, "a")
    assert max(seen) == longest, "none was as long as any"
    assert bar_places(MERGED) == (BAR_COLUMNS // (LABEL + 1), LABEL)


def test_a_label_shows_spaces_and_the_end() -> None:
    assert bytes(label(["a", " the"], 1, 3)) == b"_th"
    assert bytes(label(["a", " the"], 0, 3)) == b"a  "
    assert label(["a", " the"], 2, 2) == (END, ord(" "))


def test_a_context_longer_than_the_screen_shows_its_last_positions() -> None:
    model = random_model(ModelConfig(60, 24, n_embd=4, n_head=1, n_hidden=4), lm_head=0.2)
    made = traced(model, 60)
    with xray_screen(build_rom(model)) as page:
        for document in made:
            if document[-1].position in (15, 16, 23):
                assert_shows(page, model, document, model.temperature)
            press(page, "a")
    assert any(len(document) == 24 for document in made)


def test_the_end_has_no_bar_before_the_first_letter() -> None:
    model = random_model(ModelConfig(5, 4, n_embd=4, n_head=1, n_hidden=4), lm_head=0.0)  # all are alike
    first, second = traced(model, 2)
    assert xray(model, first, model.temperature, 0, 0).said[-1].pixels == (BAR_PIXELS,) * 4 + (0,)
    assert xray(model, second, model.temperature, 0, 0).said[-1].pixels == (BAR_PIXELS,) * 5
    with xray_screen(build_rom(model)) as page:
        assert_shows(page, model, first, model.temperature)
        press(page, "a")
        assert_shows(page, model, second, model.temperature)


@pytest.mark.parametrize(
    "name",
    ["digit columns", "GPT-2", *(name for name in MODELS if name.startswith("SA-1")), *MANY_HEADS],
)
def test_l_and_r_look_at_other_layers_and_heads_of_the_same_token(name: str) -> None:
    model, rom = schoolbook(MANY_HEADS[name]) if name in MANY_HEADS else MODELS[name]()
    made = traced(model, 3)
    groups = groups_of(model)
    views, view = model.config.n_layer * groups, (model.config.n_layer - 1) * groups
    with xray_screen(rom) as page:
        press(page, "a")
        for button in ("r",) * views + ("l",):
            press(page, button)
            view = (view + (1 if button == "r" else -1)) % views
            assert_shows(page, model, made[1], model.temperature, view)
        press(page, "a")
        assert_shows(page, model, made[2], model.temperature, view)


def test_the_cross_changes_temperature_and_seed_and_begins_again() -> None:
    model, rom = MODELS["digit columns"]()
    with xray_screen(rom) as page:
        press(page, "a")
        for _ in range(model.temperature):
            press(page, "left")
        assert_shows(page, model, traced(model, 1, tenths=0)[0], 0)
        assert page.rows()[STATUS].startswith(" greedy")
        press(page, "right")
        press(page, "up")
        assert_shows(page, model, traced(model, 1, seed=2, tenths=1)[0], 1)


@pytest.mark.parametrize(
    ("button", "name"), [("b", "digit columns"), ("start", "digit columns"), ("b", "SA-1, digit columns")]
)
def test_a_new_name_begins_with_the_random_numbers_that_come_next(button: str, name: str) -> None:
    model, rom = MODELS[name]()
    now = traced(model, 2)[1][-1]
    with xray_screen(rom) as page:
        press(page, "a")
        press(page, button)
        assert page.word("xray_random") == now.x
        assert page.word("made_position") == 0
        assert page.rows()[LETTERS][CELLS + 2 : LEGEND].isspace()


def test_holding_a_runs_slowly_and_letting_go_stops() -> None:
    _, rom = MODELS["digit columns"]()
    with xray_screen(rom) as page:
        before = page.word("tokens_made")
        page.console.press("a")
        page.console.run(120)
        page.console.release()
        page.console.run(30)
        made = page.word("tokens_made") - before
        assert 8 <= made <= 12
        page.console.run(60)
        assert page.word("tokens_made") - before == made


@pytest.mark.parametrize("name", ["digit columns", "SA-1, digit columns"])
def test_a_token_appears_whole_in_one_picture(name: str) -> None:
    """While it runs, no frame shows a part of one token beside a part of another."""
    model, rom = MODELS[name]()
    pictures = [xray(model, document, model.temperature, 1, 0) for document in traced(model, 12)]
    wholes = [expected_tiles(model, picture) for picture in pictures]
    with xray_screen(rom) as page:
        page.console.press("a")
        seen = set()
        for _ in range(90):
            page.console.run()
            seen.add(wholes.index(shown(page, wholes[0])))
    assert seen >= set(range(6))


def demonstrated(page: Screens, first: Tiles) -> None:
    """Nobody presses: the names, the title again, then this screen, to its first picture."""
    page.console.run_until(lambda _: page.word("page") == 2 * PAGES.index("xray"), FRAMES_TO_THE_X_RAY)
    page.console.run_until(lambda _: shown(page, first) == first, PATIENCE)


@pytest.mark.parametrize("name", ["digit columns", "SA-1, digit columns"])
def test_a_demonstration_shows_one_token_after_the_other_until_a_button_is_pressed(name: str) -> None:
    model, rom = MODELS[name]()
    pictures = [xray(model, document, model.temperature, 1, 0) for document in traced(model, 30)]
    wholes = [expected_tiles(model, picture) for picture in pictures]
    with Console(rom.image) as console:
        page = Screens(console, rom, begin=False)
        demonstrated(page, wholes[0])
        at = 0
        for _ in range(200):
            console.run()
            now = shown(page, wholes[0])
            at += now != wholes[at]
            assert now == wholes[at]
        assert 18 <= at <= 22
        page.push("right")
        assert page.word("page") == TITLE_PAGE
        assert page.word("temperature") == model.temperature


@pytest.mark.parametrize("name", ["digit columns", "GPT-2", "SA-1, digit columns", "SA-1, GPT-2"])
def test_looking_changes_nothing_that_is_computed(name: str) -> None:
    rom = MODELS[name]()[1]
    model = rom.layout.proved.model
    with xray_screen(rom) as page:
        for button in ("a", "a", "b", "a", "r"):
            press(page, button)
        parity = verify(Host(page.console, model), Executor(model), requests(model, 200), tokens=200)
    assert parity.mismatches == 0, parity.first


def test_the_random_models_show_every_shade() -> None:
    """Or the tests above would not see a wrong one."""
    pictures = [
        xray(model, document, model.temperature, 0, 0)
        for model, _ in (made() for made in MODELS.values())
        for document in traced(model, 8)
    ]
    shades = {shade for picture in pictures for row in (picture.stream, picture.hidden) for shade in row}
    assert shades == set(range(-6, 7))
    assert {shade for picture in pictures for head in picture.heads for shade in head} == set(range(7))
    assert {len(picture.bars) for picture in pictures} >= {BAR_COLUMNS, 27, 9, BAR_COLUMNS // (LABEL + 1)}


BUGS = [
    Bug(
        "a shade too bright",
        "xray_cells.asm",
        "cmp (w_ptr), y\n        bcc :+",
        "cmp (w_ptr), y\n        bcc :+\n        bcs :+",
    ),
    Bug("a sign lost", "xray_cells.asm", "sty column", ""),
    Bug("the layer before", "gpt.asm", "lda #layer + 1", "lda #layer + 2"),
    Bug("zeros counted twice", "xray_cells.asm", "inc number", "inc number\n        inc number"),
    Bug("hidden units of the token before", "gpt.asm", regex("call clear_hidden", 4), ""),
    Bug("all heads in one buffer", "xray_cells.asm", "set mul_b, WEIGHTS_ROW", "set mul_b, 0"),
    Bug("a share of the largest weight", "xray_cells.asm", "adc divisor", "ora divisor"),
    Bug("temperature left out", "xray_bars.asm", "lda sample_weights, x", "lda f:distribution, x"),
    Bug("bars too far apart", "xray_bars.asm", "adc #2 * BAR_PITCH", "adc #2 * BAR_PITCH + 2"),
    Bug("bars not rounded", "xray_bars.asm", "adc #0                  ; rounded", "nop"),
    Bug("percent not rounded", "xray_bars.asm", "lda acc + 2             ; half", "lda #0 ; half"),
    Bug(
        "the random number before",
        "xray_texts.asm",
        "lda random_y\n        sta mul_a",
        "lda random_x\n        sta mul_a",
    ),
]


LEGEND_BUGS = [
    Bug("a legend beside other rows", "xray_cells.asm", "at HEADS_ROW, LEGEND", "at HEADS_ROW + 1, LEGEND"),
    Bug("a legend of wrong shades", "xray_cells.asm", "lda entries, y", "lda entries + ENTRY, y"),
    Bug("a legend of wrong texts", "xray_cells.asm", "adc #.loword(entries) + 2", "adc #.loword(entries) + 8"),
    Bug("a negative value as positive", "xray_cells.asm", '.asciiz " -4"', '.asciiz "  4"'),
]


PART = block("layer1.activation1")
GPT2_BUGS = [
    Bug("a part in another's place", PART, "sta a:hidden + 2 * 26", "sta a:hidden + 2 * 0"),
    Bug("a part's last unit of the token before", PART, "(26 - 1)", "(26 - 2)"),
    Bug("units with their slots' bias", PART, regex(r"sbc #\d+"), "sbc #0"),
    Bug("a part not copied", PART, "beq layer1_fc1_part1_unseen", "bra layer1_fc1_part1_unseen"),
    Bug("the layer before", PART, "probe 1, hidden", "probe 0, hidden"),
]


SA1_BOOK_BUGS = [
    Bug("weights of the layer before", "gpt.asm", "cmp #layer + 1", "cmp #layer + 2"),
    Bug("weights that nobody keeps", "gpt.asm", "mvn #WORK_BANK, #^(to)", "tya"),
    Bug("a head in another's place", block("layer2.attention"), "kept_weights + 12,", "kept_weights + 0,"),
    Bug("hidden units of the layer before", block("layer2.activation"), "probe 2, hidden", "probe 1, hidden"),
]


LABEL_BUGS = [
    Bug("a space that is not seen", "labels.asm", "lda #SPACE_SHOWN", "lda #' '"),
    Bug("a label that stays when a shorter one comes", "labels.asm", "bne blank\ndone", "done"),
    Bug("labels without a gap", "xray_texts.asm", "adc #2 * (BAR_PITCH - LABEL_TILES)", "adc #0"),
    Bug("bars of one tile", "xray_bars.asm", ".repeat ::LABEL_TILES, I", ".repeat 1, I"),
    Bug("a token cut short", "xray_texts.asm", "ldy #MAX_TOKEN", "ldy #LABEL_TILES"),
]


@pytest.mark.parametrize(
    ("name", "bug"),
    [("digit columns", bug) for bug in BUGS + LEGEND_BUGS]
    + [("merged tokens", bug) for bug in LABEL_BUGS]
    + [("SA-1, schoolbook", bug) for bug in SA1_BOOK_BUGS]
    + [(name, bug) for bug in GPT2_BUGS for name in ("GPT-2", "SA-1, GPT-2")],
    ids=str,
)
def test_a_wrong_value_on_the_screen_is_noticed(name: str, bug: Bug) -> None:
    model, _ = MODELS[name]()
    with xray_screen(build_rom(model, edit=bug)) as page, pytest.raises(AssertionError):
        for document in traced(model, 30):
            assert_shows(page, model, document, model.temperature)
            press(page, "a")
