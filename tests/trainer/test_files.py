"""What is written: where a link leads, with the mode that was there, and all files of a command or none."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trainer.errors import InputError
from trainer.files import whole_file, write_all


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def write(path: Path) -> None:
    write_all({path: b"new"})


def fill(path: Path) -> None:
    with whole_file(path) as temporary:
        temporary.write_bytes(b"new")


WRITERS: list[Callable[[Path], None]] = [write, fill]


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("target", ["old", "there/old", "missing", "none/missing"])
def test_a_link_stays_and_what_it_leads_to_is_written(
    tmp_path: Path, writer: Callable[[Path], None], target: str
) -> None:
    (tmp_path / "there").mkdir()
    for old in ("old", "there/old"):
        (tmp_path / old).write_bytes(b"old")
    link, further = tmp_path / "link", tmp_path / "there/further"
    link.symlink_to(further)
    further.symlink_to(tmp_path / target)
    writer(link)
    assert link.is_symlink() and further.is_symlink()
    assert (tmp_path / target).read_bytes() == b"new" and not (tmp_path / target).is_symlink()
    assert not list(tmp_path.rglob(".snes-gpt-*"))


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755, 0o200])
def test_a_file_keeps_its_mode(
    tmp_path: Path, usual_umask: None, writer: Callable[[Path], None], mode: int
) -> None:
    old, fresh = tmp_path / "old", tmp_path / "fresh"
    old.touch()
    old.chmod(mode)
    writer(old)
    writer(fresh)
    assert (old.stat().st_mode & 0o777, fresh.stat().st_mode & 0o777) == (mode, 0o644)


def test_what_is_written_over_a_private_file_is_private_from_its_first_byte(tmp_path: Path) -> None:
    (tmp_path / "old").touch(0o600)
    with whole_file(tmp_path / "old") as temporary:
        assert temporary.stat().st_mode & 0o777 == 0o600


def test_a_file_keeps_its_owner_where_root_writes(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.touch()
    owner = (12, 34) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(old, *owner)
    write(old)
    assert (old.stat().st_uid, old.stat().st_gid) == owner


@pytest.mark.parametrize("writer", WRITERS)
def test_a_read_only_file_is_kept_from_root_too(tmp_path: Path, writer: Callable[[Path], None]) -> None:
    old, link = tmp_path / "old", tmp_path / "link"
    old.write_bytes(b"old")
    old.chmod(0o444)
    link.symlink_to(old)
    for path in (old, link):
        with pytest.raises(InputError, match=f"cannot write {path}: it is read-only"):
            writer(path)
    assert old.read_bytes() == b"old" and sorted(tmp_path.iterdir()) == [link, old]


def test_a_full_disk_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    files = {tmp_path / name: name.encode() for name in ("a", "deep/b", "c")}
    write_all(files)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limit[1]))
    try:
        with pytest.raises(InputError, match=r"cannot write .*/c: File too large"):
            write_all(dict(zip(files, (b"new", b"new", b"much" * 20), strict=True)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_ctrl_c_among_the_renames_waits_until_all_are_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.replace

    def interrupted(path: Path, target: Path) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    files = {tmp_path / name: b"new" for name in "abc"}
    with pytest.raises(KeyboardInterrupt):
        write_all(files)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files
