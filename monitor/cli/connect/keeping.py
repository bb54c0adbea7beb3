"""Secrets into files that only their owner can read, and a key into the configuration, comments and all."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path

from monitor import config
from monitor.config import Key, Needs
from monitor.errors import UsageError
from monitor.models import Json

FOLDER = "secrets"
_BOM = "\ufeff"


def file_for(file: Path, needs: Needs, key: Key) -> str:
    """Return where a secret lies, relative to the configuration: where it lay before, or a name not taken yet."""
    if key.reference and "file" in key.reference:
        return key.reference["file"]
    text = file.read_text(encoding="utf-8", errors="replace")
    owner = re.sub(r"[^A-Za-z0-9._-]+", "-", needs.owner_name).strip(".-")[:60] or "source"
    name = f"{FOLDER}/{owner}-{key.name.replace('_', '-')}"
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 1000))) if f'"{one}"' not in text)


def keep(file: Path, name: str, secret: str) -> None:
    """Write a secret: its file can be read by its owner only, and so can a folder made for it.

    Whoever works as root writes for the owner of the configuration. Raises UsageError when it cannot be written.
    """
    home = file.absolute().parent
    path = home / name
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700)
            _give(path.parent, home.stat())
        if path.parent == home / FOLDER and path.parent.stat().st_mode & 0o077:
            path.parent.chmod(0o700)
        _replace(path, f"{secret}\n".encode(), 0o600, home.stat())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {(error.strerror or type(error).__name__).lower()}") from error


def add(file: Path, key: Key, value: Json) -> bool:
    """Put a key into its table of the configuration; False where that cannot be done without harm."""
    path = file.resolve()
    try:
        text = path.read_bytes().decode("utf-8")
        mark = _BOM if text.startswith(_BOM) else ""
        changed = config.with_key(text.removeprefix(_BOM), key.owner, key.name, value)
        if changed is None:
            return False
        was = path.stat()
        _replace(path, f"{mark}{changed}".encode(), stat.S_IMODE(was.st_mode), was)
    except (OSError, ValueError):
        return False
    return True


def _replace(path: Path, content: bytes, mode: int, owner: os.stat_result) -> None:
    """Write a file so that there is the old one or the new one at any instant, never less."""
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-")
    try:
        with open(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        _give(Path(made), owner)
        os.replace(made, path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def _give(path: Path, owner: os.stat_result) -> None:
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)
