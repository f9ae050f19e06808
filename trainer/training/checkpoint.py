"""The checkpoint of a run: found by what decides the run, so that no other run uses or overwrites it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from trainer.documents import checked, reading
from trainer.errors import InputError
from trainer.files import Array, read_arrays
from trainer.notes import Amount, Count

Identity = dict[str, Any]
"""Values that must be equal for a checkpoint to belong to a run; flat, so that a difference has a name."""


class Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every checkpoint says besides its arrays. seconds: spent so far, in earlier sittings too."""

    format: str
    identity: Identity
    step: Count
    seconds: Amount


H = TypeVar("H", bound=Header)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or another end from outside. The message: how far the run came, where it is kept, how it goes on."""

    @classmethod
    def at(cls, step: int, kept: int, path: Path) -> Interrupted:
        """At a step, when an earlier one is kept."""
        return cls(
            f"interrupted at step {step}: step {kept} is kept in {path}; the same command goes on from there"
        )


def checkpoint_path(out: Path) -> Path:
    """What the names of the checkpoints of all runs that write `out` begin with."""
    return out.with_name(f"{out.stem}.checkpoint.npz")


def own_path(prefix: Path, form: str, identity: Identity) -> Path:
    """The checkpoint of one run: a fingerprint of all that decides it is part of the name. form: of its header."""
    text = json.dumps([form, identity], sort_keys=True)
    return prefix.with_stem(f"{prefix.stem}-{blake2b(text.encode(), digest_size=6).hexdigest()}")


def others(prefix: Path, identity: Identity) -> str:
    """What makes this run another one than those that checkpoints beside it are of: the end of a message."""
    kept = sorted(path for path in prefix.parent.glob("*.npz") if path.name.startswith(f"{prefix.stem}-"))
    found = ""
    for path in kept:
        with suppress(InputError, KeyError, TypeError):
            theirs = read_arrays(path)[0]["identity"]
            name = next(name for name, value in identity.items() if theirs[name] != value)
            found += f"; {path} is of a run with {name} {theirs[name]!r}, not {identity[name]!r}"
    return found


def damaged(path: Path) -> str:
    """How a message about a damaged checkpoint begins."""
    return f"{path} is damaged, delete it to begin anew"


def read_own(path: Path, form: str, identity: Identity, kind: type[H]) -> tuple[H, Mapping[str, Array]]:
    """Header and arrays of a checkpoint. Raises InputError unless it is whole and of the same run."""
    found, arrays = read_arrays(path)
    if found.get("format") != form:
        raise InputError(f"{path} is not a checkpoint: move it out of the way")
    with reading(damaged(path)):
        header = checked(found, kind)
    if header.identity != json.loads(json.dumps(identity)):
        raise InputError(f"{path} is not a checkpoint of this run: move it out of the way")
    return header, arrays
