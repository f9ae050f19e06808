"""The site's folder: whole or as it was, with a list of all in it. lab/test/browser tests what its pages do."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from publish import site
from publish.cartridges import Cartridge, cartridges
from publish.folder import whole_folder
from publish.offline import write_list
from trainer.errors import InputError


def listed(folder: Path) -> tuple[str, dict[str, dict[str, str]]]:
    """The version of a folder's list, and its files with their hashes."""
    lines = (folder / "files.js").read_text().splitlines()
    version, files = (line.partition(" = ")[2].rstrip(";") for line in lines)
    return json.loads(version), json.loads(files)


def test_a_folder_that_could_not_be_filled_stays_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "site"
    with whole_folder(out) as new:
        (new / "page").write_text("old")
    with pytest.raises(InputError, match="is missing"), whole_folder(out) as new:
        (new / "page").write_text("new")
        raise InputError("something is missing")
    assert (out / "page").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_the_list_has_every_file_once_with_its_hash_and_the_shell_apart(tmp_path: Path) -> None:
    for name, text in {"index.html": "start", "core/a.js": "core", "docs/b.html": "b" * 9, "c.sfc": "c"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    write_list(tmp_path, ("index.html", "core/"))
    version, files = listed(tmp_path)
    assert [list(part) for part in files.values()] == [["core/a.js", "index.html"], ["c.sfc", "docs/b.html"]]
    assert files["others"]["c.sfc"] == sha256(b"c").hexdigest()[:16]

    write_list(tmp_path, ("index.html", "core/"))
    assert listed(tmp_path)[0] == version
    (tmp_path / "c.sfc").write_text("d")
    write_list(tmp_path, ("index.html", "core/"))
    assert listed(tmp_path)[0] != version


def test_a_cartridge_that_is_not_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(cartridges())
    assert {cartridge.name for cartridge in found} >= {"names-stock", "stories-sa1"}
    for folder, made in (("pages", "lab.html"), ("core", "snes9x.wasm.gz")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / made).touch()
        monkeypatch.setattr(site, folder.upper(), tmp_path / folder)
    monkeypatch.setattr("publish.cartridges.BUILD", tmp_path)
    with pytest.raises(InputError, match=r"microgpt-stock/snes_gpt\.sfc is missing: make cartridges makes it"):
        site.write_site(tmp_path / "site", [Cartridge(found[0].title, "stock")])
    assert not (tmp_path / "site").exists()
