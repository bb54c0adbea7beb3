"""Text in CSV cells that no spreadsheet takes for a formula, and that comes back exactly.

The rule: one apostrophe is put

- before a text that begins with an apostrophe, a tab, a line break or one of ``= + - @ % |``, wide
  forms included; behind blanks and invisible characters it stands right before the sign;
- inside a text before ``= + - @ %``, wherever another program might begin a new cell: behind
  ``; | "``, a tab or a line break, blanks between them or not; and before ``=`` behind a blank,
  comma or colon (not before a dash or an @: there they stand in every second post).

The inner ones are needed because the reader chooses the separator: opened with semicolons, the
quotes of ``"x;=1+1"`` stand in the middle of a cell, hold nothing together, and ``=1+1`` runs.
Where apostrophes already stand before the sign, one is added all the same, so that `unguard` can
take exactly one away again.
"""

from __future__ import annotations

import re

EQUALS = "=＝﹦⁼₌"
SIGNS = EQUALS + "+＋﹢⁺₊@＠﹫%％﹪−－﹣⁻₋\\-"
FIRST = SIGNS + "\t\r\n|｜"
UNSEEN = (  # controls, wide and narrow spaces, joiners, marks of direction, fillers, selectors
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180e\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufffd"
)
_BLANK = f"[ {UNSEEN}]"
_BREAK = '[;|\t\r\n"]'

_PLACE = re.compile(rf"\A(?=')|\A(?!'){_BLANK}*'*(?=[{FIRST}])|{_BREAK}{_BLANK}*'*(?=[{SIGNS}])|[ ,:]'*(?=[{EQUALS}])")
GUARDS = (  # what `unguard` looks for, each time losing the last character of what it found
    rf"\A'|\A(?!'){_BLANK}*'+(?=[{FIRST}])|{_BREAK}{_BLANK}*'+(?=[{SIGNS}])|[ ,:]'+(?=[{EQUALS}])"
)
_GUARD = re.compile(GUARDS)
_MAYBE = re.compile(f"[{FIRST}']")


def guard(text: str) -> str:
    """Return the text as a cell that no spreadsheet runs."""
    if _MAYBE.search(text) is None:
        return text
    return _PLACE.sub(r"\g<0>'", text)


def unguard(cell: str) -> str:
    """Return the text that `guard` was given."""
    if "'" not in cell:
        return cell
    return _GUARD.sub(lambda found: found[0][:-1], cell)
