"""Data from a file is data: it is compared with the type of its format before anything is computed with it.

A format has one type: a msgspec.Struct, a TypedDict or a dataclass. The annotations of its fields are their limits,
and what a message says about a wrong field is made from them.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from reprlib import Repr
from typing import Any, TypeVar, overload

import msgspec

from trainer.errors import InputError

T = TypeVar("T")

DEEPEST, LONGEST = 24, 300
"""Levels that a document may be nested; digits of a whole number: as many as a float can be large."""

HUGE = 10**LONGEST

SHORT = Repr()
SHORT.maxlevel, SHORT.maxlist, SHORT.maxdict, SHORT.maxstring, SHORT.maxother, SHORT.maxlong = 2, 4, 2, 60, 60, 40

PLACE = re.compile(r"^(.*?)(?: - at (`key` in )?`\$(.*)`)?$", re.DOTALL)
STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
NAME = re.compile(r"field `(.*)`$", re.DOTALL)
"""Parts of msgspec's messages: what, and where; a step of that; the name of a field that is missing or unknown."""


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Every InputError of the block begins with the name of the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def from_json(text: bytes) -> Any:
    """JSON as plain data. Raises InputError when it is none, or holds what no field can be: see `plain`."""
    try:
        return plain(json.loads(text, parse_int=_whole, object_pairs_hook=_once))
    except RecursionError as error:
        raise InputError("it is not JSON: it is nested too deeply") from error
    except ValueError as error:
        raise InputError(f"it is not JSON: {error}") from error


def from_toml(text: bytes) -> Any:
    """TOML as plain data. Raises InputError as from_json does."""
    try:
        return plain(tomllib.loads(text.decode("utf-8-sig")))
    except RecursionError as error:
        raise InputError("it is not TOML: it is nested too deeply") from error
    except ValueError as error:
        raise InputError(f"it is not TOML: {error}") from error


def plain(value: Any, field: str = "", depth: int = 0) -> Any:
    """The value itself. Raises InputError, naming the field, where it holds NaN, infinity, a number without end or
    half a character, or is nested deeper than any document of ours.
    """
    if depth > DEEPEST:
        raise InputError(f"{field[:60] or 'it'} is nested too deeply: {DEEPEST} levels are the most")
    match value:
        case float() if not math.isfinite(value):
            raise InputError(f"{field or 'it'} is {value}: it must be a finite number")
        case int() if abs(value) > HUGE:
            raise InputError(
                f"{field or 'it'} is {SHORT.repr(value)}: it must be a number of at most {LONGEST} digits"
            )
        case str() if not value.isascii() and _is_broken(value):
            raise InputError(f"{field or 'it'} is {SHORT.repr(value)}, which is half a character and no text")
        case dict():
            for name, inner in value.items():
                plain(name, f"the name of a field{f' of {field}' if field else ''}", depth)
                plain(inner, _below(field, name), depth + 1)
        case list():
            for number, inner in enumerate(value):
                plain(inner, f"{field}[{number}]", depth + 1)
    return value


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= 2 * LONGEST else math.inf


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InputError(f"{_below('', name)} is there twice: only one can be meant")
        found[name] = value
    return found


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _below(field: str, name: object) -> str:
    shown = name if isinstance(name, str) and name.isidentifier() and len(name) < 60 else SHORT.repr(name)
    return f"{field}.{shown}" if field else f"{shown}"


@overload
def checked(value: object, kind: type[T], field: str = "") -> T: ...
@overload
def checked(value: object, kind: Any, field: str = "") -> Any: ...
def checked(value: object, kind: Any, field: str = "") -> Any:
    """Plain data as a value of this type; whole numbers become floats where the type says so.

    field: the name of the value itself, if it is not a whole document. Raises InputError naming the field that is
    missing, unknown, of another type or out of its range.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError(_in_words(str(error), value, kind, field)) from error


def _in_words(message: str, value: Any, kind: Any, field: str) -> str:
    """msgspec's message in ours: the field, what it is, what it must be."""
    from msgspec import inspect

    parts = PLACE.match(message)
    assert parts is not None
    what, of_name, path = parts.groups()
    here = _chosen(inspect.type_info(kind), value)
    for name, number in STEP.findall(path or ""):
        here = _inner(here, name or number)
        if number == "...":
            return f"a value of {field} is of another kind: it must be {_wanted(here)}"
        value = value[name] if name else value[int(number)]
        here = _chosen(here, value)
        field = _below(field, name) if name else f"{field}[{number}]"
    if of_name:
        return f"a name in {field} is of another kind: {what}"
    if (found := NAME.search(what)) and "missing" in what:
        return f"{_below(field, found[1])} is missing: it must be {_wanted(_inner(here, found[1]))}"
    if found:
        return f"{_below(field, found[1])} is unknown: the fields are {', '.join(_fields(here))}"
    return f"{field or 'it'} is {SHORT.repr(value)}: it must be {_wanted(here)}"


def _choices(kind: Any) -> Sequence[Any]:
    """The types of which the value may be one."""
    from msgspec import inspect

    match kind:
        case inspect.Metadata():
            return _choices(kind.type)
        case inspect.UnionType():
            return [choice for each in kind.types for choice in _choices(each)]
    return [kind]


def _chosen(kind: Any, value: Any) -> Any:
    """Of structs that are told apart by a tag, the one whose tag the value has."""
    for choice in _choices(kind):
        tag = getattr(choice, "tag", None)
        if tag is not None and isinstance(value, dict) and value.get(choice.tag_field) == tag:
            return choice
    return kind


def _fields(kind: Any) -> dict[str, Any]:
    """Name → type of every field, a tag among them."""
    from msgspec import inspect

    structs = [choice for choice in _choices(kind) if hasattr(choice, "fields")]
    tags = [choice for choice in structs if getattr(choice, "tag", None) is not None]
    named = {each.tag_field: inspect.LiteralType(tuple(tag.tag for tag in tags)) for each in tags}
    return named | {each.encode_name: each.type for choice in structs for each in choice.fields}


def _inner(kind: Any, step: str) -> Any:
    """The type of a field, an item or a value of this type."""
    if fields := _fields(kind):
        return fields[step]
    for choice in _choices(kind):
        if hasattr(choice, "item_types"):
            return choice.item_types[int(step)]
        if inner := getattr(choice, "item_type", None) or getattr(choice, "value_type", None):
            return inner
    raise AssertionError(f"{kind} has no {step}")


def _wanted(kind: Any) -> str:
    """The values of this type, in words."""
    from msgspec import inspect

    match kind:
        case inspect.Metadata():
            return str((kind.extra_json_schema or {}).get("description") or _wanted(kind.type))
        case inspect.UnionType():
            return " or ".join(dict.fromkeys(map(_wanted, kind.types)))
        case inspect.IntType():
            return f"a whole number{_limits(kind)}"
        case inspect.FloatType():
            return f"a number{_limits(kind)}"
        case inspect.StrType():
            return f"a text of at most {kind.max_length:,} characters" if kind.max_length else "a text"
        case inspect.BoolType():
            return "true or false"
        case inspect.NoneType():
            return "null"
        case inspect.LiteralType() | inspect.EnumType():
            names = kind.values if isinstance(kind, inspect.LiteralType) else map(str, kind.cls)
            one = [repr(name) for name in names]
            return one[0] if len(one) == 1 else f"one of {', '.join(one)}"
        case inspect.TupleType():
            return f"a list of {len(kind.item_types)} values: {', '.join(map(_wanted, kind.item_types))}"
        case inspect.ListType() | inspect.VarTupleType():
            most = f" of at most {kind.max_length:,} values" if kind.max_length else ""
            return f"a list{most}{_each(kind.item_type)}"
        case inspect.DictType():
            return f"an object of named values{_each(kind.value_type)}"
    return "an object of named fields" if _fields(kind) else "a value"


def _each(kind: Any) -> str:
    from msgspec import inspect

    return "" if isinstance(kind, inspect.AnyType) else f", each {_wanted(kind)}"


def _limits(kind: Any) -> str:
    low = kind.gt if kind.ge is None else kind.ge
    high = kind.lt if kind.le is None else kind.le
    if low is None or high is None:
        return "" if low is None else f" of at least {low:g}" if kind.gt is None else f" above {low:g}"
    return f" from {low} to {high}" if isinstance(high, int) else f" from {low:g} to {high:g}"
