"""`snesgpt lab`: what the lab page shows, out of a model and its weights."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("lab")
@click.argument("model", type=click.Path(path_type=Path), default=Path("build/model.npz"))
@click.option("--weights", type=click.Path(path_type=Path), help="Float weights.  [default: beside MODEL]")
@click.option("--data", type=click.Path(path_type=Path), help="Text the model learned from.  [default: the names]")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/lab-data"), help="The folder.")
@click.option(
    "--golden", type=click.Path(path_type=Path), help="Also write tokens that the page's model is tested with."
)
def command(model: Path, weights: Path | None, data: Path | None, out: Path, golden: Path | None) -> None:
    """Write the data of the lab page: a traced cartridge and lab.json.

    lab.json holds MODEL, its float weights, its training log and the addresses of its values in the cartridge.
    """
    from asm.build import build
    from asm.layout import plan
    from quantize.model_file import load_proved
    from snesgpt.lab.export import lab_data, training_documents
    from snesgpt.lab.model import GOLDEN, LONG, as_json
    from snesgpt.lab.model import golden as golden_data
    from snesgpt.selection.losses import check_same
    from trainer.errors import InputError
    from trainer.files import write_bytes
    from trainer.weights import load_weights

    if out.is_file():
        raise InputError(f"{out} is a file: --out names the folder that cartridge.sfc and lab.json go to")
    if golden and golden.is_dir():
        raise InputError(f"{golden} is a folder: --golden names the file itself")
    proved = load_proved(model)
    integers = proved.model
    if integers.config.family != "microgpt":
        raise InputError(f"{model} is a {integers.config.family} model: the lab page shows microgpt's only")
    exact = load_weights(weights or model.with_name("weights.npz"))
    check_same(exact, integers)
    documents = training_documents(exact, data)
    rom = build(plan(proved, traced=True))
    files = {
        out / "cartridge.sfc": rom.image,
        out / "lab.json": as_json(lab_data(exact, integers, rom, documents)),
    }
    if golden:
        files[golden] = as_json(golden_data(integers, (*GOLDEN, LONG)))
    for path, content in files.items():
        write_bytes(path, content)
    for path, content in files.items():
        click.echo(f"{path}: {-(-len(content) // 1024):,} KiB")
