"""The inputs of hostile inputs 9, each one named there and their combinations."""

from __future__ import annotations

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠", "%", "|", "％", "｜"]
BLANKS = ["\u200b", "\ufeff", "\u00a0", "\u200d", "\u2060", "\u3000"]

STARTING = [f"{start}1+1" for start in STARTS] + [f'{start}HYPERLINK("https://evil.example")' for start in "=+-@"]
BEHIND_BLANKS = [f"{blank}{start}1+1" for blank in [" ", "   ", *BLANKS, " \u200b "] for start in STARTS]
INSIDE = [
    "x;=1+1",
    "x\t=1+1",
    'x","=1+1',
    "x|=1+1",
    "x\n=1+1",
    "x\r=1+1",
    "x\r\n=1+1",
    '"=1+1',
    '""=1+1',
    'x"=1+1',
    'x";"=1+1',
    'x;"=1+1',
    "x;'=1+1",
    "x; =1+1",
    "x;\u200b=1+1",
    "x;\ufeff+1",
    "x =1+1",
    "x,=1+1",
    "x;-1",
    "x;@SUM(1)",
    "x\n\n\n=cmd|' /C calc'!A0",
    "'=1+1",
    "''=1+1",
    "'",
    "''",
    "'tis",
    "\\=1+1",
    "=",
    "=1+1;=2+2\n=3+3\t=4+4",
]
BROKEN_LINES = ["one\rtwo", "one\r\ntwo", "\r", "\n" * 50, "a\n" * 50, '"', '""', '"""', '" " "', "\r\n"]
LONG = ["x" * 32_766, "x" * 32_767, "x" * 32_768, "=" * 32_768, "🙈" * 16_384, "y" * 100_000]
LOOKS_LIKE = [
    "00123",
    "1e5",
    "MARCH1",
    "2024-01-02",
    "12345678901234567890",
    "-2.5",
    "+49 170",
    "TRUE",
    "NULL",
    "nan",
    "NA",
    "N/A",
    "None",
    "<NA>",
    "inf",
    "0x1F",
    "1/2",
    "10:30",
    "\\N",
    "#REF!",
    "1,5",
    "1.000,5",
]
WIDE = [
    "🙈🙉🙊",
    "مرحبا بالعالم",
    "\u202eevil\u202c",
    "\U0001f9d1\u200d\U0001f373",
    "𝕬𝖈𝖒𝖊",
    "z̷̢̛a̶l̵g̷o̸",
    "日本語",
    "ß Ä é",
    "a\u2028b\u2029c\x85d",
]

TEXTS = [*STARTING, *BEHIND_BLANKS, *INSIDE, *BROKEN_LINES, *LOOKS_LIKE, *WIDE, ""]
