"""Files that are there whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from monitor.errors import UsageError

ADVICE = {
    errno.ENOSPC: "there is no room left on that disk",
    errno.EDQUOT: "the quota of that disk is used up",
    errno.EFBIG: "the file would be larger than this system allows",
    errno.EROFS: "that disk is read-only",
    errno.EACCES: "that folder cannot be written to",
    errno.EPERM: "that folder cannot be written to",
    errno.ENOENT: "that folder does not exist",
    errno.ENOTDIR: "a part of that path is a file, not a folder",
    errno.ENAMETOOLONG: "that name is too long",
}


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Yield a file to write. It takes its name when the block ends well; otherwise the old one stays.

    A link is followed; a pipe or terminal is written to directly. `private` keeps other users of
    the machine out. Raises UsageError: a folder, read-only, no room.
    """
    with telling(path):
        if _is_special(path):
            with path.open("wb") as stream:
                yield stream
            return
        with replacing_path(path, private=private) as part, part.open("r+b", buffering=1 << 18) as stream:
            yield stream


@contextmanager
def replacing_path(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield the path of an empty file to fill, for those who open it themselves; else like `replacing`."""
    with telling(path):
        target = _target(path)
        part = _part(target)
        try:
            with _held(part, target, private=private):
                yield part
            part.replace(target)
            _sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a sentence about `path`. Raises UsageError."""
    try:
        yield
    except OSError as error:
        if error.errno not in ADVICE:
            raise
        raise UsageError(f"{path} was not written: {ADVICE[error.errno]}") from error


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _target(path: Path) -> Path:
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():
        raise UsageError(f"{path} is a link that leads in a circle: choose another name")
    if target.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    if target.exists() and not os.access(target, os.W_OK, effective_ids=True):
        raise UsageError(f"{path} is read-only: choose another name, or make it writable first")
    return target


def _part(target: Path) -> Path:
    """Return a free name beside the target, after removing what killed programs left there."""
    start = f".{target.name[:50]}."
    for left in target.parent.glob(f"{_literal(start)}*.part"):
        _remove_if_left(left)
    return target.with_name(f"{start}{secrets.token_hex(4)}.part")


def _literal(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def still_written(folder: Path, name: str) -> list[Path]:
    """Return the files without their name yet that somebody is writing, for names that begin so; remove what is left.

    What a killed program left there is deleted.
    """
    parts = list(folder.glob(f".{_literal(name)}*.part"))
    for part in parts:
        _remove_if_left(part)
    return [part for part in parts if part.exists()]


def _remove_if_left(part: Path) -> None:
    # Whoever still writes to it holds its lock.
    with suppress(OSError), part.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()


@contextmanager
def _held(part: Path, target: Path, *, private: bool) -> Iterator[None]:
    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600 if private else 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if target.exists() and not private:
            os.fchmod(handle, stat.S_IMODE(target.stat().st_mode))
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    # So that the new name outlives a power cut, too.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
