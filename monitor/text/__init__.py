"""What strangers write, made safe to keep, to compare and to show. Pure, and linear in the length of the input.

Text is cleaned once, when it comes in (`clean`, `from_html`, `decode`), and encoded once, by each
output. `shown` and `terminal` take away what must not reach a reader's eye; they escape nothing.
"""

from monitor.text.charset import decode
from monitor.text.cleaning import MAX_MARKS, MAX_TEXT, Cleaned, clean
from monitor.text.folding import MAX_FOLDED, alike, fold
from monitor.text.links import MAX_LINK, safe_link
from monitor.text.markup import MAX_MARKUP, from_html
from monitor.text.reading import fingerprint, number, parse_when
from monitor.text.showing import in_order, shorten, shown, terminal

__all__ = [
    "MAX_FOLDED",
    "MAX_LINK",
    "MAX_MARKS",
    "MAX_MARKUP",
    "MAX_TEXT",
    "Cleaned",
    "alike",
    "clean",
    "decode",
    "fingerprint",
    "fold",
    "from_html",
    "in_order",
    "number",
    "parse_when",
    "safe_link",
    "shorten",
    "shown",
    "terminal",
]
