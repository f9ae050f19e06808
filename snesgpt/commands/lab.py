"""`snesgpt lab`: what the lab page shows, out of a model and its weights."""

from __future__ import annotations

from pathlib import Path

import click

from snesgpt.files import DOCUMENT, FileCommand, InputFile, OutputFile, OutputFolder
from snesgpt.terminal import say


def lab_files(folder: Path) -> tuple[Path, Path]:
    """The cartridge and the document that the page reads."""
    return folder / "cartridge.sfc", folder / "lab.json"


@click.command("lab", cls=FileCommand)
@click.argument("model", type=InputFile(), default=Path("build/model.npz"))
@click.option("--weights", type=InputFile(), help="Float weights.  [default: beside MODEL]")
@click.option("--data", type=InputFile(), help="Text the model learned from.  [default: the names]")
@click.option("--out", type=OutputFolder(lab_files), default=Path("build/lab-data"), help="The folder.")
@click.option("--golden", type=OutputFile(DOCUMENT), help="Also write tokens that the page's model is tested with.")
def command(model: Path, weights: Path | None, data: Path | None, out: Path, golden: Path | None) -> None:
    """Write the data of the lab page: a traced cartridge and lab.json.

    lab.json holds MODEL, of a microgpt its float weights too, its training log and the addresses of its values in
    the cartridge. Where RAM has no room for a token's trace, the cartridge logs its logits alone.
    """
    from asm.build import build
    from quantize.model_file import load_proved
    from snesgpt.lab.export import lab_data, page_layout, training_documents
    from snesgpt.lab.model import GOLDEN, LONG, as_json
    from snesgpt.lab.model import golden as golden_data
    from snesgpt.progress import bars
    from snesgpt.selection.belonging import check_same
    from trainer.files import write_all
    from trainer.weights import load_weights

    proved = load_proved(model)
    integers = proved.model
    exact = load_weights(weights or model.with_name("weights.npz"))
    check_same(exact, integers)
    documents = training_documents(exact, data)
    with bars() as bar:
        rom = build(page_layout(proved, bar), bar=bar)
    if not rom.layout.trace:
        say("the cartridge logs its logits alone: its RAM has no room for a token's trace")
    contents = (rom.image, as_json(lab_data(exact, integers, rom, documents)))
    files = {golden: as_json(golden_data(integers, (*GOLDEN, LONG)))} if golden else {}
    files |= dict(zip(lab_files(out), contents, strict=True))  # lab.json last: when it is there, all are
    write_all(files)
    for path, content in files.items():
        say(f"{path}: {-(-len(content) // 1024):,} KiB")
