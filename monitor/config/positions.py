"""Where in a TOML file a key stands: path → line.

tomllib gives values without places. This reads the same text once more, only for places, and only
when there is something to say about one. It is lenient: on a file that is not TOML it reads as far
as it can, and what it saw twice is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^\n#,\]}]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}|' r"'''.*?'{3,5}|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'",
    re.DOTALL,
)
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([btnfr"\\]))')
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class _NotTomlError(Exception):
    pass


@dataclass
class Positions:
    """The lines of a text's keys, tables and list entries."""

    text: str
    lines: dict[Path, int] = field(default_factory=dict)
    twice: list[tuple[Path, int, int]] = field(default_factory=list)  # path, first line, second line

    def __post_init__(self) -> None:
        self._at = 0
        self._line = 1
        self._counted = 0
        self._tables: dict[Path, int] = {}  # how many entries an array of tables has so far
        self._named: dict[Path, int] = {}  # where a key was given its value, or a table its header
        self._file()

    def line(self, path: Path) -> int | None:
        """Return the line of `path`, or of the nearest thing around it that has one."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None

    def _file(self) -> None:
        table: Path = ()
        try:
            while self._skip(_BLANK) < len(self.text):
                if self.text.startswith("[", self._at):
                    table = self._header()
                else:
                    self._pair(table)
        except (_NotTomlError, RecursionError):
            return

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _here(self) -> int:
        self._line += self.text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _take(self, mark: str) -> bool:
        self._skip(_SPACES)
        if self.text.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._take(mark):
            raise _NotTomlError

    def _header(self) -> Path:
        line = self._here()
        many = self.text.startswith("[[", self._at)
        self._at += 2 if many else 1
        parts = self._key()
        self._need("]]" if many else "]")
        path: Path = ()
        for part in parts[:-1]:
            path = self._entered((*path, part), line)
        path = (*path, parts[-1])
        if many:
            index = self._tables.get(path, -1) + 1
            self._tables[path] = index
            self.lines.setdefault(path, line)
            path = (*path, index)
        self._name(path, line)
        return path

    def _entered(self, path: Path, line: int) -> Path:
        self.lines.setdefault(path, line)
        return (*path, self._tables[path]) if path in self._tables else path

    def _name(self, path: Path, line: int) -> None:
        if path in self._named:
            self.twice.append((path, self._named[path], line))
        self._named.setdefault(path, line)
        self.lines.setdefault(path, line)

    def _pair(self, table: Path) -> None:
        line = self._here()
        parts = self._key()
        self._need("=")
        path = table
        for part in parts:
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._name(path, line)
        self._value(path)

    def _key(self) -> list[str]:
        parts = [self._part()]
        while self._take("."):
            parts.append(self._part())
        return parts

    def _part(self) -> str:
        self._skip(_SPACES)
        if found := _BARE.match(self.text, self._at):
            self._at = found.end()
            return found.group()
        if self.text[self._at : self._at + 1] in ('"', "'") and (found := _STRING.match(self.text, self._at)):
            self._at = found.end()
            quoted = found.group()
            return _unescaped(quoted[1:-1]) if quoted[0] == '"' else quoted[1:-1]
        raise _NotTomlError

    def _value(self, path: Path) -> None:
        self._skip(_SPACES)
        first = self.text[self._at : self._at + 1]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        elif first in ('"', "'"):
            found = _STRING.match(self.text, self._at)
            if not found:
                raise _NotTomlError
            self._at = found.end()
        else:
            self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while not self._ends("]"):
            self.lines[(*path, index)] = self._here()
            self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            if not self._take(",") and not self.text.startswith("]", self._at):
                raise _NotTomlError

    def _inline(self, path: Path) -> None:
        self._at += 1
        while not self._ends("}"):
            self._pair(path)
            self._skip(_BLANK)
            if not self._take(",") and not self.text.startswith("}", self._at):
                raise _NotTomlError

    def _ends(self, mark: str) -> bool:
        self._skip(_BLANK)
        if self._at >= len(self.text):
            raise _NotTomlError
        return self._take(mark)


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[3]:
            return _SHORT[found[3]]
        code = int(found[1] or found[2], 16)
        return chr(code) if code < 0x110000 else "�"

    return _ESCAPE.sub(one, text)
