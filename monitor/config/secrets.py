"""Secrets: { env = "NAME" } and { file = "PATH" } → values that no repr shows.

A message names the key, the variable or the file; never what is in it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as FilePath
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from monitor.config.findings import Findings, key_name
from monitor.config.positions import Path

MAX_BYTES = 64 * 1024
SHORTEST_HIDDEN = 6  # a shorter text would be taken out of words that have nothing to do with it
# Container engines mount secrets there for all to read, inside a container that has one user.
MOUNTED = FilePath("/run/secrets")
MAX_PATH = 1000
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_QUOTES = "\"'`“”‘’«»„"


MAY_BE_SECRET = "may be secret"
"""Marks a text that people may write into the file or keep out of it."""


# --- what a model says of its fields -------------------------------------------------------------


@cache
def keys_of(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """Return the fields of a model by the key one writes in the file."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that may stand at a place."""
    return [part for part in _parts(annotation) if isinstance(part, type) and issubclass(part, BaseModel)]


def takes_secret(annotation: Any) -> bool:
    """Say whether a secret may stand at a place, or in a list or mapping there."""
    return any(
        part is SecretStr or any(takes_secret(inner) for inner in get_args(part) if inner is not Ellipsis)
        for part in _parts(annotation)
    )


def is_secret(annotation: Any) -> bool:
    """Say whether one secret stands at a place, and nothing else."""
    return set(_parts(annotation)) - {type(None)} == {SecretStr}


def is_text(annotation: Any) -> bool:
    """Say whether a text stands at a place, and nothing else."""
    return set(_parts(annotation)) - {type(None)} == {str}


def _parts(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def items_in(annotation: Any) -> Any:
    """Return what stands in the list or as the value of the mapping at a place."""
    for part in _parts(annotation):
        inside = [inner for inner in get_args(part) if inner is not Ellipsis]
        if inside:
            return inside[-1]
    return Any


# --- from the file to values ---------------------------------------------------------------------


@dataclass
class Secrets:
    """Reads references to secrets out of tables."""

    findings: Findings
    env: Mapping[str, str]
    folder: FilePath
    failed: set[Path] = field(default_factory=set)  # places whose secret is missing or refused: told already
    _warned: set[FilePath] = field(default_factory=set)

    def fill(self, model: type[BaseModel], raw: Mapping[str, Any], owner: Path, at: Path = ()) -> dict[str, Any]:
        """Return a plug-in's table with its references replaced: any text of it may come from a variable or file."""
        known = keys_of(model)
        return {
            key: self._value(known[key].annotation, value, owner, (*at, key)) if key in known else value
            for key, value in raw.items()
        }

    def fill_secrets(self, model: type[BaseModel], raw: Mapping[str, Any], owner: Path) -> dict[str, Any]:
        """Return one of our own tables with its secrets replaced; names must stand in the file to be checked."""
        known = keys_of(model)
        wanted = {key for key, info in known.items() if takes_secret(info.annotation) or MAY_BE_SECRET in info.metadata}
        return {
            key: self._value(known[key].annotation, value, owner, (key,)) if key in wanted else value
            for key, value in raw.items()
        }

    def any(self, value: Any, owner: Path, key: Path) -> Any:
        """Return a value; a reference becomes a secret, whatever the key."""
        return self._read(value, owner, key) if is_reference(value) else value

    def _value(self, annotation: Any, value: Any, owner: Path, key: Path) -> Any:
        if is_reference(value):
            secret = self._read(value, owner, key)
            return secret if takes_secret(annotation) else secret.get_secret_value()
        if isinstance(value, Mapping):
            inner = models_in(annotation)
            if inner:
                return self.fill(inner[0], value, owner, key)
            return {name: self._value(items_in(annotation), item, owner, (*key, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(items_in(annotation), item, owner, (*key, n)) for n, item in enumerate(value)]
        if isinstance(value, (str, int, float)) and is_secret(annotation):
            self.plain(owner, key)
            return SecretStr("")
        return value

    def plain(self, owner: Path, key: Path) -> None:
        """Refuse a secret that stands in the file itself."""
        name = key_name(key)
        variable = "".join(c if c.isalnum() else "_" for c in f"{self._name_of(owner)}_{name}").upper().strip("_")
        self.failed.add((*owner, *key))
        self.findings.problem(
            owner,
            f"`{name}` is a secret and stands here in plain text. Put it into a variable or a file and write "
            f'{name} = {{ env = "{variable}" }} or {name} = {{ file = "secrets/{variable.lower()}" }}',
            key,
        )

    def asked_for(self, owner: Path) -> str:
        """Return the end of a sentence about a missing secret: which command asks for it; nothing where none does."""
        listed = self.findings.tables.get("sources")
        tables = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
        if owner[0] == "accounts":
            entry = self.findings.tables["accounts"][owner[1]]
            tables = [table for table in tables if table.get("account") == entry.get("name")]
        elif owner[0] == "sources":
            tables = [listed[owner[1]]]  # type: ignore[index]  # it is a list, or this would be no owner
        else:
            tables = []
        name = next((table["name"] for table in tables if isinstance(table.get("name"), str)), "")
        return f". To be asked for it: monitor connect {shlex.quote(name)}" if name and name.isprintable() else ""

    def _name_of(self, owner: Path) -> str:
        label = self.findings.label(owner)
        return label.partition('"')[2].rstrip('"') or str(owner[0])

    def _read(self, value: Mapping[str, str], owner: Path, key: Path) -> SecretStr:
        try:
            [(kind, name)] = value.items()
            text = self._variable(name) if kind == "env" else self._file(name, owner, key)
            what = f"the variable {name}" if kind == "env" else f"the file {name}"
            text = text.rstrip("\r\n")
            if flaw := flaw_of(text):
                raise ValueError(f"{what} {flaw}")
        except ValueError as error:
            self.failed.add((*owner, *key))
            self.findings.problem(owner, f"`{key_name(key)}`: {error}{self.asked_for(owner)}", key)
            return SecretStr("")
        if len(text) >= SHORTEST_HIDDEN:
            self.findings.hidden.add(text)
        return SecretStr(text)

    def _variable(self, name: str) -> str:
        if not _VARIABLE.fullmatch(name):
            # It may be the secret itself, put there by mistake.
            raise ValueError("`env` takes the name of a variable, such as SLACK_TOKEN, and what stands there is none")
        if name not in self.env:
            raise ValueError(f"the variable {name} is not set where the monitor was started")
        return self.env[name]

    def _file(self, name: str, owner: Path, key: Path) -> str:
        if not name.isprintable() or len(name) > MAX_PATH:
            raise ValueError("`file` takes the path of a file, and what stands there is none")
        path = self.folder / name
        try:
            with path.open("rb") as stream:
                mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
                body = stream.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise ValueError(f"there is no file {name} (looked for {path})") from None
        except OSError as error:
            raise ValueError(f"the file {name} cannot be read: {str(error.strerror).lower()}") from None
        if len(body) > MAX_BYTES:
            raise ValueError(f"the file {name} is larger than {MAX_BYTES // 1024} KiB, which no secret is")
        if mode & 0o004 and MOUNTED not in path.parents and path not in self._warned:
            self._warned.add(path)
            what = f"`{key_name(key)}`: every user of this machine can read the file {name}. Run: chmod 600 {name}"
            self.findings.warn(owner, what, key)
        return body.decode("utf-8", "replace")


def is_reference(value: Any) -> bool:
    """Say whether a value is { env = "…" } or { file = "…" }."""
    return (
        isinstance(value, Mapping)
        and len(value) == 1
        and all(kind in ("env", "file") and isinstance(name, str) and name for kind, name in value.items())
    )


def flaw_of(text: str) -> str | None:
    """Return why a text is no secret of a service, without repeating any of it."""
    if not text.strip():
        return "is empty"
    if not text.isascii():
        return "has letters beyond plain ASCII in it, which no service takes in a secret; was it copied from a page?"
    if text != text.strip():
        return "has spaces at its beginning or end; take them away"
    if text[0] in _QUOTES and text[-1] in _QUOTES and len(text) > 1:
        return "has quotes around it; the secret stands without them"
    if _is_document(text):
        return None
    if not text.isprintable():
        return "has line breaks or control characters in it; one secret a variable or file"
    if " " in text:
        return "has spaces in it; an app password that is shown in groups is written without them"
    return None


def _is_document(text: str) -> bool:
    """Say whether it is a key file: PEM, or the JSON of a service account."""
    if text.startswith("-----BEGIN "):
        return True
    try:
        return text.startswith("{") and isinstance(json.loads(text), dict)
    except ValueError:
        return False
