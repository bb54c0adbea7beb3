"""Google's own descriptions of its APIs: which questions there are, and the fields of the answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from monitor.connector import Request
from tests.samples import samples_folder

MISSING = "Google's description of this API is neither among the samples nor installed (google-api-python-client)"


def description(site: str, pattern: str, installed: str) -> dict[str, Any]:
    """Return the description from the samples of a site, or from Google's package; else skip the test."""
    folder = samples_folder()
    found = sorted((folder / site).glob(pattern)) if folder else []
    package = find_spec("googleapiclient")
    if not found and package and package.submodule_search_locations:
        where = Path(package.submodule_search_locations[0]) / "discovery_cache" / "documents" / installed
        found = [where] if where.exists() else []
    if not found:
        pytest.skip(MISSING)
    read: dict[str, Any] = json.loads(found[0].read_bytes())
    return read


def methods(described: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every question an API takes, however deep it stands."""
    yield from described.get("methods", {}).values()
    for inner in described.get("resources", {}).values():
        yield from methods(inner)


def is_described(request: Request, described: Mapping[str, Any], method: str) -> bool:
    """Say whether a request is one of this method: verb, address, names of parameters and keys of the body."""
    known = next(one for one in methods(described) if one["id"] == method)
    assert request.method == known["httpMethod"]
    assert _fits(request.url, described["baseUrl"] + known.get("flatPath", known["path"])), request.url
    places = {name for name, one in known["parameters"].items() if one["location"] == "query"}
    assert set(request.params) <= places | set(described.get("parameters", {}))
    if request.json is not None:
        assert set(request.json) <= set(described["schemas"][known["request"]["$ref"]]["properties"])
    return True


def _fits(url: str, template: str) -> bool:
    here, there = url.split("/"), template.split("/")
    return len(here) == len(there) and all(map(_same, here, there))


def _same(part: str, wanted: str) -> bool:
    before, brace, rest = wanted.partition("{")
    after = rest.partition("}")[2]
    if not brace:
        return part == wanted
    return unquote(part).startswith(before) and part.endswith(after) and len(part) > len(before + after)


def fields(described: Mapping[str, Any], schema: str, *path: str) -> set[str]:
    """Return the names of a schema's fields, or of the one that a path of its fields leads to."""
    found = described["schemas"][schema]["properties"]
    for name in path:
        one = found[name].get("items", found[name])
        found = described["schemas"][one["$ref"]]["properties"]
    return set(found)
