"""A pickle is data: whatever one asks for, nothing is run, little memory is taken, and the answer is one line."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import random
import struct
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.gpt2_reference import Sizes, gpt2
from tests.support.torch_files import ORDERED, Raw, Writer, checkpoint, meta, name, text, torch_bytes, zipped
from trainer.errors import InputError
from trainer.formats.pickled import unpickled
from trainer.formats.reader import Options
from trainer.formats.readers import read_model
from trainer.weights import Weights

CHARACTERS = "\n abcdef.,"
SIZES = Sizes(vocab_size=len(CHARACTERS), n_layer=1)
MODEL = gpt2(SIZES)
MAX_MEMORY = 8 << 20
"""Bytes: of these files the largest has a million, and a pickle's value takes some times its room."""

PLAIN: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    255,
    256,
    65_536,
    -(1 << 31),
    1 << 40,
    -(1 << 63),
    0.5,
    float("inf"),
    "",
    "é日😀\n",
    "x" * 300,
    "x" * 70_000,
    (),
    (1,),
    (1, 2),
    (1, 2, 3),
    (1, 2, 3, 4),
    [],
    [1],
    list(range(2000)),
    {},
    {"a": 1},
    {n: str(n) for n in range(2000)},
    {"a": {"b": [(1, [2.5, None])]}, 7: "x"},
    OrderedDict(a=1, b=[2]),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("meta.pkl").write_bytes(meta(CHARACTERS))
    return tmp_path


def marked() -> bool:
    """Whether something was run."""
    return Path("marker").exists()


def refused(attempt: Callable[[], object]) -> str:
    """The one line that says why, with little memory taken and nothing run."""
    with pytest.raises(InputError) as raised:
        tracemalloc.start()
        try:
            attempt()
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert peak < MAX_MEMORY
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 400
    assert not marked()
    return str(raised.value)


def read(data: bytes) -> Weights:
    Path("ckpt.pt").write_bytes(data)
    return read_model(Path("ckpt.pt"), Options(meta=Path("meta.pkl")))


def both(code: bytes) -> Iterator[str]:
    """How opcodes are refused that make a value: in meta.pkl, and among the settings of a checkpoint."""
    yield refused(lambda: unpickled(b"\x80\x04" + code + b"."))
    whole = checkpoint(SIZES, MODEL)
    whole["config"]["seed"] = Raw(code)
    yield refused(lambda: read(torch_bytes(whole)))


@pytest.mark.parametrize("protocol", range(2, 6))
def test_plain_values_are_what_pickle_reads(protocol: int) -> None:
    for value in PLAIN:
        found = unpickled(pickle.dumps(value, protocol))
        assert found == value and (type(found) is type(value) or isinstance(value, OrderedDict))
    together = unpickled(pickle.dumps([PLAIN, PLAIN], protocol))
    assert together == [PLAIN, PLAIN] and together[0] is together[1]


class Runs:
    """A pickle of it calls something."""

    def __init__(self, called: Callable[..., object], *arguments: object) -> None:
        self.call = (called, arguments)

    def __reduce__(self) -> Any:
        return self.call


CALLS: dict[str, tuple[Runs, str]] = {
    "system": (Runs(os.system, "touch marker"), "posix.system"),
    "eval": (Runs(eval, "open('marker', 'w')"), ".eval`"),
    "exec": (Runs(exec, "open('marker', 'w')"), ".exec`"),
    "open": (Runs(open, "marker", "w"), ".open`"),
    "getattr": (Runs(getattr, Path("marker"), "touch"), ".getattr`"),
    "numpy": (Runs(np.save, "marker", 1), "numpy.save"),
}


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("attempt", CALLS)
def test_a_call_is_refused_by_its_name(attempt: str, protocol: int) -> None:
    value, called = CALLS[attempt]
    data = pickle.dumps(value, protocol)
    shown = refused(lambda: unpickled(data))
    assert "wants `" in shown and called in shown
    Path("meta.pkl").write_bytes(data)
    assert refused(lambda: read(torch_bytes(checkpoint(SIZES, MODEL)))) == f"meta.pkl: {shown}"
    Path("meta.pkl").write_bytes(meta(CHARACTERS))
    inside = torch_bytes(checkpoint(SIZES, MODEL), others={"data.pkl": data})
    assert refused(lambda: read(inside)) == f"ckpt.pt: {shown}"


@pytest.mark.parametrize("attempt", ["system", "eval", "exec", "open"])
def test_the_attempts_are_real(attempt: str) -> None:
    """Python's own unpickler runs them."""
    with suppress(Exception):
        pickle.loads(pickle.dumps(CALLS[attempt][0]))
    assert marked()


SYSTEM = name("os", "system")
TOUCH = text("touch marker")
TENSOR = name("torch._utils", "_rebuild_tensor_v2")
FLOATS = name("torch", "FloatStorage")
STORAGE = b"(" + text("storage") + FLOATS + text("0") + text("cpu") + b"K\x04tQ"

OPCODES: dict[str, tuple[bytes, str]] = {
    "a name of protocol 0": (SYSTEM + b"(" + TOUCH + b"tR", "`os.system`"),
    "a name in two texts": (text("os") + text("system") + b"\x93" + TOUCH + b"\x85R", "`os.system`"),
    "a name that is reached by dots": (
        text("collections") + text("OrderedDict.__init__.__globals__") + b"\x93",
        "`collections.OrderedDict.__init__.__globals__`",
    ),
    "a name with a newline": (text("os\n") + text("system") + b"\x93", "wants `'os\\\\n.system'`"),
    "a name that is no text": (b"K\x01K\x02\x93", "by something that is no text"),
    "another function of torch": (name("torch", "load") + text("marker") + b"\x85R", "`torch.load`"),
    "another class": (name("numpy.core.multiarray", "_reconstruct"), "`numpy.core.multiarray._reconstruct`"),
    "INST": (b"(" + TOUCH + b"ios\nsystem\n", "pickle's INST"),
    "OBJ": (b"(" + ORDERED + TOUCH + b"o", "pickle's OBJ"),
    "NEWOBJ": (name("collections", "OrderedDict") + b")\x81", "pickle's NEWOBJ"),
    "NEWOBJ_EX": (name("collections", "OrderedDict") + b")}\x92", "pickle's NEWOBJ_EX"),
    "EXT1": (b"\x82\xf0" + TOUCH + b"\x85R", "pickle's EXT1"),
    "EXT4": (b"\x84\xf0\x00\x00\x00", "pickle's EXT4"),
    "PERSID": (b"Pmarker\n", "pickle's PERSID"),
    "bytes out of band": (b"\x97", "pickle's NEXT_BUFFER"),
    "a call of a tuple": (b"K\x01\x85)R", "calls (1,)"),
    "a call of a value": (text("os.system") + TOUCH + b"\x85R", "calls 'os.system'"),
    "an OrderedDict of what it is given": (
        name("collections", "OrderedDict") + b"]\x85R",
        "calls `collections.OrderedDict` with arguments",
    ),
    "arguments that are no tuple": (name("collections", "OrderedDict") + b"]R", "nothing is run"),
    "attributes of a dict": (b"}}b", "its pickle fills {}, which is no Ordered"),
    "attributes of a list": (b"]}b", "its pickle fills [], which is no Ordered"),
    "items of a text": (text("a") + b"K\x01K\x02s", "its pickle fills 'a', which is no dict"),
    "items of an empty stack": (b"K\x01K\x02s", "takes a value that is not there"),
    "items behind a mark": (b"(K\x01K\x02s", "takes a value that is not there"),
    "items in a half": (b"}(K\x01u", "a key without a value"),
    "more in a tuple": (b")(K\x01e", "its pickle fills (), which is no list"),
    "a list for a key": (b"}]K\x01s", "has [] as a key"),
    "a tuple for a key": (b"})K\x01s", "has () as a key"),
    "what was never kept": (b"h\x07", "recalls a value that is not there"),
    "what was never kept, far away": (b"j\xff\xff\xff\xff", "recalls a value that is not there"),
    "a mark that is not there": (b"t", "takes a value that is not there"),
    "a tuple of nothing": (b"\x87", "takes a value that is not there"),
    "two values": (b"NN(", "not whole"),
    "half a character": (b"X\x03\x00\x00\x00\xed\xa0\x80", "half a character"),
    "a long number": (b"\x8a\x10" + b"\x7f" * 16, "a whole number of more than 64 bits"),
    "a very long number": (b"\x8b\x00\x00\x01\x00" + b"\x7f" * 65536, "pickle's LONG4"),
    "a number in words": (b"I" + b"9" * 10_000 + b"\n", "pickle"),
    "a text that is longer than the file": (b"\x8d" + struct.pack("<Q", 1 << 62), "it is not a whole pickle"),
    "a text without end": (b"X\xff\xff\xff\x7fabc", "it is not a whole pickle"),
}


@pytest.mark.parametrize(("code", "message"), OPCODES.values(), ids=OPCODES)
def test_an_opcode_that_plain_data_never_needs(code: bytes, message: str) -> None:
    copyreg.add_extension("os", "system", 0xF0)
    try:
        alone, among_others = both(code)
        assert message in alone
        assert message in among_others or "takes" in alone or "not whole" in alone
    finally:
        copyreg.remove_extension("os", "system", 0xF0)


TENSORS: dict[str, tuple[bytes, str]] = {
    "of no storage": (TENSOR + b"(K\x01K\x00))\x89NtR", "makes a tensor of"),
    "of too little": (TENSOR + b"(" + STORAGE + b"K\x00)tR", "makes a tensor of"),
    "of a dict": (TENSOR + b"(" + STORAGE + b"K\x00}}\x89NtR", "makes a tensor of"),
    "a call of its storage": (FLOATS + b"K\x04\x85R", "calls `torch.FloatStorage`: nothing is run"),
    "a parameter of no tensor": (name("torch._utils", "_rebuild_parameter") + b"]\x88]\x87R", "makes a parameter"),
    "a storage without its kind": (
        b"(" + text("storage") + text("x") + text("0") + text("cpu") + b"K\x04tQ",
        "refers",
    ),
    "a storage of a function": (
        b"(" + text("storage") + TENSOR + text("0") + text("cpu") + b"K\x04tQ",
        "refers to ('storage', ",
    ),
    "a storage of less than nothing": (
        b"(" + text("storage") + FLOATS + text("0") + text("cpu") + b"J\xff\xff\xff\xfftQ",
        "refers to ('storage', ",
    ),
    "something else": (b"NQ", "refers to None, which is no storage"),
}


@pytest.mark.parametrize(("code", "message"), TENSORS.values(), ids=TENSORS)
def test_a_tensor_that_torch_never_writes(code: bytes, message: str) -> None:
    in_meta, in_checkpoint = both(code)
    assert "wants `torch" in in_meta or "refers to what is in another file" in in_meta
    assert message in in_checkpoint


@pytest.mark.slow
def test_the_settings_may_be_anything_that_is_plain() -> None:
    """Nested as deeply as there is room, in a circle, or doubled again and again: nobody looks."""
    deep = b"N" + b"\x85" * 200_000, b"]" * 200_000 + b"a" * 199_999, b"]q\x01h\x01a"
    doubled = b"Nq\x01" + b"".join(b"(" + b"h\x01" * 10 + b"tq\x01" for _ in range(40))
    for code in (*deep, b"(" + doubled[:-2] + b"t"):
        whole = checkpoint(SIZES, MODEL)
        whole["config"]["seed"] = Raw(code)
        assert isinstance(read(torch_bytes(whole)), Weights)
        whole["model_args"]["n_layer"] = Raw(code)
        assert "n_layer is " in refused_in_any_memory(torch_bytes(whole))
        for place in ("model_args", "model"):
            assert "ckpt.pt: " in refused_in_any_memory(torch_bytes(checkpoint(SIZES, MODEL) | {place: Raw(code)}))
        Path("meta.pkl").write_bytes(b"\x80\x04" + code + b".")
        assert "meta.pkl: it is " in refused_in_any_memory(torch_bytes(checkpoint(SIZES, MODEL)))
        Path("meta.pkl").write_bytes(meta(CHARACTERS))


def refused_in_any_memory(data: bytes) -> str:
    with pytest.raises(InputError) as raised:
        read(data)
    assert len(str(raised.value)) < 400
    return str(raised.value)


def test_sizes_that_are_lies_take_no_memory() -> None:
    whole = checkpoint(SIZES, MODEL)
    whole["model"]["transformer.wte.weight"] = Raw(
        TENSOR + b"(" + STORAGE.replace(b"K\x04", b"\x8a\x08" + struct.pack("<q", 1 << 62)) + b"K\x00"
        b"K\x0aK\x08\x86K\x08K\x01\x86\x89" + ORDERED + b"tR"
    )
    assert "its storage has" in refused(lambda: read(torch_bytes(whole)))
    million = b"\x8a\x04" + struct.pack("<i", 1 << 30)
    whole["model"]["transformer.wte.weight"] = Raw(
        TENSOR + b"(" + STORAGE + b"K\x00" + million + million + b"\x86K\x00K\x00\x86\x89" + ORDERED + b"tR"
    )
    assert "it is (1073741824, 1073741824)" in refused(lambda: read(torch_bytes(whole)))


def test_zips_that_torch_never_writes() -> None:
    data = Writer().pickle({"x": "y" * 1_000_000})
    bomb = zipped({"data.pkl": bytes(50 << 20)}, zipfile.ZIP_DEFLATED)
    assert "data.pkl is compressed, which torch.save never does" in refused(lambda: read(bomb))
    large = zipped({"data.pkl": data + bytes(1 << 20)})
    assert "data.pkl has 2," in refused(lambda: read(large))
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("a/data.pkl", data)
        archive.writestr("b/data.pkl", data)
    assert "a zip that torch.save did not write" in refused(lambda: read(twice.getvalue()))
    assert "a zip that torch.save did not write" in refused(lambda: read(zipped({"other": b""})))
    lying = bytearray(zipped({"data.pkl": data}))
    at = lying.index(b"PK\x01\x02")
    lying[at + 20 : at + 28] = struct.pack("<II", 1 << 19, 1 << 19)
    assert "data.pkl is damaged" in refused(lambda: read(bytes(lying)))
    encrypted = bytearray(zipped({"data.pkl": data}))
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    assert "data.pkl is damaged" in refused(lambda: read(bytes(encrypted)))
    with Path("ckpt.pt").open("wb") as file:
        file.write(twice.getvalue())
        file.truncate(1 << 40)
    sparse = refused(lambda: read_model(Path("ckpt.pt"), Options(meta=Path("meta.pkl"))))
    assert "it has 1,099,511,627,776 bytes" in sparse


@pytest.mark.slow
@given(st.integers(0, 1 << 32))
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_opcodes_in_any_order_are_refused_or_plain(seed: int) -> None:
    """Parts of true pickles and of false ones, in any order."""
    chance = random.Random(seed)
    parts = [code for code, _ in (*OPCODES.values(), *TENSORS.values()) if len(code) < 1000]
    parts += [
        b"(",
        b"t",
        b"u",
        b"e",
        b"R",
        b"b",
        b"}",
        b"]",
        b")",
        b"N",
        b"K\x01",
        b"h\x01",
        b"q\x01",
        b"Q",
        b"\x85",
    ]
    parts += [STORAGE, TENSOR, ORDERED, text("a")]
    code = b"".join(chance.choices(parts, k=chance.randint(1, 30)))
    with suppress(InputError):
        unpickled(b"\x80\x04" + code + b".")
    whole = checkpoint(SIZES, MODEL)
    whole[chance.choice(["config", "model", "model_args", "optimizer"])] = Raw(code)
    with suppress(InputError):
        assert isinstance(read(torch_bytes(whole)), Weights)
    assert not marked()
