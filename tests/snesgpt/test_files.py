"""Every path that a command takes, with everything that may be there: one line, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from snesgpt.cli import COMMANDS, cli, run
from snesgpt.files import FileCommand, InputFile, OutputFile, OutputFolder
from tests.support.gpt2_reference import Sizes as GptSizes
from tests.support.gpt2_reference import gpt2
from tests.support.llama_files import Sizes, bin_file, llama, tokenizer_file, vocabulary
from tests.support.models import llama_config, llama_weights
from tests.support.torch_files import checkpoint, meta, torch_bytes
from trainer.config import ModelConfig
from trainer.model.decoder import initial_tensors
from trainer.weights import Weights, save_weights

CONFIG = ModelConfig(4, block_size=4, n_embd=8, n_head=2, n_hidden=16)
NAMES = ["abc", "cab", "bac", "aabb", "ccc", "baa", "acb", "bcabcabc", "ca", "ab"]

LINES = {
    "train": {"--data": "text.txt", "--out": "new.npz", "--steps": "1"},
    "distill": {"weights": "llama.npz", "--out": "new.npz", "--digits": "1", "--steps": "1"},
    "quantize": {"weights": "weights.npz", "--data": "text.txt", "--out": "new.npz"},
    "build": {"model": "model.npz", "--out": "new.sfc"},
    "build library": {"model": "model.npz", "--library": "new"},
    "bench": {"rom": "rom.sfc", "--model": "model.npz", "--weights": "weights.npz", "--tokens": "1"},
    "verify": {"rom": "rom.sfc", "--model": "model.npz", "--tokens": "1"},
    "evaluate": {"model": "model.npz", "--weights": "weights.npz", "--data": "text.txt"},
    "import": {"file": "given.safetensors", "--config": "given.json", "--out": "new.npz"},
    "import .bin": {"file": "given.bin", "--tokenizer": "given.tok", "--out": "new.npz"},
    "play": {"rom": "rom.sfc", "--screenshot": "new.png", "--frames": "1"},
    "sample": {"model": "model.npz"},
    "info": {"rom": "rom.sfc"},
    "report": {"code": "NJTQ-44R1-5NTM-GXTB", "--rom": "rom.sfc"},
    "export": {"weights": "weights.npz", "--out": "new.safetensors"},
    "lab": {"model": "model.npz", "--weights": "weights.npz", "--data": "text.txt", "--out": "new"}
    | {"--golden": "new.json"},
    "explore": {"--data": "text.txt", "--out": "new.jsonl", "--picture": "new.png", "--draw-only": ""},
    "explore points": {"--data": "text.txt", "--points": "points.toml", "--out": "new.jsonl"}
    | {"--picture": "new.png", "--no-forerunner": ""},
    "import .pt": {"file": "given.pt", "--meta": "given.pkl", "--keep": "kept.txt", "--out": "new.npz"},
    "import folder": {"file": "folder", "--out": "new.npz"},
    "benchmark": {"--data": "text.txt", "--rounds": "1"},
}
"""A command → its arguments and options with files of the right kinds."""


def parameters(line: str, kind: type[click.Path]) -> Iterator[str]:
    """The names in a line of LINES that are paths of this kind."""
    command = cli.get_command(click.Context(cli), line.split()[0])
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter.type, kind):
            yield from {*parameter.opts, str(parameter.name)} & {*LINES[line]}


READ = [(line, name) for line in LINES for name in parameters(line, InputFile)]
WRITTEN = [(line, name) for line in LINES for kind in (OutputFile, OutputFolder) for name in parameters(line, kind)]


def arguments(line: str, **other: str) -> list[str]:
    """The words of a command line, with other files for some names."""
    given = LINES[line] | other
    options = [word for name, value in given.items() if name.startswith("--") for word in (name, value) if word]
    return [line.split()[0], *options, *(value for name, value in given.items() if not name.startswith("--"))]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "text.txt").write_text("\n".join(NAMES))
    save_weights(folder / "weights.npz", Weights(CONFIG, "abc", initial_tensors(CONFIG, 0), {"temperature": 0.5}))
    weights, model = str(folder / "weights.npz"), str(folder / "model.npz")
    assert run(["quantize", weights, "--kernel", "schoolbook", "--out", model]) == 0
    assert run(["build", model, "--out", str(folder / "rom.sfc")]) == 0
    assert run(["export", weights, "--out", str(folder / "given.safetensors")]) == 0
    save_weights(folder / "llama.npz", llama_weights(llama_config(20, 12, 16, (4, 2), 1, 24)))
    sizes, words = Sizes(), vocabulary(300)
    (folder / "given.bin").write_bytes(bin_file(sizes, llama(sizes, True), 0))
    (folder / "given.tok").write_bytes(tokenizer_file(words))
    gpt = GptSizes(n_layer=1)
    (folder / "given.pt").write_bytes(torch_bytes(checkpoint(gpt, gpt2(gpt))))
    (folder / "given.pkl").write_bytes(meta("abcdefghij\n"))
    (folder / "kept.txt").write_text("abc")
    (folder / "points.toml").write_text("[[points]]\ndimensions = 16\n")
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")


def contents() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a command fails with; no file appears, changes or goes."""
    before = contents()
    capsys.readouterr()
    status = run(words)
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (1, "", 1), (words, status, out, err)
    assert err.startswith("snesgpt: ") and contents() == before
    return err


def test_every_path_of_every_command_is_in_the_table() -> None:
    assert {line.split()[0] for line in LINES} == {*COMMANDS}
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert isinstance(command, FileCommand)
        for parameter in command.params:
            if isinstance(parameter.type, click.Path):
                assert isinstance(parameter.type, InputFile | OutputFile | OutputFolder), parameter.name
                tried = [values for line, values in LINES.items() if line.split()[0] == name]
                assert any({*parameter.opts, parameter.name} & {*values} for values in tried), parameter.name


Put = Callable[[Path], object]
PLACES: dict[str, tuple[Put, str]] = {
    "missing": (lambda path: None, ""),
    "a folder": (Path.mkdir, "is a directory"),
    "a pipe": (os.mkfifo, "is a pipe or a device"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "is a pipe or a device"),
    "a circle of links": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    "empty": (Path.touch, ""),
    "a picture": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256))), ""),
    "another .npz": (lambda path: shutil.copy("weights.npz" if "model" in str(path) else "model.npz", path), ""),
}
"""What is where a file should be, and what is said of it: nothing that fits every command where it is empty."""


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("line", "name"), READ)
def test_an_input_that_is_none(
    here: None, capsys: pytest.CaptureFixture[str], line: str, name: str, place: str
) -> None:
    put, message = PLACES[place]
    bad = Path("bad " + LINES[line][name])
    put(bad)
    if (name, place) == ("file", "a folder") and bad.suffix != ".pt":
        line, message = "import folder", "a directory without config.json"
    said = refusal(arguments(line, **{name: str(bad)}), capsys)
    assert message in said and (place == "a circle of links" or "bad " in said)


@pytest.mark.parametrize(("line", "name"), WRITTEN)
def test_an_output_that_is_an_input(here: None, capsys: pytest.CaptureFixture[str], line: str, name: str) -> None:
    for other in parameters(line, InputFile):
        file = Path(LINES[line][other])
        if not file.exists():
            continue
        linked = Path(LINES[line][name])
        refusal(arguments(line, **{name: str(file)}), capsys)
        for link in (linked.symlink_to, linked.hardlink_to):
            link(file)
            refusal(arguments(line, **{name: str(linked)}), capsys)
            linked.unlink()
        same = linked.with_name(f"in{linked.suffix}")
        shutil.copy(file, same)
        refusal(arguments(line, **{other: str(same), name: f"../here/{same}"}), capsys)
        same.unlink()


@pytest.mark.parametrize(("line", "name"), WRITTEN)
def test_an_output_where_none_can_be(here: None, capsys: pytest.CaptureFixture[str], line: str, name: str) -> None:
    good = LINES[line][name]
    for place in ("text.txt", f"text.txt/{good}", "/dev/full", "weights.npz/deep/er.npz"):
        refusal(arguments(line, **{name: place}), capsys)
    os.mkfifo(f"pipe{Path(good).suffix}")
    refusal(arguments(line, **{name: f"pipe{Path(good).suffix}"}), capsys)


@pytest.mark.parametrize("line", LINES)
def test_a_current_folder_that_was_deleted(
    here: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    Path("gone").mkdir()
    monkeypatch.chdir("gone")
    Path("../gone").rmdir()
    assert "the current folder is gone" in refusal(arguments(line), capsys)


KEPT = {
    "a model over weights": ["quantize", "weights.npz", "--out", "kept.npz"],
    "weights over a model": ["train", "--data", "text.txt", "--steps", "1", "--out", "model.npz"],
    "a picture over weights": ["play", "rom.sfc", "--frames", "1", "--screenshot", "weights.npz"],
    "two outputs in one": ["lab", "model.npz", "--data", "text.txt", "--out", "new", "--golden", "new/lab.json"],
    "symbols over the model": ["build", "symbols.dbg", "--out", "symbols.sfc"],
    "the shape over tensors": ["export", "weights.npz", "--out", "given.json"],
    "results over a text": ["explore", "--data", "text.txt", "--out", "text.txt", "--draw-only"],
    "an archive of another program": ["train", "--data", "text.txt", "--steps", "1", "--out", "other.npz"],
}


@pytest.mark.parametrize("words", KEPT.values(), ids=KEPT)
def test_a_file_that_is_something_else_is_kept(
    here: None, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    shutil.copy("weights.npz", "kept.npz")
    shutil.copy("model.npz", "symbols.dbg")
    shutil.make_archive("other", "zip", ".", "text.txt")
    Path("other.zip").rename("other.npz")
    refusal(words, capsys)


def test_what_a_file_says_never_reaches_the_terminal_as_a_command(
    here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("\x1b[2J", "a\rb", "\x9b1m", "\u202etxt.exe", "bell\x07"):
        said = refusal(["quantize", f"{name}.npz"], capsys)
        assert said[:-1].isprintable() and ascii(name)[1:-1] in said


def test_a_pipe_beside_a_model_is_not_waited_for(here: None, capsys: pytest.CaptureFixture[str]) -> None:
    Path("weights.npz").unlink()
    os.mkfifo("weights.npz")
    for words in ("evaluate model.npz --data text.txt", "sample model.npz --float", "lab model.npz --out lab"):
        assert "weights.npz is a pipe or a device" in refusal(words.split(), capsys)


def test_only_what_was_made_here_is_swept_away(here: None) -> None:
    own = Path(".snes-gpt-notes")
    own.mkdir()
    (own / "kept").touch()
    left = Path(".snes-gpt-0123456789abcdef.npz")
    left.touch()
    assert run(["quantize", "weights.npz", "--kernel", "schoolbook", "--out", "new.npz"]) == 0
    assert (own / "kept").exists() and not left.exists()


def test_a_model_among_the_sources_of_its_cartridge_is_kept(here: None, capsys: pytest.CaptureFixture[str]) -> None:
    Path("asm").mkdir(exist_ok=True)
    shutil.copy("model.npz", "asm/main.asm")
    assert "asm/main.asm is where the sources of new.sfc go" in refusal(
        ["build", "asm/main.asm", "--out", "new.sfc"], capsys
    )


def test_nan_is_no_number(here: None, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("explore --data text.txt --time-limit nan", "quantize weights.npz --tokens-per-second nan"):
        assert run(words.split()) == 2
        assert "is nan: a number is needed" in capsys.readouterr().err


@pytest.mark.slow
def test_neither_the_window_system_nor_a_home_that_is_none_matters_to_plots(
    here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "module://no.such.backend")
    monkeypatch.setenv("HOME", "/dev/null")
    for name in ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    words = ["train", "--data", "text.txt", "--steps", "1", "--out", "new.npz"]
    done = subprocess.run([sys.executable, "-m", "snesgpt", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and Path("loss.png").exists(), done.stderr
    assert "atplotlib" not in done.stderr


def test_a_long_message_keeps_its_beginning(here: None, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(["quantize", "a" * 2000], capsys)
    assert "aaaa" in said and len(said) < 1100
