"""The x-ray screen as it should be, tile by tile, for a token of the integer model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from asm.build import Rom
from asm.kernels.attention import MAX_SHOWN_HEADS
from quantize.executor import Executor
from quantize.fixed import ONE
from quantize.model import IntegerModel
from quantize.sampler import Request, Token, run
from quantize.twins.xray import ACROSS, BAR_PIXELS, HEADS, SHORT_BAR_PIXELS, Xray, bar_places, label, xray
from snesgpt.emulator.console import Console
from tables.cells import BAR, BASE, ELLIPSIS, END, LINE, POSITIVE, SHARES, SIGNED, WHOLE, future, heat
from tests.support.screens import INKS, Screens

LETTERS, FIRST_HEAD, STREAM, HIDDEN, STATUS = 4, 5, 9, 10, 24
BAR_ROWS, BAR_LETTERS = {2: (14, 18), 3: (14, 17, 20)}, {2: 22, 3: 23}
BAR_INKS = {2: ("grey", "sky"), 3: ("grey", "paper", "sky")}
"""By how many pictures of bars there are."""

CELLS, BARS, LEGEND = 10, 2, 27
SHARES_TOLD, VALUES_TOLD = (6, 4, 3, 1), (6, 4, 0, -4, -6)
"""The shades that the legend tells, from its top: shares of attention, then values."""

BLANK = (ord(" "), 0)
PATIENCE = 3000
Place = tuple[int, int]
Tile = tuple[int, int]
Tiles = dict[Place, Tile]


def tile_of(model: IntegerModel, token: int, ink: str) -> Tile:
    """Where there is room for one character: a space before a word is none."""
    if token == model.config.bos:
        return END, INKS.index(ink)
    tile = ord((model.symbols[token].lstrip(" ") or " ")[0])
    return BLANK if tile == BLANK[0] else (tile, INKS.index(ink))


def labelled(model: IntegerModel, token: int, place: Place, tiles: int, ink: str) -> Tiles:
    """A token's label at a place."""
    row, column = place
    found = {
        (row, column + n): (tile, INKS.index(ink)) for n, tile in enumerate(label(model.symbols, token, tiles))
    }
    return {where: BLANK if tile[0] == BLANK[0] else tile for where, tile in found.items()}


def merged(model: IntegerModel) -> bool:
    return max(map(len, model.symbols)) > 1


def bar(pixels: int, ink: str, tiles: int) -> list[Tile]:
    """Its tiles, from the foot."""
    if not pixels:
        return [(BASE, LINE), *[BLANK] * (tiles - 1)]
    parts = [min(max(pixels - low, 0), 8) for low in range(0, 8 * tiles, 8)]
    return [(BAR + part - 1, INKS.index(ink)) if part else BLANK for part in parts]


def legend() -> Tiles:
    """What the shades mean: the least share in percent, the least value in units, beside the rows it is for."""
    texts = [f"{(100 * SHARES[shade - 1] + WHOLE // 2) // WHOLE}%" for shade in SHARES_TOLD]
    texts += [f"{least_of(shade):g}" for shade in VALUES_TOLD]
    tiles = written("from", (LETTERS, LEGEND))
    for row, (shade, text) in enumerate(zip(SHARES_TOLD + VALUES_TOLD, texts, strict=True), FIRST_HEAD):
        tiles |= {(row, LEGEND): heat(shade)} | written(f"{text:>3}", (row, LEGEND + 1))
    return tiles


def least_of(shade: int) -> float:
    """The value of least magnitude that has a shade: alike in the stream and, above zero, the hidden units."""
    if not shade:
        return 0
    least = SIGNED[abs(shade) - 1]
    assert shade < 0 or least == POSITIVE[shade - 1], "one legend would not serve both"
    return (least if shade > 0 else -least) / ONE


def written(text: str, place: Place) -> Tiles:
    """A text in grey."""
    row, column = place
    return {
        (row, column + n): BLANK if letter == " " else (ord(letter), INKS.index("grey"))
        for n, letter in enumerate(text)
    }


def expected_tiles(model: IntegerModel, picture: Xray) -> Tiles:
    """Every picture and every letter of the model's on the screen, by row and column."""
    tiles: Tiles = legend() | {(LETTERS, CELLS - 1): (ELLIPSIS, 3) if picture.first else BLANK}
    for place in range(ACROSS + 1):
        tiles[LETTERS, CELLS + place] = BLANK
    for place, token in enumerate(picture.letters):
        ink = "gold" if place + 1 == len(picture.letters) else "paper"
        tiles[LETTERS, CELLS + place] = tile_of(model, token, ink)
    for head in range(HEADS):
        shades: list[Tile] = [heat(shade) for shade in picture.heads[head]] if head < len(picture.heads) else []
        rest: Tile = future() if shades else BLANK
        row = [*shades, *[rest] * (ACROSS - len(shades))]
        tiles |= {(FIRST_HEAD + head, CELLS + n): tile for n, tile in enumerate(row)}
    for first, shades_of in ((STREAM, picture.stream), (HIDDEN, picture.hidden)):
        for n in range(ACROSS * (1 if first == STREAM else 4)):
            tile = heat(shades_of[n]) if n < len(shades_of) else BLANK
            tiles[first + n // ACROSS, CELLS + n % ACROSS] = tile
    width = bar_places(model.symbols)[1]
    pitch = width + (width > 1)
    lines, letters = BAR_ROWS[len(picture.said)], BAR_LETTERS[len(picture.said)]
    height = (BAR_PIXELS if len(lines) == 2 else SHORT_BAR_PIXELS) // 8
    for n, token in enumerate(picture.bars):
        picked = token == picture.picked
        column = BARS + n * pitch
        tiles |= labelled(model, token, (letters, column), width, "gold" if picked else "grey")
        for line, ink, said in zip(lines, BAR_INKS[len(lines)], picture.said, strict=True):
            for part, tile in enumerate(bar(said.pixels[n], "gold" if picked else ink, height)):
                tiles |= {(line + height - part, column + across): tile for across in range(width)}
    for line in lines:
        tiles |= labelled(model, picture.picked, (line, 26 - width), width, "gold")
    longest = max(map(len, model.symbols))
    return tiles | labelled(model, picture.picked, (STATUS, 14 if merged(model) else 20), longest, "gold")


def shown(page: Screens, places: Iterable[Place]) -> Tiles:
    """The tiles at these places; a space has no ink."""
    tiles = {place: page.tile(*place) for place in places}
    return {place: BLANK if tile[0] == BLANK[0] else tile for place, tile in tiles.items()}


def assert_shows(page: Screens, model: IntegerModel, document: list[Token], tenths: int, view: int = -1) -> None:
    """The document's last token, seen at a view: four heads of a layer, all layers in turn."""
    config = model.config
    groups = groups_of(model)
    layer, group = divmod(view % (groups * config.n_layer) if view >= 0 else (config.n_layer - 1) * groups, groups)
    picture = xray(model, document, tenths, layer, HEADS * group)
    expected = expected_tiles(model, picture)
    assert shown(page, expected) == expected
    rows = page.rows()
    labels = [f" head {HEADS * group + n + 1:2}" for n in range(HEADS)]
    for n in range(HEADS):
        assert rows[FIRST_HEAD + n][:8] == (labels[n] if n < len(picture.heads) else " " * 8)
    assert rows[STREAM].startswith(" stream ") and rows[HIDDEN].startswith(" hidden ")
    assert rows[HIDDEN + 1][:CELLS].split() == [str(picture.zeros), "of"]
    assert rows[HIDDEN + 2][:CELLS].split() == [str(config.n_hidden), "zero"]
    for line, said in zip(BAR_ROWS[len(picture.said)], picture.said, strict=True):
        assert rows[line][:23].split() == [*said.title.split(), "T", f"{said.tenths / 10:.1f}"]
        assert rows[line][26:].split() == [f"{said.percent}%"]
    drawn = "greedy" if picture.thousandths is None else f"random 0.{picture.thousandths:03}"
    if merged(model):
        assert rows[STATUS][1:14] == f"{drawn[-6:]} picks "
    else:
        assert rows[STATUS][1:20] == f"{drawn:12} picks "
    if config.n_layer > 1:
        assert f"layer {layer + 1}" in rows[1]
    assert f"T {tenths / 10:.1f} seed" in rows[2]


def groups_of(model: IntegerModel) -> int:
    """Views of a layer."""
    return -(-min(model.config.n_head, MAX_SHOWN_HEADS) // HEADS)


@contextmanager
def xray_screen(rom: Rom, core: str = "snes9x") -> Iterator[Screens]:
    with Console(rom.image, core) as console:
        console.scramble(1)
        page = Screens(console, rom)
        page.open("xray")
        settle(page)
        yield page


def settle(page: Screens) -> None:
    """Until the token is computed and shown."""
    page.console.run(2)
    page.console.run_until(lambda _: not page.word("xray_pending") and not page.word("abandonable"), PATIENCE)
    page.console.run(12)


def press(page: Screens, button: str) -> None:
    page.push(button)
    settle(page)


def traced(model: IntegerModel, count: int, seed: int = 1, tenths: int | None = None) -> list[list[Token]]:
    """The documents of the first `count` tokens, each as far as it is made then."""
    request = Request(seed, model.temperature if tenths is None else tenths, count, top_p=model.top_p)
    (tokens,) = run(Executor(model), [request], traced=True)
    starts = [n for n, token in enumerate(tokens) if token.position == 0]
    return [tokens[max(s for s in starts if s <= n) : n + 1] for n in range(count)]
