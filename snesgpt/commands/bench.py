"""`snesgpt bench ROM`: clocks per token and per stage, and how many times another cartridge's speed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snesgpt.commands.sample import tenths_of
from snesgpt.files import FileCommand, InputFile
from snesgpt.terminal import say
from trainer.errors import InputError

if TYPE_CHECKING:
    from quantize.model import IntegerModel
    from snesgpt.bench.representative_text import Text
    from snesgpt.bench.speed import Speed
    from trainer.weights import Weights

STAGE_TOKENS = 300
STAGE_FRAMES = 6000
"""A ROM that takes longer than this for its tokens gets STAGE_TOKENS for its stages."""

SCHOOLBOOK_TOKENS = 100
UNACCOUNTED = 0.02
MAX_TEMPERATURE = 2.0
PREPARATIONS = 4


@click.command("bench", cls=FileCommand)
@click.argument("rom", type=InputFile(), default=Path("build/snes_gpt.sfc"))
@click.option("--model", type=InputFile(), help="Integer model.  [default: found by ROM]")
@click.option("--weights", type=InputFile(), help="Float weights, for a comparison.  [default: beside MODEL]")
@click.option("--core", default="bsnes", help="snes9x, bsnes, rtl or the path of a libretro core.")
@click.option("--tokens", type=click.IntRange(1), default=1000, help="Time at least this many tokens.")
@click.option(
    "--temperature", type=click.FloatRange(0, MAX_TEMPERATURE), help="0 = greedy.  [default: the ROM's own]"
)
@click.option("--no-schoolbook", is_flag=True, help="Skip the comparison.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    rom: Path,
    model: Path | None,
    weights: Path | None,
    core: str,
    tokens: int,
    temperature: float | None,
    no_schoolbook: bool,
    as_json: bool,
) -> None:
    """Time ROM with its display on, then as a bare loop, and show where the clocks go.

    The documents timed are those of a seed whose tokens look at as many positions as the tokens of a long run. The
    stages are timed in a build of MODEL that notes the beam at every stage; the cost of the notes is measured and
    taken off. The predicted clocks are those of `snesgpt build`. The schoolbook cartridge of the same weights is
    timed in the same way; of an SA-1 ROM, the stock cartridge of the same weights and the same kind of kernels.
    """
    from asm.build import build_rom
    from asm.cartridge.header import read_image
    from asm.cost.long_run import long_run
    from asm.cost.predict import predict
    from asm.layout import plan
    from quantize.kernel import STOCK
    from quantize.ranges import prove
    from snesgpt.bench.beam_clock import FRAME_CLOCKS
    from snesgpt.bench.names_screen import names_to_a_page
    from snesgpt.bench.representative_text import typical_text
    from snesgpt.bench.speed import MAX_DOCUMENTS, MIN_SKIPPED, SKIPPED
    from snesgpt.bench.stage_clocks import measure_stages
    from snesgpt.progress import bars
    from snesgpt.verify.find_model import find_model

    image = read_image(rom)
    tenths = None if temperature is None else tenths_of(temperature)
    with bars() as bar:
        tell = bar("preparing", PREPARATIONS)
        found = find_model(rom, image, model)
        integers = found.proved.model
        tell(1)
        float_weights = None
        if not no_schoolbook:
            float_weights = _read_weights(weights or found.path.with_name("weights.npz"), integers)
        rival = "stock" if integers.target != STOCK else "schoolbook"
        rival_model = None
        if float_weights:
            rival_model = _stock(float_weights, integers) if rival == "stock" else _schoolbook(float_weights)
        tell(2)
        addresses = _addresses(rom, image, integers)
        tell(3)
        integers = _at_temperature(integers, tenths)
        whole, names = long_run(integers, bar), names_to_a_page(addresses)
        prediction = predict(plan(prove(integers), bar=bar), bar)
        slow = prediction is None or prediction.clocks_per_token > FRAME_CLOCKS
        text = typical_text(integers, whole, tokens, names, MIN_SKIPPED if slow else SKIPPED)
        tell(PREPARATIONS)
        speed = _speed(image, addresses, core, text, tenths, bar("tokens", text.tokens))
        shown_nothing = typical_text(integers, whole, tokens, MAX_DOCUMENTS, SKIPPED)
        bare = _bare(image, addresses, core, shown_nothing, integers, bar("bare loop", shown_nothing.tokens))
        fewer = min(tokens, STAGE_TOKENS) if speed.frames > STAGE_FRAMES else tokens
        staged = typical_text(integers, whole, fewer, names, 0)
        profile = measure_stages(
            build_rom(integers, profiled=True),
            core,
            staged.tokens,
            tenths=tenths,
            seed=staged.seed,
            progress=bar("stages", staged.tokens),
        )
        compared = None
        if rival_model is not None:
            other = _at_temperature(rival_model, tenths)
            short = typical_text(other, long_run(other), min(tokens, SCHOOLBOOK_TOKENS), names, MIN_SKIPPED)
            compared = _speed(*_built(other), core, short, tenths, bar(rival, short.tokens))
    stages = _with_shares(profile.stages(), prediction.stages if prediction else None)
    report: dict[str, Any] = {
        "rom": str(rom),
        "core": core,
        "temperature": integers.temperature / 10,
        "seed": text.seed,
        "positions": text.positions,
        "long_run_positions": whole.positions,
        **_figures(speed),
        "bare": _figures(bare),
        "screen_share": 1 - bare.clocks_per_token / speed.clocks_per_token,
        "predicted": _total(stages, "predicted"),
        "stages_sum": _total(stages, "measured"),
        "stages_tokens": profile.tokens,
        "stages": stages,
        "schoolbook": None,
        "stock": None,
        "ratio": compared.clocks_per_token / speed.clocks_per_token if compared else None,
        **({rival: _figures(compared)} if compared else {}),
    }
    say(json.dumps(report, indent=2) if as_json else _text(report))
    if abs(report["stages_sum"] / speed.clocks_per_token - 1) > UNACCOUNTED + 2 * speed.relative_error:
        say(
            f"snesgpt: warning: the stages sum to {report['stages_sum']:,.0f} clocks, the ROM takes "
            f"{speed.clocks_per_token:,.0f}: did another version build it?",
            err=True,
        )


def _read_weights(path: Path, model: IntegerModel) -> Weights:
    """Raises InputError when they are missing or of another shape than the model."""
    from snesgpt.selection.belonging import check_same
    from trainer.weights import load_weights

    if not path.exists():
        raise InputError(
            f"{path} does not exist: what ROM is compared with is made from it; give --weights or --no-schoolbook"
        )
    weights = load_weights(path)
    check_same(weights, model)
    return weights


def _schoolbook(weights: Weights) -> IntegerModel:
    """The same weights without digits. Raises InputError, before anything is timed, when they have no room."""
    from quantize.convert import quantize

    try:
        return quantize(weights, "schoolbook")
    except InputError as error:
        raise InputError(f"the schoolbook has no room for these weights ({error}): give --no-schoolbook") from error


def _stock(weights: Weights, model: IntegerModel) -> IntegerModel:
    """The same weights for the stock console, multiplied in the same way. Raises InputError without room there."""
    from quantize.program import on_digits
    from snesgpt.selection.kernel_choice import LARGEST_ROM, choose

    try:
        return choose(weights, "auto" if on_digits(model.program) else "schoolbook", LARGEST_ROM).model
    except InputError as error:
        raise InputError(
            f"the stock console has no room for these weights ({error}): give --no-schoolbook"
        ) from error


def _addresses(rom: Path, image: bytes, model: IntegerModel) -> Mapping[str, int]:
    """Names of work RAM: from building the model once more, or from the symbols beside a ROM of other sources.

    Raises InputError for such a ROM without symbols.
    """
    from asm.build import build_rom, read_symbols, symbols

    built, beside = build_rom(model), rom.with_suffix(".dbg")
    if built.image == image:
        return symbols(built.debug)
    if not beside.is_file():
        raise InputError(f"{beside} is missing and {rom} is not what the model becomes: run `snesgpt build` again")
    say(
        f"snesgpt: warning: {rom} computes what its model does, but is not what this version builds from it: "
        "the speeds are the ROM's, the stages and the prediction are this version's",
        err=True,
    )
    return read_symbols(beside)


def _at_temperature(model: IntegerModel, tenths: int | None) -> IntegerModel:
    return model if tenths is None else replace(model, info={**model.info, "temperature": tenths / 10})


def _built(model: IntegerModel) -> tuple[bytes, Mapping[str, int]]:
    from asm.build import build_rom, symbols

    rom = build_rom(model)
    return rom.image, symbols(rom.debug)


def _speed(
    image: bytes,
    addresses: Mapping[str, int],
    core: str,
    text: Text,
    tenths: int | None,
    progress: Callable[[int], None],
) -> Speed:
    from snesgpt.bench.names_screen import NamesPage
    from snesgpt.bench.speed import measure_speed
    from snesgpt.emulator.console import Console

    with Console(image, core) as console:
        return measure_speed(
            NamesPage(console, addresses, tenths=tenths, seed=text.seed),
            text.tokens,
            progress,
            skipped=text.skipped,
        )


def _bare(
    image: bytes,
    addresses: Mapping[str, int],
    core: str,
    text: Text,
    model: IntegerModel,
    progress: Callable[[int], None],
) -> Speed:
    from snesgpt.bench.names_screen import NamesPage
    from snesgpt.bench.speed import measure_bare
    from snesgpt.emulator.console import Console

    with Console(image, core) as console:
        page = NamesPage(console, addresses)
        return measure_bare(page, text.tokens, model.temperature, text.seed, progress, top_p=model.top_p)


def _figures(speed: Speed) -> dict[str, float]:
    return {
        "clocks_per_token": speed.clocks_per_token,
        "tokens_per_second": speed.tokens_per_second,
        "relative_error": speed.relative_error,
        "tokens": speed.tokens,
        "frames": speed.frames,
        "pages": speed.pages,
    }


def _with_shares(
    measured: Mapping[str, float], predicted: Mapping[str, float] | None
) -> dict[str, dict[str, float | None]]:
    """Stage → predicted, measured, share of all. A prediction may spell layer0_q as layer0.q."""
    known = {name.replace(".", "_"): clocks for name, clocks in (predicted or {}).items()}
    total = sum(measured.values())
    return {
        name: {"predicted": known.get(name), "measured": clocks, "share": clocks / total}
        for name, clocks in measured.items()
    }


def _total(stages: Mapping[str, Mapping[str, float | None]], column: str) -> float | None:
    """The sum of a column, None if it has a gap."""
    found = [stage[column] for stage in stages.values()]
    numbers = [clocks for clocks in found if clocks is not None]
    return sum(numbers) if len(numbers) == len(found) else None


def _text(report: Mapping[str, Any]) -> str:
    lines = [f"{'stage':28}{'predicted':>12}{'measured':>12}{'share':>8}"]
    for name, stage in report["stages"].items():
        lines.append(f"{name:28}{_clocks(stage['predicted'])}{_clocks(stage['measured'])}{stage['share']:8.1%}")
    lines.append(f"{'sum':28}{_clocks(report['predicted'])}{_clocks(report['stages_sum'])}{1:8.1%}")
    lines.append(f"{'display on, all included':28}{'':12}{_clocks(report['clocks_per_token'])}")
    lines.append("")
    lines.append(
        f"{report['core']}, T = {report['temperature']}: {report['tokens_per_second']:,.2f} tokens/s, "
        f"{report['clocks_per_token']:,.0f} clocks a token ± {report['relative_error']:.2%} "
        f"({report['tokens']:,} tokens of seed {report['seed']} in {report['frames']:,} frames)"
    )
    lines.append(
        f"bare loop: {report['bare']['tokens_per_second']:,.2f} tokens/s, "
        f"{report['bare']['clocks_per_token']:,.0f} clocks a token; "
        f"screen, pad and sound take {report['screen_share']:.1%}"
    )
    for rival in ("schoolbook", "stock"):
        if report[rival]:
            lines.append(
                f"{rival}: {report[rival]['tokens_per_second']:,.2f} tokens/s, "
                f"{report[rival]['clocks_per_token']:,.0f} clocks a token; ratio {report['ratio']:,.1f}"
            )
    return "\n".join(lines)


def _clocks(number: float | None) -> str:
    return f"{'–':>12}" if number is None else f"{number:12,.0f}"
