"""`snesgpt build`: the integer model as assembly and as a cartridge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from snesgpt.files import CARTRIDGE, FileCommand, InputFile, OutputFile, OutputFolder
from snesgpt.terminal import say

MODEL, WEIGHTS, ROM = Path("build/model.npz"), Path("build/weights.npz"), Path("build/snes_gpt.sfc")
LARGEST = 4096
"""Where stages leave and look for things, and the KiB that a cartridge may have."""


def with_symbols(path: Path) -> tuple[Path, Path]:
    """A cartridge, and where its symbols go."""
    return path, path.with_suffix(".dbg")


def library_files(folder: Path) -> list[Path]:
    """What a library's folder holds."""
    from asm.library.files import FILES

    return [folder / name for name in FILES]


class Address(click.ParamType[int]):
    """An address in hexadecimal, with 0x or $ before it or not."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Fails for another text."""
        digits = str(value).lower().removeprefix("$").removeprefix("0x")
        if not 1 <= len(digits) <= len("7fffff") or set(digits) - {*"0123456789abcdef"}:
            self.fail(f"{value!r} is no address such as 0x7E8000", param, ctx)
        return int(digits, 16)


ADDRESS = Address()
NO_CHANNEL = "none"
CHANNEL = click.Choice([*map(str, range(8)), NO_CHANNEL])


@click.command("build", cls=FileCommand)
@click.argument("model", type=InputFile(), default=MODEL)
@click.option("--out", type=OutputFile(CARTRIDGE, with_symbols), default=ROM, help="The cartridge.")
@click.option("--library", type=OutputFolder(library_files), help="A folder for a game's library: no cartridge.")
@click.option(
    "--first-bank", type=click.IntRange(1), help="Where the library begins in the game's ROM, in 32 KiB [1]."
)
@click.option("--direct-page", type=ADDRESS, help="Where its low RAM begins, a multiple of 0x100 [0x0A00].")
@click.option("--ram", type=ADDRESS, help="Where its other RAM begins [0x7E8000; BW-RAM: 0x402000].")
@click.option("--dma-channel", type=CHANNEL, help="The channel that it may use, or none [1].")
@click.option("--no-ppu-multiplier", is_flag=True, help="Leave the PPU's multiplier to the game, and be slower.")
@click.option("--trace", is_flag=True, help="Record every intermediate, for `snesgpt verify`.")
@click.option("--dry-run", is_flag=True, help="Only report what the cartridge would cost; assemble nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    model: Path, out: Path, library: Path | None, trace: bool, dry_run: bool, as_json: bool, **place: Any
) -> None:
    """Generate 65816 source from MODEL, assemble and link it, and write the cartridge.

    Beside it go asm/ with every source file, and a .dbg file with symbols for Mesen. If the weights in build/ are
    newer than the model there, they are quantized first, as `snesgpt quantize` does without options.

    With --library a game's library is written instead: see docs/game.md. Addresses are hexadecimal.
    """
    _check_library(library, place, trace=trace, dry_run=dry_run)
    if model == MODEL:
        _quantize_newer_weights()
    if library:
        _write_library(model, library, place, as_json=as_json)
        return
    if dry_run:
        _say(model, traced=trace, as_json=as_json)
        return
    from asm.build import build
    from asm.cost.predict import predict
    from asm.layout import plan
    from quantize.model_file import load_proved
    from snesgpt.progress import bars
    from trainer.errors import InputError
    from trainer.files import write_all

    if model.resolve().parent == (out.parent / "asm").resolve():
        raise InputError(f"{model} is where the sources of {out} go: give another --out")
    with bars() as bar:
        layout = plan(load_proved(model), traced=trace, bar=bar)
        prediction, rom = predict(layout, bar), build(layout, bar=bar)
    image, debug = with_symbols(out)
    sources = {out.parent / "asm" / name: content for name, content in rom.sources.items()}
    write_all(sources | {debug: rom.debug, image: rom.image})  # the cartridge last: when it is there, all are
    if as_json:
        report = {"rom": str(out), "bytes": len(rom.image), "segments": rom.segments}
        report["predicted"] = prediction.report() if prediction else None
        say(json.dumps(report))
        return
    if prediction:
        for stage, clocks in prediction.stages.items():
            say(f"{stage:28} {clocks:10,.0f} clocks a token, predicted")
        say(
            f"predicted: {prediction.clocks_per_token:,.0f} clocks a token, "
            f"{prediction.tokens_per_second:.2f} tokens/s"
        )
    for name, size in rom.segments.items():
        say(f"{name:8} {size:7,} bytes")
    say(f"{out}: {len(rom.image) // 1024} KiB")


def _check_library(library: Path | None, place: dict[str, Any], *, trace: bool, dry_run: bool) -> None:
    """Raises UsageError for options that do not go together."""
    if library is None:
        given = [
            f"--{name.replace('_', '-')}"
            for name, value in place.items()
            if value is not None and value is not False
        ]
        if given:
            raise click.UsageError(f"{given[0]} is for --library")
    elif click.get_current_context().get_parameter_source("out") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--library does not go with --out: no cartridge is made")
    elif trace or dry_run:
        raise click.UsageError(f"--library does not go with {'--trace' if trace else '--dry-run'}")


def _write_library(path: Path, folder: Path, place: dict[str, Any], *, as_json: bool) -> None:
    """The files of a library, all or none, and what they are."""
    from asm.library.files import build_library, library_files
    from asm.library.place import Place
    from quantize.model_file import load_proved
    from snesgpt.progress import bars
    from trainer.files import write_all

    channel, keep_ppu = place.pop("dma_channel"), place.pop("no_ppu_multiplier")
    given = {name: value for name, value in place.items() if value is not None}
    if channel is not None:
        given["dma_channel"] = None if channel == NO_CHANNEL else int(channel)
    with bars() as bar:
        library = build_library(load_proved(path), Place(**given, ppu_multiplier=not keep_ppu), bar)
        files = library_files(library)
    write_all({folder / name: content for name, content in files.items()})
    if as_json:
        say(json.dumps(library.report() | {"library": str(folder)}))
        return
    for line in library.summary():
        say(line)
    say(f"{folder}: {len(library.rom.image) // 1024} KiB, and how to call it in {folder / 'README.txt'}")


def _quantize_newer_weights() -> None:
    """The model of the weights in build/, if these came after it: another model's cartridge would be a surprise."""
    if not WEIGHTS.exists() or (MODEL.exists() and MODEL.stat().st_mtime_ns >= WEIGHTS.stat().st_mtime_ns):
        return
    from quantize.model_file import save_model
    from snesgpt.progress import bars
    from snesgpt.selection.kernel_choice import choose
    from trainer.weights import load_weights

    say(f"quantizing {WEIGHTS}, which is newer than {MODEL}", err=True)
    with bars() as bar:
        choice = choose(load_weights(WEIGHTS), "auto", LARGEST, bar=bar)
    save_model(MODEL, choice.model)


def _say(path: Path, *, traced: bool, as_json: bool) -> None:
    """Prints the figures of the cartridge `build` would make: speed, bytes of ROM and work RAM, held-out loss."""
    from asm.cost.predict import predict
    from asm.layout import plan
    from quantize.model_file import load_proved
    from snesgpt.progress import bars

    with bars() as bar:
        layout = plan(load_proved(path), traced=traced, bar=bar)
        model, prediction = layout.proved.model, predict(layout, bar)
    loss = model.info.get("nll_integer", model.info.get("nll_float"))
    if as_json:
        report = {"bytes": layout.image_bytes, "segments": dict(layout.bank_bytes), "loss": loss}
        report |= {"work_ram": layout.wram.used, "log_records": layout.log_capacity}
        report["predicted"] = prediction.report() if prediction else None
        report["tokens_per_second"] = prediction.tokens_per_second if prediction else None
        say(json.dumps(report))
        return
    config = model.config
    say(
        f"shape: {config.n_embd}x{config.n_layer}, {config.n_head} heads, {config.block_size} positions, "
        f"{config.vocab_size} symbols, {config.n_params:,} parameters"
    )
    if prediction:
        say(
            f"speed: {prediction.tokens_per_second:.2f} tokens/s, {prediction.clocks_per_token:,.0f} clocks a token"
        )
    else:
        say("speed: not predicted for the schoolbook kernel")
    used = sum(layout.bank_bytes.values())
    say(f"ROM: {layout.image_bytes // 1024:,} KiB, {used:,} bytes of them weights, code and tables")
    say(f"work RAM: {layout.wram.used:,} bytes of vectors, keys and values; {layout.log_capacity} records of log")
    say(f"held-out loss: {loss:.4f} nats a symbol" if loss is not None else "held-out loss: not known")
