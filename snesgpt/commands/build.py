"""`snesgpt build`: the integer model as assembly and as a cartridge."""

from __future__ import annotations

import json
from pathlib import Path

import click

from snesgpt.files import CARTRIDGE, FileCommand, InputFile, OutputFile
from snesgpt.terminal import say

MODEL, WEIGHTS, ROM = Path("build/model.npz"), Path("build/weights.npz"), Path("build/snes_gpt.sfc")
LARGEST = 4096
"""Where stages leave and look for things, and the KiB that a cartridge may have."""


def with_symbols(path: Path) -> tuple[Path, Path]:
    """A cartridge, and where its symbols go."""
    return path, path.with_suffix(".dbg")


@click.command("build", cls=FileCommand)
@click.argument("model", type=InputFile(), default=MODEL)
@click.option("--out", type=OutputFile(CARTRIDGE, with_symbols), default=ROM, help="The cartridge.")
@click.option("--trace", is_flag=True, help="Record every intermediate, for `snesgpt verify`.")
@click.option("--dry-run", is_flag=True, help="Only report what the cartridge would cost; assemble nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(model: Path, out: Path, trace: bool, dry_run: bool, as_json: bool) -> None:
    """Generate 65816 source from MODEL, assemble and link it, and write the cartridge.

    Beside it go asm/ with every source file, and a .dbg file with symbols for Mesen. If the weights in build/ are
    newer than the model there, they are quantized first, as `snesgpt quantize` does without options.
    """
    if model == MODEL:
        _quantize_newer_weights()
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
