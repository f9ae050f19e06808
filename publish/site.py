"""The site: pages on which every cartridge runs, its numbers, downloads and docs. A folder for any web server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from publish.cartridges import MACHINES, Cartridge, Title
from publish.folder import whole_folder
from publish.offline import WORKER, write_list
from publish.pages import write_pages
from publish.pictures import icons, name
from snesgpt.commands.lab import lab_files
from snesgpt.lab.model import Json, as_json
from trainer.errors import InputError

PAGES, CORE = Path("build/lab-pages"), Path("build/lab-core")
"""What vite made of lab/, and the emulator."""

LIST = "data/cartridges.json"
SHELL = ("index.html", "lab.html", "assets/", "core/", "pictures/", "manifest.webmanifest", LIST)
ABOUT = "Small GPTs that run on a Super Nintendo, and in this page."
MIDNIGHT = "#0a0d24"

MANIFEST: Json = {
    "name": "snes-gpt",
    "short_name": "snes-gpt",
    "description": ABOUT,
    "start_url": "./",
    "scope": "./",
    "display": "standalone",
    "background_color": MIDNIGHT,
    "theme_color": MIDNIGHT,
}


@dataclass(frozen=True)
class Entry:
    """A cartridge as the pages know it: lab/src/types.d.ts has the same fields.

    folder: of lab.json and of the cartridge that logs all it computes. rom: the one that is downloaded.
    prompt, seed, tenths: what its page asks for where an address says nothing.
    """

    name: str
    title: str
    about: str
    target: str
    machine: str
    folder: str
    rom: str
    bytes: int
    sha256: str
    weights: int
    tokens_per_second: float | None
    prompt: str
    seed: int
    tenths: int


def write_site(out: Path, cartridges: Sequence[Cartridge]) -> None:
    """Write the whole site. Raises InputError where something is not made yet."""
    if not cartridges:
        raise InputError("no cartridge is there to publish: checkpoints/ has the weights of most")
    with whole_folder(out) as site:
        _lay_in(site)
        entries = [_published(cartridge, site) for cartridge in cartridges]
        sums = "".join(f"{entry.sha256}  {Path(entry.rom).name}\n" for entry in entries)
        (site / "downloads/SHA256SUMS").write_text(sums)
        _write_cartridges(site, entries, whole=True)
        write_pages(site)
        write_list(site, (*SHELL, f"{entries[0].folder}/", entries[0].rom))


def write_lab(out: Path, data: Path) -> None:
    """Write the lab page of one model. data: what `snesgpt lab` wrote. Raises InputError as write_site."""
    with whole_folder(out) as lab:
        _lay_in(lab)
        (lab / "lab.html").replace(lab / "index.html")
        (lab / WORKER).unlink()
        facts = _facts(lab_files(data)[1])
        title = Title("model", "", facts["training"].get("preset", "the model"), "", "", 1, facts["temperature"])
        entry = _entry(title, facts, lab_files(data)[0], "data/model/cartridge.sfc", "data/model")
        _copy(data, lab / entry.folder)
        _write_cartridges(lab, [entry], whole=False)


def _lay_in(site: Path) -> None:
    """The pages, the emulator and the pictures."""
    for folder, made in ((PAGES, "lab.html"), (CORE, "snes9x.wasm.gz")):
        if not (folder / made).is_file():
            raise InputError(f"{folder / made} is missing: make site makes it")
    shutil.copytree(PAGES, site, dirs_exist_ok=True)
    shutil.copytree(CORE, site / "core")
    (site / "pictures").mkdir()
    name().save(site / "pictures/name.png", optimize=True)
    files = {f"pictures/icon-{width}.png": icon for width, icon in icons().items()}
    for file, icon in files.items():
        icon.save(site / file, optimize=True)
    listed = [
        {"src": file, "sizes": f"{icon.width}x{icon.width}", "type": "image/png"} for file, icon in files.items()
    ]
    (site / "manifest.webmanifest").write_bytes(as_json({**MANIFEST, "icons": listed}))


def _published(cartridge: Cartridge, site: Path) -> Entry:
    """A cartridge's entry; its files are in their places."""
    rom = f"downloads/{cartridge.file_name}"
    folder = f"data/{cartridge.name}"
    if not cartridge.rom.is_file():
        raise InputError(f"{cartridge.rom} is missing: make cartridges makes it")
    facts = _facts(lab_files(cartridge.lab)[1])
    _copy(cartridge.lab, site / folder)
    (site / rom).parent.mkdir(exist_ok=True)
    shutil.copyfile(cartridge.rom, site / rom)
    return _entry(cartridge.title, facts, cartridge.rom, rom, folder)


def _copy(data: Path, folder: Path) -> None:
    """The files of `snesgpt lab`, and no other."""
    folder.mkdir(parents=True)
    for file in lab_files(data):
        shutil.copyfile(file, folder / file.name)


def _facts(lab: Path) -> Json:
    """What lab.json says. Raises InputError when it is not there."""
    try:
        found: Json = json.loads(lab.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{lab} is missing: make cartridges makes it, make lab that of your own model") from error
    return found


def _entry(title: Title, facts: Json, rom: Path, address: str, folder: str) -> Entry:
    content, build = rom.read_bytes(), facts["build"]
    predicted = build["predicted"]
    return Entry(
        name=title.name,
        title=title.title,
        about=title.about,
        target=build["target"],
        machine=MACHINES[build["target"]],
        folder=folder,
        rom=address,
        bytes=len(content),
        sha256=sha256(content).hexdigest(),
        weights=facts["config"]["n_params"],
        tokens_per_second=predicted and predicted["tokens_per_second"],
        prompt=title.prompt,
        seed=title.seed,
        tenths=title.tenths,
    )


def _write_cartridges(site: Path, entries: Sequence[Entry], *, whole: bool) -> None:
    """The list that the pages read. whole: whether the rest of the site is around them."""
    (site / LIST).write_bytes(as_json({"site": whole, "cartridges": [asdict(entry) for entry in entries]}))
