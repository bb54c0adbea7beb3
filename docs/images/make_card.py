"""Make docs/images/card.png, the picture of the README: a card, and the same card after the answer was seen.

    .venv/bin/python docs/images/make_card.py

It runs the demo and lets Chromium (or Chrome) draw two of its cards; so the picture shows what the product sends.
Few colours are kept, so that the file stays small.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURE = Path(__file__).with_name("card.png")
WIDTH, HEIGHT, SCALE = 780, 1400, 2  # of the window, in pixels of CSS
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
COLOURS = 64
MOST = 120_000  # bytes
MARGIN = 24 * SCALE

Row = list[bytes]  # one colour a pixel


def main() -> int:
    """Make the picture; returns 1 and says why when it cannot be made."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"there is no browser to draw with: {', '.join(BROWSERS)}", file=sys.stderr)
        return 1
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "cards.html"
        page.write_text(cards(Path(scratch) / "demo"), encoding="utf-8")
        rows = read_png(screenshot(browser, page))
    content = write_png(few_colours(trimmed(rows)))
    if len(content) > MOST:
        print(f"the picture has {len(content):,} bytes, more than {MOST:,}", file=sys.stderr)
        return 1
    PICTURE.write_bytes(content)
    print(f"{PICTURE.relative_to(ROOT)}: {len(content):,} bytes")
    return 0


def cards(folder: Path) -> str:
    """Return a page with the card before and after."""
    from monitor import demo, render

    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        album = demo.run(folder)
    return render.gallery("The card in Slack, and the same card after the answer was seen", (), album.pair())


def screenshot(browser: str, page: Path) -> bytes:
    """Return a picture of a page as PNG."""
    picture = page.with_suffix(".png")
    options = [
        *("--headless", "--disable-gpu", "--hide-scrollbars", f"--force-device-scale-factor={SCALE}"),
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        f"--window-size={WIDTH},{HEIGHT}",
        f"--screenshot={picture}",
    ]
    subprocess.run([browser, *options, page.as_uri()], check=True, capture_output=True, timeout=60)
    return picture.read_bytes()


# --- PNG, https://www.w3.org/TR/png-3/ -----------------------------------------------------------


def read_png(content: bytes) -> list[Row]:
    """Return the pixels of a PNG with eight bits a channel, not interlaced: what browsers write."""
    parts = list(chunks(content))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", parts[0][1])
    if depth != 8 or kind not in (2, 6) or interlaced:
        raise ValueError("a PNG of another kind than browsers write")
    size = 4 if kind == 6 else 3
    data = zlib.decompress(b"".join(body for name, body in parts if name == b"IDAT"))
    before, rows, at = bytearray(width * size), [], 0
    for _ in range(height):
        line = unfiltered(data[at], bytearray(data[at + 1 : at + 1 + width * size]), before, size)
        rows.append([bytes(line[x : x + 3]) for x in range(0, len(line), size)])
        before, at = line, at + 1 + width * size
    return rows


def chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return name and body of each chunk."""
    found, at = [], 8
    while at < len(content):
        length = struct.unpack(">I", content[at : at + 4])[0]
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += length + 12
    return found


def unfiltered(kind: int, line: bytearray, above: bytearray, size: int) -> bytearray:
    """Undo the filter of one line of pixels."""
    for x in range(len(line)):
        left = line[x - size] if x >= size else 0
        up = above[x]
        corner = above[x - size] if x >= size else 0
        guess = (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind]
        line[x] = (line[x] + guess) & 255
    return line


def paeth(left: int, up: int, corner: int) -> int:
    """Return the neighbour that comes closest to left + up - corner."""
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))


def trimmed(rows: list[Row]) -> list[Row]:
    """Return the rows without the empty ones at the end, but for a margin."""
    ground = rows[-1][0]
    last = max(number for number, row in enumerate(rows) if any(pixel != ground for pixel in row))
    return rows[: last + 1 + MARGIN]


def few_colours(rows: list[Row]) -> tuple[list[bytes], list[list[int]]]:
    """Return a palette and the pixels as places in it: the most frequent colours, each other the nearest of them."""
    counts = Counter(pixel for row in rows for pixel in row)
    palette = [colour for colour, _ in counts.most_common(COLOURS)]

    def nearest(colour: bytes) -> int:
        return min(
            range(len(palette)), key=lambda at: sum((a - b) ** 2 for a, b in zip(palette[at], colour, strict=True))
        )

    places = {colour: nearest(colour) for colour in counts}
    return palette, [[places[pixel] for pixel in row] for row in rows]


def write_png(picture: tuple[list[bytes], list[list[int]]]) -> bytes:
    """Return a PNG with a palette."""
    palette, rows = picture
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    body = [(b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part)) for name, part in body
    )


if __name__ == "__main__":
    sys.exit(main())
