"""Bytes to text. Names of charsets come from strangers: only those on a list are looked up."""

from __future__ import annotations

import codecs
import re

# Codecs, and the names sites write for them (lower case, letters and digits only). Those that browsers
# read as their Windows cousin are read so here: https://encoding.spec.whatwg.org/#names-and-labels.
_NAMES: dict[str, tuple[str, ...]] = {
    "utf-8": ("utf8", "unicode11utf8"),
    "utf-16-le": ("utf16le",),
    "utf-16-be": ("utf16be",),
    "cp1252": ("ascii", "usascii", "iso88591", "latin1", "l1", "windows1252", "cp1252"),
    "cp1254": ("iso88599", "latin5", "windows1254", "cp1254"),
    "cp874": ("iso885911", "tis620", "windows874"),
    **{f"cp{page}": (f"windows{page}", f"cp{page}") for page in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    **{f"iso8859-{part}": (f"iso8859{part}",) for part in (3, 4, 5, 6, 7, 8, 10, 13, 14, 16)},
    "iso8859-2": ("iso88592", "latin2"),
    "iso8859-15": ("iso885915", "latin9"),
    "koi8-r": ("koi8r",),
    "koi8-u": ("koi8u",),
    "cp866": ("ibm866", "cp866"),
    "mac-roman": ("macintosh", "xmacroman"),
    "gb18030": ("gb2312", "gbk", "gb18030"),
    "big5hkscs": ("big5", "big5hkscs"),
    "cp932": ("shiftjis", "sjis", "windows31j"),
    "euc-jp": ("eucjp",),
    "iso2022-jp": ("iso2022jp",),
    "cp949": ("euckr", "ksc56011987", "windows949"),
}
_CODECS = {name: codec for codec, names in _NAMES.items() for name in names}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
MAX_NAME = 40  # characters of a charset name
HEAD = 1024  # bytes in which a page or feed declares its charset

_IN_HEADER = re.compile(r"""charset\s*=\s*["']?([^\s;"',]{1,99})""", re.IGNORECASE)
_IN_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"'>]{1,99})["']""")
_IN_PAGE = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([^\s"'/>;]{1,99})""", re.IGNORECASE)
_MULTIBYTE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]")


def decode(body: bytes, content_type: str | None = None) -> str:
    """Return the text of a body. Never raises; what no charset explains becomes U+FFFD.

    A byte-order mark wins over the header, the header over what the page says of itself. A charset
    that is not on our list counts as UTF-8. So does none at all; but text that is said to be UTF-8
    and holds not one letter in it is read as windows-1252.
    """
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    declared = _declared(body, content_type)
    codec = _CODECS.get(_plain(declared), "utf-8") if declared else "utf-8"
    if codec == "utf-8":
        return _utf8(body, doubtful=declared is None or _plain(declared) == "utf8")
    return body.decode(codec, "replace")


def _declared(body: bytes, content_type: str | None) -> str | None:
    if content_type and (found := _IN_HEADER.search(content_type[:500])):
        return found[1]
    head = body[:HEAD]
    inside = _IN_XML.search(head) or _IN_PAGE.search(head)
    if inside is None:
        return None
    name = inside[1].decode("ascii", "replace")
    # Whoever can read the declaration byte by byte is not in UTF-16, whatever it says.
    return "utf-8" if _plain(name).startswith(("utf16", "utf32")) else name


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name[:MAX_NAME].lower())


def _utf8(body: bytes, *, doubtful: bool) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        if doubtful and not _MULTIBYTE.search(body):
            return body.decode("cp1252", "replace")
        return body.decode("utf-8", "replace")
