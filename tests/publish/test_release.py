"""The release: complete, checked by its own checksums, the same bytes twice; or one line, and the old one stays."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from publish import checksums
from publish.__main__ import main
from publish.cartridges import TITLES, cartridges
from publish.release import GAMES, LICENCES, notes, version

ROOT = Path(__file__).parents[2]
COPIED = (
    "pyproject.toml",
    "CHANGELOG.md",
    *map(str, LICENCES),
    "checkpoints/stories.npz",
    "checkpoints/microgpt.npz",
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What make has made, but for what takes long."""
    for name in COPIED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for path in (
        *GAMES.values(),
        *(cartridge.rom for cartridge in cartridges()),
        Path("build/site/lab/index.html"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(str(path).encode())
    Path("build/site/index.html").write_text("start")
    monkeypatch.setattr(checksums, "CHECKSUMS", tmp_path / "checksums.txt")
    checksums.write_checksums()
    monkeypatch.setattr("publish.release.write_manual", lambda folder: (folder / "manual.pdf").write_bytes(b"%PDF"))
    monkeypatch.setattr("publish.release.write_packages", lambda folder: None)
    return tmp_path


def release(*options: str) -> tuple[int, str]:
    """The exit status, and what is said on stderr."""
    done = CliRunner().invoke(main, ["release", *options])
    return done.exit_code, done.stderr


def test_a_release_is_whole_and_its_checksums_are_right(project: Path) -> None:
    assert release() == (0, "")
    dist = project / "dist"
    assert len(list(cartridges())) == 4
    assert {path.name for path in dist.iterdir()} == {
        *(cartridge.file_name for cartridge in cartridges()),
        *GAMES,
        *("manual.pdf", f"snes-gpt-site-{version()}.zip", "LICENSES.txt", "NOTES.md", "SHA256SUMS"),
    }
    assert (
        subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=dist, capture_output=True).returncode == 0
    )
    assert (dist / "SHA256SUMS").read_text().count("\n") == len(list(dist.iterdir())) - 1
    licences = (dist / "LICENSES.txt").read_text()
    assert all(said in licences for said in ("MIT License", "Andrej Karpathy", "Faker", "checkpoints/stories.npz"))
    assert (dist / "NOTES.md").read_text() == notes(version())


def test_a_second_release_is_the_same_and_takes_the_place_of_the_first(project: Path) -> None:
    release("--out", "one")
    for path in Path("build/site").rglob("*.html"):
        path.touch()
    for name in ("two", "two"):
        assert release("--out", name) == (0, "")
    assert not list(project.glob("*.new"))
    assert {path.name: path.read_bytes() for path in Path("one").iterdir()} == {
        path.name: path.read_bytes() for path in Path("two").iterdir()
    }
    with zipfile.ZipFile(f"one/snes-gpt-site-{version()}.zip") as site:
        assert site.namelist() == [f"snes-gpt-site-{version()}/{name}" for name in ("index.html", "lab/index.html")]


WRONG: dict[str, tuple[Callable[[], object], tuple[str, ...], str]] = {
    "tag": (lambda: None, ("--tag", "v99.0"), "the tag is v99.0 and pyproject.toml has version"),
    "changes": (lambda: Path("CHANGELOG.md").write_text("# Changelog\n"), (), "CHANGELOG.md has no section"),
    "cartridge": (lambda: next(cartridges()).rom.unlink(), (), "snes_gpt.sfc: not there; `make release` makes"),
    "site": (lambda: Path("build/site/index.html").unlink(), (), "build/site/index.html: not there"),
    "code": (
        lambda: next(cartridges()).rom.write_bytes(b"other"),
        (),
        "snes-gpt-names.sfc: not as checksums.txt says",
    ),
    "folder": (lambda: Path("dist").mkdir(), (), "dist is there and is no release"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_one_line_and_nothing_is_written(project: Path, wrong: str) -> None:
    change, options, message = WRONG[wrong]
    change()
    status, said = release(*options)
    assert status == 1 and message in said and said.count("\n") == 1
    assert not list(project.glob("dist*/*"))


def test_a_tag_asks_for_the_date_of_its_changes(project: Path) -> None:
    text = Path("CHANGELOG.md").read_text()
    tag = f"v{version()}"
    Path("CHANGELOG.md").write_text(
        re.sub(r"^(## \[\S+\]).*$", r"\1 - unreleased", text, count=1, flags=re.MULTILINE)
    )
    assert "give its section in CHANGELOG.md a date" in release("--tag", tag)[1]
    Path("CHANGELOG.md").write_text(
        re.sub(r"^(## \[\S+\]).*$", r"\1 - 2026-01-31", text, count=1, flags=re.MULTILINE)
    )
    assert release("--tag", tag) == (0, "")


def test_every_shipped_checkpoint_has_its_checksums() -> None:
    published = checksums.from_text(checksums.CHECKSUMS.read_text(encoding="utf-8"))
    shipped = [title for title in TITLES if (ROOT / f"checkpoints/{title.weights}.npz").exists()]
    assert len(shipped) >= 7
    assert {*published} == {cartridge.file_name for cartridge in cartridges(shipped)}


def test_the_version_has_one_place() -> None:
    newest = re.search(r"^## \[(\S+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest and newest[1] == version()
    assert '"version"' not in (ROOT / "lab/package.json").read_text()


@pytest.mark.slow
def test_the_packages_are_the_same_bytes_twice_and_have_what_commands_read(tmp_path: Path) -> None:
    from publish.release import write_packages

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_packages(tmp_path / name)
    made = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert made == [f"snes_gpt-{version()}-py3-none-any.whl", f"snes_gpt-{version()}.tar.gz"]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in made)
    with zipfile.ZipFile(tmp_path / "one" / made[0]) as wheel:
        packed = set(wheel.namelist())
    for folder in ("trainer", "quantize", "tables", "asm", "snesgpt"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert path.relative_to(ROOT).as_posix() in packed
