"""What pydantic found wrong → one sentence for the person who typed it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config.findings import key_name
from monitor.config.grammar import shown
from monitor.config.positions import Path
from monitor.config.secrets import items_in, keys_of, models_in, takes_secret

_NOUNS: Mapping[str, str] = {
    **dict.fromkeys(("string_type", "string_sub_type"), "text in quotes"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "sequence_type"), "a list"),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), "a table"),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), 'a date such as "2026-12-24"'),
}


def explain(
    error: ValidationError, model: type[BaseModel], raw: Mapping[str, Any], known: list[str]
) -> Iterator[tuple[Path, str]]:
    """Yield for each thing wrong its key and a sentence; `known` are keys allowed beside the model's own."""
    wanted: dict[Path, list[str]] = {}  # the branches of a union fail each by itself; people want one sentence
    placed = [(*_place(detail["loc"], raw), detail) for detail in error.errors(include_url=False)]
    for key, found, detail in placed:
        if detail["type"] == "too_short" and any(key == other[:-1] for other, _, _ in placed if other):
            continue  # entries that were refused do not count, which is no news
        noun = _NOUNS.get(detail["type"])
        if noun is None:
            yield key, _sentence(detail, key, found, model, known)
        elif noun not in wanted.setdefault(key, []):
            wanted[key].append(noun)
    for key, nouns in wanted.items():
        yield key, _wrong_kind(key, nouns, _value(raw, key), secret=_is_secret(model, key))


def unknown_key(key: str, own: list[str], common: list[str]) -> str:
    """Return the sentence for a key that is not known; `own` are listed, `common` are thought of for the hint."""
    close = difflib.get_close_matches(key.lower(), [*own, *common], n=1, cutoff=0.6)
    hint = f" Did you mean `{close[0]}`?" if close else ""
    return f"unknown key `{key[:60]}`.{hint} Known: {', '.join(own or common)}."


def _place(loc: tuple[int | str, ...], raw: Any) -> tuple[Path, Any]:
    # pydantic puts the names of union branches and "[key]" between the parts of the path.
    path: list[str | int] = []
    value = raw
    for number, part in enumerate(loc):
        inside: Any = value
        if isinstance(value, (list, tuple)):
            inside = range(len(value))
        if isinstance(inside, (Mapping, range)) and part in inside:
            value = value[part]
            path.append(part)
        elif number == len(loc) - 1 and isinstance(value, Mapping) and part != "[key]":
            path.append(part)
            value = None
    return tuple(path), value


def _value(raw: Any, key: Path) -> Any:
    for part in key:
        raw = raw[part]
    return raw


def _sentence(detail: ErrorDetails, key: Path, found: Any, model: type[BaseModel], known: list[str]) -> str:
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        inside = _model_at(model, key[:-1])
        own = keys_of(inside) if inside else []
        return unknown_key(str(key[-1]), list(own), known if len(key) == 1 else [])
    if kind == "missing":
        return _missing(key, model)
    name = f"`{key_name(key)}`: " if key else ""
    if kind in ("value_error", "assertion_error"):
        return name + str(context.get("error", detail["msg"]))
    if kind in ("literal_error", "enum"):
        return name + _not_among(found, str(context.get("expected", "")))
    if kind == "string_pattern_mismatch" and not _is_secret(model, key):
        about = _about(key, model) or f": it must match {context.get('pattern')}"
        return f"{name}{shown(found)} does not fit{about}"
    if kind in ("too_short", "too_long"):
        low, high = context.get("min_length"), context.get("max_length")
        return name + (f"at least {low} entry is wanted" if low is not None else f"at most {high} entries are allowed")
    words = detail["msg"].removeprefix("Input ").removeprefix("String ").removeprefix("Value ")
    if _is_secret(model, key) or not isinstance(found, (str, int, float)):
        return name + words[:1].lower() + words[1:]
    return f"{name}{words[:1].lower()}{words[1:]}, found {shown(found)}"


def _missing(key: Path, model: type[BaseModel]) -> str:
    about = _about(key, model) if len(key) == 1 else ""
    known = f". Known: {', '.join(keys_of(model))}." if not about and len(key) == 1 else ""
    return f"`{key_name(key)}` is missing{about}{known}"


def _about(key: Path, model: type[BaseModel]) -> str:
    field = keys_of(model).get(str(key[0])) if key else None
    return f": {field.description}" if field is not None and field.description else ""


def _not_among(found: Any, expected: str) -> str:
    allowed = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",") if word.strip()]
    close = difflib.get_close_matches(str(found).lower(), allowed, n=1, cutoff=0.6)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    return f"{shown(found)} is not among what is allowed. {hint}Allowed: {', '.join(allowed)}."


def _wrong_kind(key: Path, nouns: list[str], found: Any, *, secret: bool) -> str:
    if secret:
        return f'`{key_name(key)}` is a secret: write it as {{ env = "NAME" }} or {{ file = "PATH" }}'
    sentence = f"`{key_name(key)}` should be {' or '.join(nouns)}, found {_what_it_is(found)}"
    return sentence + _mend(key, nouns[0], found)


def _what_it_is(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, bool):
        return shown(value)
    return f"{'the text' if isinstance(value, str) else 'the number'} {shown(value)}"


def _mend(key: Path, noun: str, found: Any) -> str:
    if not key or not isinstance(key[-1], str):
        return ""
    if noun == "text in quotes" and isinstance(found, (int, float)) and not isinstance(found, bool):
        return f'. Write {key[-1]} = "{found}"'
    if noun == "a list" and isinstance(found, str) and len(found) <= 60 and found.isprintable():
        return f'. Write {key[-1]} = ["{found}"]'
    if noun == "true or false" and isinstance(found, str):
        return f". Write {key[-1]} = true, without quotes"
    if noun in ("a whole number", "a number") and isinstance(found, str):
        return ". Write it without quotes"
    return ""


def _model_at(model: type[BaseModel] | None, key: Path) -> type[BaseModel] | None:
    for part in key:
        if isinstance(part, int) or model is None:
            continue
        field = keys_of(model).get(part)
        annotation = field.annotation if field is not None else None
        inner = models_in(annotation) or models_in(items_in(annotation))  # a table, or one of a list of tables
        model = inner[0] if inner else None
    return model


def _is_secret(model: type[BaseModel], key: Path) -> bool:
    names = [part for part in key if isinstance(part, str)]
    inside = _model_at(model, tuple(names[:-1])) if names else None
    field = keys_of(inside).get(names[-1]) if inside else None
    if field is None and names:  # a mapping of secrets
        field = keys_of(model).get(names[0])
    return field is not None and takes_secret(field.annotation)
