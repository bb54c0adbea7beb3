"""What strangers may write to disturb whoever reads it in a terminal: all of hostile inputs 10.1 and 10.2."""

from __future__ import annotations

import re

CONTROLS = {
    "clear the screen": "\x1b[2J",
    "home": "\x1b[H",
    "title": "\x1b]0;owned\x07",
    "colour": "\x1b[31mred",
    "cursor up": "\x1b[10A",
    "other screen": "\x1b[?1049h",
    "hide the cursor": "\x1b[?25l",
    "scroll region": "\x1b[1;2r",
    "hyperlink": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "device query": "\x1b[c\x1b[6n\x05",
    "device control": "\x1bP1$r0m\x1b\\",
    "reset": "\x1bc",
    "other letters": "\x1b(0\x0e",
    "C1 sequence": "\x9b31m",
    "C1 title": "\x9d0;owned\x9c",
    "C1 line feed": "\x85\x8d",
    "bell": "\x07\x07\x07",
    "backspaces": "good\x08\x08\x08\x08evil",
    "overwritten": "evil\rgood",
    "tab, form feed": "a\tb\x0bc\x0cd",
    "delete": "x\x7f",
    "nothing": "a\x00b",
    "line separators": "a\u2028b\u2029c",
    "lines": "first\nsecond\r\nthird",
}
WIDTHS = {
    "override": "\u202eevil\u202c",
    "isolates": "\u2066a\u2067b\u2069",
    "marks": "\u200fright\u200eleft",
    "zero width": "ter\u200brible\u200c\u200d\ufeff",
    "soft hyphens": "a\u00adb\u00adc",
    "wide": "最悪の体験でした。四十分待ちました。",
    "full width": "ＡＢＣ　ＤＥＦ",
    "half width": "ｱｲｳｴｵ",
    "hangul": "최악의 경험",
    "tower": "Z" + "\u0301\u0302\u0303\u0304" * 20,
    "every letter a tower": "".join(f"{letter}{chr(0x300) * 9}" for letter in "zalgo"),
    "arabic": "مكان سيئ جدا، انتظرت أربعين دقيقة",
    "hebrew": "חיכינו 40 דקות",
    "devanagari": "बहुत बुरा अनुभव",
    "thai": "แย่มากที่สุด",
    "emoji": "😡🤮👎",
    "hearts": "❤️☕️☎️",
    "family": "👨‍👩‍👧‍👦",
    "skin": "👍🏽👎🏿",
    "flags": "🇩🇪🇬🇧🇯🇵",
    "tags": "a\U000e0041\U000e0042b",
    "fillers": "\u3164\u115f\uffa0x",
    "one long word": "x" * 5_000,
    "nothing at all": "",
    "blanks": " \u00a0\u2003 ",
}
EVERYTHING = {**CONTROLS, **WIDTHS}

# What no stranger's text may bring to a terminal: controls, what reorders and what hides.
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u2028\u2029\u200b-\u200d\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)


def raw_in(text: str) -> list[str]:
    """Return what stands in a text and must not, escaped so that a failure can be read."""
    return [ascii(found) for found in RAW.findall(text)]
