"""A document is compared with its type, and what is wrong is said in the type's own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import pytest
from msgspec import Meta, Struct

from trainer.documents import DEEPEST, checked, from_json, from_toml, reading
from trainer.errors import InputError
from trainer.files import read_arrays
from trainer.notes import Notes
from trainer.text.splitting import KINDS
from trainer.weights import load_weights, save_weights

CHECKPOINTS = sorted((Path(__file__).parents[2] / "checkpoints").glob("*.npz"))


class Ship(Struct, forbid_unknown_fields=True):
    """A type with every kind of field."""

    name: Annotated[str, Meta(max_length=5)]
    length: Annotated[float, Meta(gt=0, le=400)]
    masts: Annotated[int, Meta(ge=1, le=5)] = 1
    rig: Literal["sloop", "brig"] = "brig"
    afloat: bool = True
    crew: list[tuple[str, int]] = []
    speeds: dict[str, float] = {}
    tender: Ship | None = None


GOOD = {"name": "Anna", "length": 30}
WRONG = {
    "no object": ([], "it is []: it must be an object of named fields"),
    "missing": ({"name": "Anna"}, "length is missing: it must be a number from 0 to 400"),
    "unknown": (GOOD | {"sails": 3}, "sails is unknown: the fields are name, length, masts"),
    "a word": (GOOD | {"length": "long"}, "length is 'long': it must be a number from 0 to 400"),
    "too much": (GOOD | {"length": 401}, "length is 401: it must be a number from 0 to 400"),
    "nothing": (GOOD | {"length": 0}, "length is 0: it must be a number from 0 to 400"),
    "a fraction": (GOOD | {"masts": 1.5}, "masts is 1.5: it must be a whole number from 1 to 5"),
    "a truth": (GOOD | {"masts": True}, "masts is True: it must be a whole number"),
    "a choice": (GOOD | {"rig": "tug"}, "rig is 'tug': it must be one of 'brig', 'sloop'"),
    "no truth": (GOOD | {"afloat": 1}, "afloat is 1: it must be true or false"),
    "an item": (GOOD | {"crew": [["Bo", 1], ["Cy", "x"]]}, "crew[1][1] is 'x': it must be a whole number"),
    "too few items": (
        GOOD | {"crew": [["Bo"]]},
        "crew[0] is ['Bo']: it must be a list of 2 values: a text, a whole",
    ),
    "a value": (GOOD | {"speeds": {"reach": None}}, "a value of speeds is of another kind: it must be a number"),
    "deeper": (GOOD | {"tender": GOOD | {"masts": 9}}, "tender.masts is 9: it must be a whole number from 1 to 5"),
    "too long": (GOOD | {"name": "x" * 10**6}, "it must be a text of at most 5 characters"),
    "NaN": (GOOD | {"length": float("nan")}, "length is nan: it must be a finite number"),
    "infinity": (GOOD | {"speeds": {"run": float("-inf")}}, "speeds.run is -inf: it must be a finite number"),
    "digits": (GOOD | {"masts": 10**400}, "masts is 1000"),
    "half a character": (GOOD | {"name": "\ud800"}, "name is '\\ud800', which is half a character"),
    "in a name": (GOOD | {"\ud800": 1}, "the name of a field is '\\ud800'"),
    "a name like a message": (GOOD | {"x` - at `$.name": 1}, "is unknown"),
}


@pytest.mark.parametrize(("document", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(document: Any, message: str) -> None:
    with pytest.raises(InputError) as raised, reading("ship.json"):
        checked(from_json(json.dumps(document).encode()), Ship)
    told = str(raised.value)
    assert told.startswith("ship.json: ") and message in told and len(told) < 300 and "\n" not in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "it is not JSON: Expecting value"),
        (b"\xff", "it is not JSON"),
        (b'{"name": }', "it is not JSON: Expecting value: line 1 column 10"),
        (b'{"name": "a", "name": "b"}', "name is there twice"),
        (b'{"length": ' + b"9" * 10_000 + b"}", "length is inf: it must be a finite number"),
        (b'{"length": 1e999}', "length is inf: it must be a finite number"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"[" * (DEEPEST + 2) + b"]" * (DEEPEST + 2), "is nested too deeply"),
    ],
)
def test_what_is_no_document(text: bytes, message: str) -> None:
    with pytest.raises(InputError) as raised:
        from_json(text)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "text", [b"a =", b"a = nan", b"\xff", b"a = " + b"[" * 5000, b"a = " + b"9" * 400, b"a = " + b"9" * 9000]
)
def test_toml_that_is_none(text: bytes) -> None:
    with pytest.raises(InputError):
        from_toml(text)


def test_the_notes_name_every_way_to_read_a_text() -> None:
    kinds = get_type_hints(Notes, include_extras=True)["documents"]
    assert get_args(kinds) == tuple(KINDS)


def test_whole_numbers_are_numbers() -> None:
    assert checked(from_json(b'{"name": "Anna", "length": 30}'), Ship).length == 30.0
    assert checked({"temperature": 1, "steps": 3}, Notes) == {"temperature": 1.0, "steps": 3}


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem)
def test_the_checkpoints_keep_all_they_have(tmp_path: Path, path: Path) -> None:
    save_weights(tmp_path / "again.npz", load_weights(path))
    (before, _), (after, _) = read_arrays(path), read_arrays(tmp_path / "again.npz")
    assert after["info"] == before["info"] and after["config"] == before["config"]
    assert list(after["symbols"]) == list(before["symbols"])
