"""How the watch is kept running on this machine: as a service of systemd, in a container, or by hand."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

UNIT, COMPOSE = "review-monitor.service", "compose.yaml"
ROOT = Path(__file__).resolve().parents[3]
"""The clone, when this is one."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to keep it running: the file for it, and what to type."""

    what: str
    file: str
    content: str
    lines: tuple[str, ...]


def ways(folder: Path) -> list[Way]:
    """Return the ways that this machine has."""
    found = []
    if Path("/run/systemd/system").is_dir() and shutil.which("systemctl"):
        found.append(as_service(folder.absolute(), program(), owner(folder)))
    if shutil.which("docker") and (ROOT / "Dockerfile").is_file():
        found.append(as_container(folder.absolute(), ROOT, owner(folder)))
    return found


def program() -> str:
    """Return how the program is started by others: with its whole path."""
    script = Path(sys.executable).with_name("monitor")
    return str(script) if script.is_file() else f"{sys.executable} -m monitor"


def owner(folder: Path) -> tuple[int, int]:
    """Return whose the folder is, or will be."""
    if folder.exists():
        found = folder.stat()
        return found.st_uid, found.st_gid
    return os.geteuid(), os.getegid()


def as_service(folder: Path, started_by: str, who: tuple[int, int]) -> Way:
    """Return the unit for systemd: that of packaging/, with the paths and the owner of this folder."""
    unit = Path(__file__).with_name(UNIT).read_text(encoding="utf-8")
    home = "read-only" if any(_below_home(path) for path in (folder, Path(shlex.split(started_by)[0]))) else "yes"
    values = {
        "{folder}": _unit_path(folder),
        "{config}": _unit_path(folder / "monitor.toml"),
        "{program}": started_by.replace("%", "%%"),
        "{user}": _name(who[0]),
        "{group}": str(who[1]),
        "{home}": home,
    }
    for mark, value in values.items():
        unit = unit.replace(mark, value)
    sudo = "" if os.geteuid() == 0 else "sudo "
    there = shlex.quote(str(folder / UNIT))
    lines = (f"{sudo}cp {there} /etc/systemd/system/", f"{sudo}systemctl enable --now {UNIT.partition('.')[0]}")
    return Way("As a service, which starts again by itself", UNIT, unit, lines)


def as_container(folder: Path, clone: Path, who: tuple[int, int]) -> Way:
    """Return the compose file: that of the clone, with this folder for its data."""
    compose = Path(__file__).with_name(COMPOSE).read_text(encoding="utf-8")
    compose = compose.replace("{clone}", _yaml(clone)).replace("{owner}", f'"{who[0]}:{who[1]}"')
    line = f"docker compose --project-directory {shlex.quote(str(folder))} up --detach --build"
    return Way("In a container", COMPOSE, compose, (line,))


def _below_home(path: Path) -> bool:
    return any(parent in (Path("/home"), Path("/root"), Path("/run/user")) for parent in (path, *path.parents))


def _unit_path(path: Path) -> str:
    # https://www.freedesktop.org/software/systemd/man/systemd.unit.html: "%" begins a specifier.
    return str(path).replace("%", "%%")


def _yaml(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
