"""Name → class. A built-in is found by its file name, one from outside by entry point or in a folder of one's own.

Nothing is imported before it is asked for, so a broken or heavy plug-in costs only those who use it.
A file in the own folder goes before a built-in of the same name (its owner put it there on purpose, and
an upgrade that brings the same name must not change what runs); an installed package never does.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from monitor.connector import Connector
from monitor.errors import UsageError
from monitor.notifier import Notifier

T = TypeVar("T")

RESERVED_SOURCE_KEYS = frozenset(
    {"name", "connector", "every", "brand", "brands", "account", "team", "base_url", "allow_private", "ends"}
)
RESERVED_CHANNEL_KEYS = frozenset({"name", "notifier", "base_url", "allow_private", "instead", "max_per_day"})


@dataclass(frozen=True, slots=True)
class _Family(Generic[T]):
    """One kind of plug-in: where its built-ins stand and what class is looked for."""

    word: str
    package: str
    group: str
    base: type[T]
    reserved: frozenset[str]


_CONNECTORS: _Family[Connector[Any]] = _Family(
    "connector", "connectors", "review_monitor.connectors", Connector, RESERVED_SOURCE_KEYS
)
_NOTIFIERS: _Family[Notifier[Any]] = _Family(
    "notifier", "monitor.notifiers", "review_monitor.notifiers", Notifier, RESERVED_CHANNEL_KEYS
)


class Plugins(Mapping[str, type[T]]):
    """All plug-ins of one kind by name; a class is loaded when it is looked up.

    Looking up raises UsageError: for an unknown name with the nearest known one, for a file
    that cannot be loaded with its file and line.
    """

    def __init__(self, family: _Family[T], own: Path | None = None) -> None:
        self._family = family
        self._own = _files(own) if own is not None else {}
        self._built_in = _files(*_folders(family.package))
        self._loaded: dict[str, type[T]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._own, *self._built_in, *self._outside}))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._built_in or name in self._outside

    def __getitem__(self, name: str) -> type[T]:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    @cached_property
    def _outside(self) -> dict[str, EntryPoint]:
        # Reading the metadata of every installed package costs 20 ms: only for names not found before.
        return {entry.name: entry for entry in entry_points(group=self._family.group)}

    def origin(self, name: str) -> str:
        """Return where a plug-in comes from: own, built-in or package."""
        if name in self._own:
            return "own"
        return "built-in" if name in self._built_in else "package"

    def _load(self, name: str) -> type[T]:
        family = self._family
        if name in self._own:
            return _class_in(family, name, _import(family, name, self._own[name]))
        if name in self._built_in:
            return _class_in(family, name, _import(family, name, self._built_in[name], f"{family.package}.{name}"))
        if name in self._outside:
            return _from_entry_point(family, self._outside[name])
        raise UsageError(f"there is no {family.word} `{name}`. {nearest(name, self)}")


def connectors(own: Path | None = None) -> Plugins[Connector[Any]]:
    """Return the connectors by name; `own` is the folder of one's own connectors."""
    return Plugins(_CONNECTORS, own)


def connector(name: str, own: Path | None = None) -> type[Connector[Any]]:
    """Return one connector. Raises UsageError: unknown (with the nearest name) or broken (with file and line)."""
    return connectors(own)[name]


def connector_names(own: Path | None = None) -> list[str]:
    """Return the names of all connectors, broken ones too, without importing any."""
    return list(connectors(own))


def notifiers() -> Plugins[Notifier[Any]]:
    """Return the notifiers by name."""
    return Plugins(_NOTIFIERS)


def notifier(name: str) -> type[Notifier[Any]]:
    """Return one notifier. Raises UsageError: unknown (with the nearest name) or broken (with file and line)."""
    return notifiers()[name]


def notifier_names() -> list[str]:
    """Return the names of all notifiers, without importing any."""
    return list(notifiers())


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message, such as: Did you mean `feed`? Known: apple_rss, feed."""
    names = list(known)
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    hint = f"Did you mean `{close[0]}`? " if close else ""
    return f"{hint}Known: {', '.join(names) if names else 'none'}."


def own_module(path: Path) -> ModuleType:
    """Import one plug-in file by its path and return the module.

    The module's name holds a hash of the folder, so that two folders may have a file of one name
    and a file never hides an installed module. Importing it again gives the same module.
    """
    path = path.resolve()
    name = f"own_{hashlib.sha256(str(path.parent).encode()).hexdigest()[:8]}_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses look their own module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _folders(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []


def _files(*folders: Path) -> dict[str, Path]:
    return {
        path.stem: path
        for folder in folders
        if folder.is_dir()
        for path in sorted(folder.glob("*.py"))
        if path.stem.isidentifier() and not path.stem.startswith("_")
    }


def _import(family: _Family[T], name: str, file: Path, module: str | None = None) -> ModuleType:
    # A plug-in is foreign code: whatever it raises while it is read must not take the others with it.
    try:
        return importlib.import_module(module) if module else own_module(file)
    except Exception as error:
        raise UsageError(f"{family.word} `{name}` cannot be loaded: {_where(error, file)}: {_what(error)}") from error


def _where(error: Exception, file: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    inside = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    return f"{file}:{inside[-1]}" if inside else str(file)


def _what(error: Exception) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text.splitlines()[0][:200]}" if text else type(error).__name__


def _from_entry_point(family: _Family[T], entry: EntryPoint) -> type[T]:
    try:
        found = entry.load()
    except Exception as error:  # foreign code, as above
        owner = entry.dist.name if entry.dist else entry.value
        raise UsageError(
            f"{family.word} `{entry.name}` of the package {owner} cannot be loaded: {_what(error)}"
        ) from error
    if isinstance(found, ModuleType):
        return _class_in(family, entry.name, found)
    if not (isinstance(found, type) and issubclass(found, family.base)):
        raise UsageError(f"{family.word} `{entry.name}`: {entry.value} is no {family.base.__name__}")
    return _checked(family, entry.name, found)


def _class_in(family: _Family[T], name: str, module: ModuleType) -> type[T]:
    base = family.base.__name__
    found = [
        item
        for item in vars(module).values()
        if isinstance(item, type)
        and issubclass(item, family.base)
        and item.__module__ == module.__name__
        and not item.__name__.startswith("_")
    ]
    if not found:
        raise UsageError(f"{family.word} `{name}`: {module.__file__} has no class that is a {base}")
    if len(found) > 1:
        names = ", ".join(item.__name__ for item in found)
        raise UsageError(
            f"{family.word} `{name}`: {module.__file__} has more than one {base}: {names}. Keep one a file"
        )
    return _checked(family, name, found[0])


def _checked(family: _Family[T], name: str, found: type[T]) -> type[T]:
    taken = family.reserved.intersection(found.Config.model_fields)  # type: ignore[attr-defined]  # both bases have it
    if taken:
        keys = ", ".join(f"`{key}`" for key in sorted(taken))
        raise UsageError(f"{family.word} `{name}`: its Config has {keys}, which every {family.word} has already")
    return found
