"""The tables of one file: their shape, their names, what refers to what, and reading one into a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from monitor.calendar import office_hours, shop_hours
from monitor.config import schema
from monitor.config.explain import explain
from monitor.config.findings import Findings
from monitor.config.positions import Path
from monitor.config.secrets import Secrets, keys_of
from monitor.models import Hours

T = TypeVar("T", bound=BaseModel)

USUAL_HOURS: Mapping[str, Callable[[str], Hours]] = {"shop": shop_hours, "office": office_hours}
"""Hours that are there without being written down, by zone; a file may say others under the same name."""
# Which keys name something that stands elsewhere in the file: key → list, and how its absence is said.
REFERENCES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "people": {"stand_in": ("people", "is no person")},
    "teams": {
        "people": ("people", "is no person"),
        "manager": ("people", "is no person"),
        "hours": ("hours", "are no hours"),
        "channels": ("channels", "is no channel"),
    },
    "sources": {
        "brand": ("brands", "is no brand"),
        "brands": ("brands", "is no brand"),
        "account": ("accounts", "is no account"),
        "team": ("teams", "is no team"),
    },
    "channels": {"instead": ("channels", "is no channel")},
    "rules": {
        "channels": ("channels", "is no channel"),
        "team": ("teams", "is no team"),
        "sources": ("sources", "is no source"),
        "brands": ("brands", "is no brand"),
    },
}


@dataclass
class Tables:
    """One file as TOML gives it. What is wrong goes to the findings."""

    raw: dict[str, Any]
    findings: Findings
    secrets: Secrets

    def check_shape(self) -> None:
        """Tell of tables that are not known, or of one that should be a list and the reverse."""
        known = ["monitor", "hours", *schema.LISTS]
        for name, value in self.raw.items():
            if name not in known:
                what = f"`{name[:60]}` is no table of mine. {self.findings.nearest(name, known)}"
            elif name in schema.LISTS:
                what = "" if isinstance(value, list) else f"there may be several {name}: write [[{name}]], two brackets"
            elif not isinstance(value, dict):
                what = f"there is one {name}: write [{name}], one bracket"
            elif name == "hours" and not _are_named(value):
                what = "hours have a name: write [hours.shop]"
            else:
                what = ""
            if what:
                self.findings.problem((), what, (name,))

    def entries(self, name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield the tables of a list, each with its path."""
        listed = self.raw.get(name)
        for number, entry in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(entry, dict):
                yield (name, number), entry
            else:
                self.findings.problem((), f"write each of the {name} as a table: [[{name}]]", (name, number))

    @cached_property
    def _hours_known(self) -> list[str]:
        raw = self.raw.get("hours")
        return list(dict.fromkeys([*(raw if isinstance(raw, dict) else ()), *USUAL_HOURS]))

    @cached_property
    def names(self) -> dict[str, dict[str, int]]:
        """Return the names in each list, with the number of the entry; tell those that are there twice."""
        found: dict[str, dict[str, int]] = {}
        for kind in schema.LISTS:
            names = found[kind] = {}
            for owner, entry in self.entries(kind):
                name = entry.get("name")
                if isinstance(name, str) and name and names.setdefault(name, int(owner[1])) != owner[1]:
                    first = (kind, names[name])
                    line = self.findings.line((*first, "name"))
                    what = f"the name is taken: {self.findings.label(first)} in line {line} has it. Names are unique"
                    self.findings.problem(owner, what, ("name",))
        return found

    def read(self, model: type[T], raw: Mapping[str, Any], owner: Path) -> T | None:
        """Return a table as a model, or None after telling all that is wrong with it."""
        filled = self.secrets.fill_secrets(model, raw, owner)
        try:
            return model.model_validate(filled)
        except ValidationError as error:
            for key, sentence in explain(error, model, filled, []):
                if not self.told(owner, key):
                    self.findings.problem(owner, sentence, key)
        return None

    def told(self, owner: Path, key: Path) -> bool:
        """Say whether a secret at or around this key has been refused already."""
        whole = (*owner, *key)
        return any(whole[:length] in self.secrets.failed for length in range(1, len(whole) + 1))

    def check_references(self) -> None:
        """Tell of every name that stands nowhere."""
        # Over what is written, not over what was read: a table with another fault has its references told, too.
        for kind, keys in REFERENCES.items():
            for owner, entry in self.entries(kind):
                for key, (referred, phrase) in keys.items():
                    self._refer(owner, key, entry.get(key), referred, phrase)
        raw = self.raw.get("monitor")
        if isinstance(raw, dict):
            self._refer(("monitor",), "operator", raw.get("operator"), "channels", "is no channel")

    def _refer(self, owner: Path, key: str, written: Any, referred: str, phrase: str) -> None:
        known = self._hours_known if referred == "hours" else self.names[referred]
        for number, name in enumerate(written if isinstance(written, list) else [written]):
            if isinstance(name, str) and name:
                self.among(owner, (key, number), name, known, phrase)

    def among(self, owner: Path, key: Path, name: str, known: Collection[str], phrase: str) -> None:
        """Tell of a name that is not among the known ones; `phrase` is `is no channel`."""
        if name not in known:
            what = f"`{key[0]}`: there {phrase} `{name[:60]}`. {self.findings.nearest(name, known)}"
            self.findings.problem(owner, what, key)


def _are_named(hours: Mapping[str, Any]) -> bool:
    return all(isinstance(entry, dict) for entry in hours.values()) and not keys_of(schema.HoursTable).keys() & hours


def split(raw: Mapping[str, Any], model: type[BaseModel]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the keys that a model has, and the others."""
    known = keys_of(model)
    common = {key: value for key, value in raw.items() if key in known}
    return common, {key: value for key, value in raw.items() if key not in known}
