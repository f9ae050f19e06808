"""Real files of every format, changed field by field, and what the commands that read them may do about it.

A command either works, or fails with one line that names the file, and then no file is other than before.
"""

from __future__ import annotations

import copy
import io
import json
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from stat import S_ISREG
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast
from zlib import crc32

import numpy as np

from asm.build import read_symbols
from asm.cartridge.header import read_image
from snesgpt.bench.names_screen import NamesPage, names_to_a_page
from snesgpt.cli import run
from snesgpt.emulator.console import Console
from snesgpt.emulator.ram import Ram
from snesgpt.explore.results import read_rows
from snesgpt.explore.trials import read_points
from snesgpt.terminal import printable
from snesgpt.verify.find_model import find_model
from tests.support import small_training
from tests.support.gpt2_files import gpt2_folder, learned
from tests.support.gpt2_reference import Sizes as Gpt2Sizes
from tests.support.gpt2_reference import gpt2
from tests.support.llama_files import Sizes, bin_file, hugging_face, llama, tokenizer_file, vocabulary
from tests.support.torch_files import as_tree, pickled_tree, zipped_pickle
from tests.support.torch_files import checkpoint as nanogpt_checkpoint
from trainer.errors import InputError
from trainer.files import HEADER, Array, read_arrays
from trainer.training.checkpoint import Interrupted

VALUES = {
    "null": "null",
    "empty text": '""',
    "empty list": "[]",
    "empty object": "{}",
    "-1": "-1",
    "0": "0",
    "1": "1",
    "a half": "0.5",
    "1e308": "1e308",
    "1e400": "1e400",
    "10^400": "1" + 400 * "0",
    "10^5000": "1" + 5000 * "0",
    "NaN": "NaN",
    "nan": "nan",
    "-infinity": "-Infinity",
    "-inf": "-inf",
    "true": "true",
    "word": '"word"',
    "number in quotes": '"1"',
    "long text": json.dumps(50_000 * "long "),
    "half a character": '"\\ud800"',
    "escape": '"\\u001b[2J\\n\\u0000"',
    "another alphabet": '"日"',
    "nested": 1000 * "[" + 1000 * "]",
    "nested objects": 1000 * '{"a":' + "1" + 1000 * "}",
    "nested a little": '[[["a"]]]',
    "list of numbers": "[1, 2, 3]",
    "nothing at all": "",
}
"""What takes a field's place, as it is in the file."""

MARK = "@mutation@"
RARELY = 20
"""Of this number of changed files one is given to the commands that take long."""

MOST_SIBLINGS = 8
"""Of a list or object with more the first ones, the middle and the last are changed in turn."""

LETTERS = "\n abcdefgh.,"
GPT2, WORDS = Gpt2Sizes(n_layer=1, vocab_size=len(LETTERS)), Gpt2Sizes(n_layer=1, vocab_size=300)
GPT2_STORAGES = tuple(gpt2(GPT2).values())
ON_DIGITS = replace(small_training.SETTINGS, digits=1.2)

Place = tuple[Any, ...]
Named = tuple[str, bytes]
Command = str | Callable[[], object]


@dataclass(frozen=True)
class Victim:
    """A file of a format. tree: what it holds; dump and wrap make text and then bytes of that.

    wholes: files that are damaged in other ways than a field. commands: all that read it, with its folder as the
    current one; a function raises InputError instead of failing. rarely: those that take a second, of which some
    see the changed files that all others work on. beside: files that are read with it and may be blamed.
    """

    name: str
    path: str
    whole: bytes
    commands: Sequence[Command]
    tree: Any = None
    dump: Callable[[Any], str] = json.dumps
    wrap: Callable[[bytes], bytes] = bytes
    wholes: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    rarely: Sequence[Command] = ()
    beside: Sequence[str] = ()

    def systematic(self) -> Iterator[Named]:
        """Every field with every value, missing, twice and under another name; and the damaged wholes."""
        for place in places(self.tree):
            for name in VALUES:
                yield f"{place} is {name}", self._made(_replaced(self.tree, place, MARK), VALUES[name])
            for name, change in CHANGES.items():
                if (changed := change(self.tree, place)) is not None:
                    yield f"{place} {name}", self._made(changed)
        for name, make in self.wholes.items():
            yield name, make()
        for end in {0, 1, 4, 100, len(self.whole) // 2, len(self.whole) - 1}:
            yield f"cut at {end}", self.whole[:end]

    def random(self, random: Random) -> Named:
        """One to three changes at once: of fields, or of bytes."""
        if self.tree is None or random.random() < 0.2:
            data = bytearray(self.whole)
            for _ in range(random.randint(1, 3)):
                at = random.randrange(min(len(data), random.choice([64, 1024, len(data)])))
                data[at] = random.choice([0, 255, 32, 45, random.randrange(256)])
            return "random bytes", bytes(data)
        tree, told, value = self.tree, [], ""
        for _ in range(random.randint(1, 3)):
            found = list(places(tree, most=1 << 20))
            if not found:
                break
            place, other = random.choice(found), random.choice(found)
            match random.randrange(4):
                case 0 if not value:
                    value = random.choice(list(VALUES))
                    tree = _replaced(tree, place, MARK)
                    told.append(f"{place} is {value}")
                case 1:
                    name = random.choice(list(CHANGES))
                    changed = CHANGES[name](tree, place)
                    tree = tree if changed is None else changed
                    told.append(f"{place} {name}")
                case _:
                    tree = _replaced(tree, place, copy.deepcopy(_at(tree, other)))
                    told.append(f"{place} is what {other} is")
        return "; ".join(told), self._made(tree, VALUES.get(value, ""))

    def _made(self, tree: Any, value: str = "") -> bytes:
        text = self.dump(tree)
        return self.wrap(
            text.replace(json.dumps(MARK), value).replace(MARK, value).encode("utf-8", "surrogatepass")
        )


def places(tree: Any, here: Place = (), most: int = MOST_SIBLINGS) -> Iterator[Place]:
    """The way to every field and item."""
    if here:
        yield here
    inner = list(tree) if isinstance(tree, dict) else list(range(len(tree))) if isinstance(tree, list) else []
    if len(inner) > most:
        inner = [*inner[: most - 2], inner[len(inner) // 2], inner[-1]]
    for step in inner:
        yield from places(tree[step], (*here, step), most)


def _at(tree: Any, place: Place) -> Any:
    for step in place:
        tree = tree[step]
    return tree


def _replaced(tree: Any, place: Place, value: Any) -> Any:
    """A tree with another value at a place, which may have gone."""
    tree = copy.deepcopy(tree)
    try:
        _at(tree, place[:-1])[place[-1]] = value
    except (KeyError, IndexError, TypeError):
        return value
    return tree


def _without(tree: Any, place: Place) -> Any:
    tree = copy.deepcopy(tree)
    del _at(tree, place[:-1])[place[-1]]
    return tree


def _twice(tree: Any, place: Place) -> Any:
    tree, value = copy.deepcopy(tree), _at(tree, place)
    around = _at(tree, place[:-1])
    if isinstance(around, dict):
        return None
    around.insert(place[-1], copy.deepcopy(value))
    return tree


def _renamed(tree: Any, place: Place) -> Any:
    tree = copy.deepcopy(tree)
    around = _at(tree, place[:-1])
    if not isinstance(around, dict):
        return None
    around[f"{place[-1]}x"] = around.pop(place[-1])
    return tree


CHANGES: Mapping[str, Callable[[Any, Place], Any]] = {
    "is missing": _without,
    "is there twice": _twice,
    "has another name": _renamed,
}


@dataclass
class Count:
    """What happened to the mutations of a format."""

    accepted: int = 0
    refused: int = 0

    def __str__(self) -> str:
        return f"{self.accepted + self.refused:,} ({self.accepted:,} work, {self.refused:,} refused)"


def judge(folder: Path, victim: Victim, named: Named) -> bool:
    """Whether every command works on a changed file. Fails unless those that do not say so as they must."""
    label, data = named
    works, names = True, [victim.path, *victim.beside]
    with chdir(folder):
        Path(victim.path).write_bytes(data)
        before = _contents()
        for command in (*victim.commands, *victim.rarely):
            if command in victim.rarely and not (works and crc32(data) % RARELY == 0):
                break
            if not works and crc32(data) % len(victim.commands) != victim.commands.index(command):
                continue  # what one command refuses, one of the others is asked to refuse too
            told = _failure(command)
            works &= told is None
            if told is not None:
                shown = f"{victim.name}: {label}: {command}: {told!r}"
                assert told.count("\n") == 1 and told.startswith("snesgpt: "), shown
                assert any(name in told for name in names), f"names no file: {shown}"
                assert _contents() == before, f"changed a file: {shown}"
            _remove_new(before)
        Path(victim.path).write_bytes(victim.whole)
    return works


def _failure(command: Command) -> str | None:
    """What a command that fails has on stderr; None if it works."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        if callable(command):
            try:
                command()
            except InputError as error:
                line = printable(str(error)).replace("\n", " ")  # as the command line does
                return f"snesgpt: {line}\n"
            return None
        status = run(command.split(" "))
    return err.getvalue() if status else None


def _contents() -> dict[Path, tuple[int, int, int]]:
    """Every file, and what no writing leaves as it was."""
    found = {path: path.stat() for path in Path().rglob("*")}
    return {path: (s.st_ino, s.st_size, s.st_mtime_ns) for path, s in found.items() if S_ISREG(s.st_mode)}


def _remove_new(before: Mapping[Path, object]) -> None:
    for path in Path().rglob("*"):
        if path.is_file() and path not in before:
            path.unlink()


# The files


def victims(folder: Path) -> dict[str, Victim]:
    """A file of every format, made in a folder by the commands that make them."""
    with chdir(folder):
        _make()
        found = [*_ours(), *_theirs(), *_of_explorations(), *_binary()]
        return {victim.name: victim for victim in found}


def _make() -> None:
    words = [a + b + c for a in "abc" for b in "abd" for c in ("", "a", "cab")]
    Path("text.txt").write_text("\n".join(words))
    shape = "--steps 21 --batch-size 4 --n-embd 8 --n-head 2 --n-hidden 8 --block-size 6 --tokens 8 --grid fc2=7"
    train = f"train --data text.txt {shape} --out weights.npz"
    commands = (
        train,
        "quantize weights.npz --data text.txt --out model.npz",
        "quantize weights.npz --kernel schoolbook --out book.npz",
        "build model.npz --out rom.sfc",
        "export weights.npz --out given.safetensors",
    )
    sizes = Sizes()
    hugging_face(Path("hf"), sizes, llama(sizes, True), vocabulary(sizes.vocab_size))
    Path("m.bin").write_bytes(bin_file(sizes, llama(sizes, False), 1))
    Path("old.bin").write_bytes(bin_file(sizes, llama(sizes, True), 0))
    Path("tok.bin").write_bytes(tokenizer_file(vocabulary(sizes.vocab_size)))
    gpt2_folder(Path("gpt"), WORDS, gpt2(WORDS), learned(WORDS.vocab_size))
    gpt2_folder(Path("old"), WORDS, gpt2(WORDS), learned(WORDS.vocab_size), old=True)
    for command in (*commands, "import hf --out story.npz"):
        told = _failure(command)
        assert told is None, (command, told)
    Path("run").mkdir()
    with suppress(Interrupted):
        small_training.run(Path("run"), ON_DIGITS, stop_at=60)
    for path in ("loss.png", "asm"):
        shutil.rmtree(path, ignore_errors=True)
        Path(path).unlink(missing_ok=True)


def _archive(name: str, path: str, *commands: Command, rarely: Sequence[Command] = ()) -> Victim:
    header, arrays = read_arrays(Path(path))
    some = next(iter(arrays))

    def wrap(text: bytes, changed: Mapping[str, Array] = arrays) -> bytes:
        file = io.BytesIO()
        np.savez(file, allow_pickle=True, **{HEADER: np.frombuffer(text, np.uint8), **changed})
        return file.getvalue()

    def other(array: Array) -> Callable[[], bytes]:
        return lambda: wrap(json.dumps(header).encode(), {**arrays, some: array})

    here = arrays[some]
    others = {
        "doubles": here.astype(float),
        "complex": here.astype(complex),
        "truths": here.astype(bool),
        "texts": here.astype("<U4"),
        "bytes": here.astype("|S4"),
        "times": here.astype("<M8[s]"),
        "objects": here.astype(object),
        "records": np.zeros(here.shape, [("a", "<f4"), ("b", "<i2")]),
        "long integers": here.astype(np.int64) + 10**12,
        "unsigned": here.astype(np.uint64),
        "other order": here.astype(here.dtype.newbyteorder(">")),
        "no numbers": np.zeros(0, here.dtype),
        "one number": np.zeros((), here.dtype),
        "more dimensions": here[None],
        "in columns": np.asfortranarray(here),
        "not a number": np.full(here.shape, np.nan, np.float32),
        "infinity": np.full(here.shape, np.inf, np.float32),
        "large": np.full(here.shape, 3e38, np.float32),
        "negative": np.full(here.shape, -1, here.dtype),
    }
    wholes: dict[str, Callable[[], bytes]] = {f"{some}: {kind}": other(array) for kind, array in others.items()}
    text = json.dumps(header).encode()
    wholes |= {
        f"without {gone}": lambda gone=gone: wrap(text, {n: a for n, a in arrays.items() if n != gone})  # type: ignore[misc]
        for gone in arrays
    }
    wholes["one more array"] = lambda: wrap(text, {**arrays, "more": here})
    whole = Path(path).read_bytes()
    beside = (
        *arrays,
        "the float weights",
        "the loss diverged",
    )  # numbers that only computing shows to be too large
    return Victim(name, path, whole, commands, header, wrap=wrap, wholes=wholes, rarely=rarely, beside=beside)


def _ours() -> Iterator[Victim]:
    yield _archive(
        "weights",
        "weights.npz",
        "quantize weights.npz --out new.npz",
        "quantize weights.npz --kernel schoolbook --data text.txt --out new.npz",
        "evaluate model.npz --data text.txt",
        "sample model.npz --float --count 2",
        "export weights.npz --out new.safetensors",
        rarely=["lab model.npz --data text.txt --out new"],
    )
    yield _archive("weights with pieces", "story.npz", "export story.npz --out new.safetensors")
    commands = ("sample {} --count 2", "build {} --dry-run", "evaluate {} --data text.txt")
    for name, path in {"model": "model.npz", "schoolbook model": "book.npz"}.items():
        rarely = [f"build {path} --out new.sfc"]
        yield _archive(name, path, *(command.format(path) for command in commands), rarely=rarely)
    (checkpoint,) = Path("run").iterdir()
    yield _archive("checkpoint", str(checkpoint), _resume)


def _resume() -> None:
    """In a copy of the folder: a run that goes on replaces its checkpoint."""
    with TemporaryDirectory() as name:
        copied = Path(name) / "run"
        shutil.copytree("run", copied)
        small_training.run(copied, ON_DIGITS, resume=True)


BESIDE = ("given.json", "given.safetensors", "hf/config.json", "hf/tokenizer.json", "hf/model.safetensors")


def _theirs() -> Iterator[Victim]:
    pair = ("import given.safetensors --out new.npz",)
    given = Path("given.safetensors").read_bytes()
    yield _json("sidecar", "given.json", *pair)
    yield _tensors("safetensors", "given.safetensors", given, *pair)
    folder = ("import hf --out new.npz",)
    yield _json("config.json", "hf/config.json", *folder)
    yield _json("tokenizer.json", "hf/tokenizer.json", *folder)
    yield _tensors("model.safetensors", "hf/model.safetensors", Path("hf/model.safetensors").read_bytes(), *folder)
    yield from _of_gpt2()


def _of_gpt2() -> Iterator[Victim]:
    folder, old = "import gpt --out new.npz", "import old --out new.npz"
    nanogpt = "import ckpt.pt --meta meta.pkl --out new.npz"
    yield replace(_json("config.json of GPT-2", "gpt/config.json", folder), beside=("gpt/", "gpt: "))
    yield replace(_json("tokenizer.json of GPT-2", "gpt/tokenizer.json", folder), beside=("gpt/", "gpt: "))
    yield replace(_json("vocab.json", "old/vocab.json", old), beside=("old/", "old: "))
    merges = Path("old/merges.txt").read_bytes()
    changed = _patched(merges, range(0, 200, 7))
    yield Victim("merges.txt", "old/merges.txt", merges, (old,), beside=("old/", "old: "), wholes=changed)
    tensors = Path("gpt/model.safetensors").read_bytes()
    yield replace(_tensors("GPT-2", "gpt/model.safetensors", tensors, folder), beside=("gpt/", "gpt: "))
    checkpoint, known = as_tree(nanogpt_checkpoint(GPT2, gpt2(GPT2))), {"vocab_size": 12, "itos": {}, "stoi": {}}
    known["itos"] = {str(token): text for token, text in enumerate(LETTERS)}
    yield _pickle("ckpt.pt", "ckpt.pt", checkpoint, lambda code: zipped_pickle(code, GPT2_STORAGES), nanogpt)
    yield _pickle("meta.pkl", "meta.pkl", known, bytes, nanogpt)


def _pickle(name: str, path: str, tree: Any, around: Callable[[bytes], bytes], command: Command) -> Victim:
    """A file with a pickle of a tree of JSON."""

    def wrap(text: bytes) -> bytes:
        return around(pickled_tree(text))

    whole = wrap(json.dumps(tree).encode())
    Path(path).write_bytes(whole)
    return Victim(name, path, whole, (command,), tree, wrap=wrap, beside=("ckpt.pt", "meta.pkl"))


def _json(name: str, path: str, *commands: Command) -> Victim:
    whole = Path(path).read_bytes()
    return Victim(name, path, whole, commands, json.loads(whole), beside=BESIDE)


def _tensors(name: str, path: str, whole: bytes, *commands: Command) -> Victim:
    size = int.from_bytes(whole[:8], "little")
    rest = whole[8 + size :]

    def wrap(text: bytes) -> bytes:
        return len(text).to_bytes(8, "little") + text + rest

    return Victim(name, path, whole, commands, json.loads(whole[8 : 8 + size]), wrap=wrap, beside=BESIDE)


def _of_explorations() -> Iterator[Victim]:
    tables = [
        {"dimensions": [8, 16], "layers": 1, "heads": 2, "hidden": 8, "context": 6, "digits": 1.2, "seconds": 5},
        {"preset": "small", "kernel": "auto", "seed": [0, 1], "tokens": 0, "learning_rate": 0.01, "batch_size": 4},
    ]
    text = _points(tables)
    Path("points.toml").write_text(text)
    yield Victim(
        "points", "points.toml", text.encode(), (lambda: read_points(Path("points.toml"), 60, 0),), tables, _points
    )
    rows = [_row(8, None), _row(16, 12.5), _row(32, 3.25)]
    text = _lines(rows)
    Path("results.jsonl").write_text(text)
    command = "explore --data text.txt --out results.jsonl --picture new.png --draw-only"
    read = lambda: read_rows(Path("results.jsonl"))  # noqa: E731
    yield Victim(
        "results", "results.jsonl", text.encode(), (read,), rows, _lines, rarely=(command, f"{command} --json")
    )


def _row(width: int, speed: float | None) -> dict[str, Any]:
    from snesgpt.explore.trial import empty_row, read_text
    from snesgpt.explore.trials import grid

    point = grid({"dimensions": [width], "layers": [2]}, 1.5, 0)[0]
    row = empty_row(point, "text.txt", read_text(Path("text.txt")).digest) | {"took": 1.6}
    if speed is None:
        return row | {"error": "refused"}
    found = {"n_params": 99, "steps": 7, "active_hidden": 0.5, "nll_float": 2.5, "nll_integer": 2.5, "why": ""}
    found |= {"characters_per_token": 1.0, "kernel": "digits", "clocks_per_token": 9, "rom_bytes": 1 << 17}
    return row | found | {"tokens_per_second": speed}


def _lines(rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in (rows if isinstance(rows, list) else [rows]))


def _points(tables: Any) -> str:
    """As TOML, which writes lists, texts and numbers as JSON does."""
    if not isinstance(tables, list):
        return f"points = {json.dumps(tables)}\n"
    text = ""
    for table in tables:
        if isinstance(table, dict):
            text += "[[points]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())
        else:
            text += f"points = {json.dumps(table)}\n"
    return text.replace("NaN", "nan").replace("-Infinity", "-inf")


def _binary() -> Iterator[Victim]:
    for name, path in {"llama2.c 1": "m.bin", "llama2.c 0": "old.bin"}.items():
        command = f"import {path} --tokenizer tok.bin --out new.npz"
        whole = Path(path).read_bytes()
        beside = ("tok.bin",)
        yield Victim(
            name,
            path,
            whole,
            (command,),
            beside=beside,
            wholes=_patched(whole, range(0, 44 if path == "m.bin" else 28, 4)),
        )
    whole = Path("tok.bin").read_bytes()
    commands = ("import m.bin --tokenizer tok.bin --out new.npz",)
    yield Victim(
        "llama2.c tokenizer",
        "tok.bin",
        whole,
        commands,
        beside=("m.bin",),
        wholes=_patched(whole, range(0, 400, 4)),
    )
    whole = Path("rom.sfc").read_bytes()
    info = ("info rom.sfc", "info rom.sfc --json")
    looked = lambda: find_model(Path("rom.sfc"), read_image(Path("rom.sfc")), Path("model.npz"))  # noqa: E731
    yield Victim("rom", "rom.sfc", whole, (*info, looked), wholes=_patched(whole, range(0x7FB0, 0x8000)))
    yield _debug_file()


def _patched(whole: bytes, places: Sequence[int]) -> dict[str, Callable[[], bytes]]:
    """Four bytes at every place as every number that is strange, and as floats that are none."""
    numbers = (0, 1, -1, 2, 3, 255, 1 << 16, (1 << 31) - 1, -(1 << 31), 0x7FC00000, 0x7F800000, 0x616B3432)
    return {
        f"bytes {at:#x} are {number:#x}": lambda at=at, number=number: (  # type: ignore[misc]
            whole[:at] + struct.pack("<I", number & 0xFFFFFFFF) + whole[at + 4 :]
        )
        for at in places
        for number in numbers
    }


NEEDED = ("NAMES", "seed", "temperature", "tokens_made", "names_made", "names_seed")
"""Symbols that `snesgpt bench` looks up."""


def _debug_file() -> Victim:
    whole = Path("rom.dbg").read_bytes()
    lines = [line for line in whole.decode().splitlines() if line.startswith(("version", "info"))]
    names = tuple(f'name="{name}"' for name in NEEDED)
    lines += [
        line for line in whole.decode().splitlines() if line.startswith("sym") and any(n in line for n in names)
    ]
    tree = [[line.partition("\t")[0], _fields(line.partition("\t")[2])] for line in lines]
    whole = _debug(tree).encode()
    Path("rom.dbg").write_bytes(whole)
    return Victim("debug file", "rom.dbg", whole, (_look_up,), tree, _debug)


def _fields(text: str) -> dict[str, Any]:
    return dict(part.partition("=")[::2] for part in text.split(","))


def _debug(tree: Any) -> str:
    lines = []
    for line in tree if isinstance(tree, list) else [tree]:
        kind, fields = line if isinstance(line, list) and len(line) == 2 else ("sym", line)
        shown = ",".join(f"{n}={v}" for n, v in fields.items()) if isinstance(fields, dict) else str(fields)
        lines.append(f"{kind}\t{shown}")
    return "\n".join(lines) + "\n"


def _look_up() -> None:
    """All that `snesgpt bench` does with the file before it switches the console on."""
    found = read_symbols(Path("rom.dbg"))
    page = NamesPage.__new__(NamesPage)
    page._at = found
    memory = SimpleNamespace(wram=np.zeros(1 << 17, np.uint8), sram=np.zeros(1 << 13, np.uint8))
    page.ram = Ram(cast("Console", memory))
    try:
        names_to_a_page(found)
        for name in NEEDED[1:]:
            page.address(name)
    except InputError as error:
        raise InputError(f"rom.dbg: {error}") from error
