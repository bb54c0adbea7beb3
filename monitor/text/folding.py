"""A second copy of a text, for matching and scoring only: what looks the same becomes the same."""

from __future__ import annotations

import re
import unicodedata

from monitor.text.cleaning import limit_marks
from monitor.text.showing import without_invisible

MAX_FOLDED = 5_000  # characters that are matched or scored

# Letters that nobody can tell from the Latin one (small letters of Cyrillic, Greek, Armenian; small capitals).
_TWINS = {
    0x0430: "a", 0x0435: "e", 0x043E: "o", 0x0440: "p", 0x0441: "c", 0x0443: "y", 0x0445: "x", 0x0455: "s",
    0x0456: "i", 0x0458: "j", 0x0475: "v", 0x04AF: "y", 0x04BB: "h", 0x04CF: "l", 0x0501: "d", 0x051B: "q",
    0x051D: "w", 0x03BF: "o", 0x0570: "h", 0x0578: "n", 0x057D: "u", 0x0581: "g", 0x0585: "o",
    0x0131: "i", 0x0251: "a", 0x0261: "g", 0x0262: "g", 0x026A: "i", 0x0274: "n", 0x0280: "r", 0x028F: "y",
    0x0299: "b", 0x029C: "h", 0x029F: "l", 0x1D00: "a", 0x1D04: "c", 0x1D05: "d", 0x1D07: "e", 0x1D0A: "j",
    0x1D0B: "k", 0x1D0D: "m", 0x1D0F: "o", 0x1D18: "p", 0x1D1B: "t", 0x1D1C: "u", 0x1D20: "v", 0x1D21: "w",
    0x1D22: "z", 0xA730: "f", 0xA731: "s",
}  # fmt: skip
# Letters that pass for a Latin one only beside others of that script.
_COUSINS = {
    0x0410: "A", 0x0412: "B", 0x0415: "E", 0x041A: "K", 0x041C: "M", 0x041D: "H", 0x041E: "O", 0x0420: "P",
    0x0421: "C", 0x0422: "T", 0x0423: "Y", 0x0425: "X", 0x0405: "S", 0x0406: "I", 0x0408: "J",
    0x0432: "b", 0x0433: "r", 0x043A: "k", 0x043C: "m", 0x043D: "h", 0x043F: "n", 0x0442: "t",
    0x0391: "A", 0x0392: "B", 0x0395: "E", 0x0396: "Z", 0x0397: "H", 0x0399: "I", 0x039A: "K", 0x039C: "M",
    0x039D: "N", 0x039F: "O", 0x03A1: "P", 0x03A4: "T", 0x03A5: "Y", 0x03A7: "X",
    0x03B1: "a", 0x03B2: "b", 0x03B5: "e", 0x03B7: "n", 0x03B9: "i", 0x03BA: "k", 0x03BD: "v", 0x03C1: "p",
    0x03C4: "t", 0x03C5: "u", 0x03C7: "x", 0x03C9: "w",
}  # fmt: skip
_ALL = _TWINS | _COUSINS

_WORD = re.compile(r"\w+")
_SUSPECT = re.compile("[" + "".join(map(chr, _ALL)) + "]")
_LATIN = re.compile("[a-zA-Z\u00c0-\u024f]")
_MARK = "[\u0300-\u036f\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_MARKS = re.compile(f"{_MARK}+")
_TOWERS = re.compile(f"{_MARK}{{3,}}")


def fold(text: str, limit: int = MAX_FOLDED) -> str:
    """Return the text for comparing: NFKC, nothing invisible, look-alikes as Latin letters, case folded.

    An accent that belongs to a letter stays ("schön" is not "schon"); towers of marks and marks that
    no letter owns go. Look-alikes change only in words that also hold Latin letters, or that consist
    of nothing else, so that a word folds alike wherever it stands. At most `limit` characters.
    """
    folded = alike(text, limit).casefold()
    return folded if folded.isascii() else unicodedata.normalize("NFKC", folded)[:limit]


def alike(text: str, limit: int = MAX_FOLDED) -> str:
    """Return the text as `fold` does, capitals kept: they carry weight where a text is scored."""
    text = text[:limit]
    if text.isascii():
        return text
    text = without_invisible(limit_marks(text))
    text = _TOWERS.sub("", unicodedata.normalize("NFKD", text))
    text = _MARKS.sub("", unicodedata.normalize("NFKC", text))
    if _SUSPECT.search(text):
        text = _WORD.sub(_latin, text)
    return text[:limit]


def _latin(match: re.Match[str]) -> str:
    word = match[0]
    if _LATIN.search(word):
        return word.translate(_ALL)
    small = word.casefold()
    return small.translate(_TWINS) if all(ord(letter) in _TWINS for letter in small) else word
