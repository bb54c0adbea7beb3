"""The demo's own folder: made when it is missing, emptied of an earlier demo, refused when it holds anything else."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from monitor.errors import UsageError

MARK = ".monitor-demo"
ANOTHER = "Name another folder: monitor demo --folder NAME"
RUNNING = "running"  # or killed while it was
CONFIG, DATABASE, PAGES, TABLE, LOG = "monitor.toml", "monitor.db", "cards.html", "reviews.csv", "monitor.log"
OURS = {MARK, CONFIG, DATABASE, PAGES, TABLE, LOG} | {
    f"{DATABASE}{end}" for end in ("-wal", "-shm", "-journal", ".lock")
}


@contextmanager
def prepared(folder: Path) -> Iterator[Path]:
    """Give the folder, empty but for our mark, for the time of a block.

    Raises UsageError when it cannot be written, when a demo is running in it, or when something in it was
    not written by a demo: nothing is touched then.
    """
    with _taken(folder) as mark:
        try:
            yield folder
        finally:
            # Whoever changes the configuration from now on makes the folder their own.
            _write(mark, _print_of(folder / CONFIG))


def _taken(folder: Path) -> TextIO:
    """Return our mark in the folder, locked, after everything else of ours was removed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check(folder)
        mark = (folder / MARK).open("a", encoding="utf-8")
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(mark, RUNNING)
            for name in OURS - {MARK}:
                (folder / name).unlink(missing_ok=True)
        except BaseException:
            mark.close()
            raise
    except BlockingIOError:
        raise UsageError(f"another demo is running in {folder}; let it end first") from None
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"{folder} cannot be used for the demo ({why}). {ANOTHER}") from error
    return mark


def _write(mark: TextIO, words: str) -> None:
    mark.truncate(0)
    mark.write(f"{words}\n")
    mark.flush()


def _check(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    foreign = sorted(names - OURS)
    if names and MARK not in names:
        foreign = foreign or sorted(names)
    if not foreign and names and _signed(folder) not in (RUNNING, "", _print_of(folder / CONFIG)):
        foreign = [f"a changed {CONFIG}"]
    if foreign:
        listed = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")
        raise UsageError(f"{folder} holds what no demo wrote ({listed}), so it is left alone. {ANOTHER}")


def _signed(folder: Path) -> str:
    return (folder / MARK).read_text(encoding="utf-8", errors="replace").strip()


def _print_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return "none"
