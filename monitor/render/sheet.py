"""The list of a folded message as a table for a spreadsheet, in which no stranger's text becomes a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from monitor.notifier import Attachment
from monitor.render.phrases import figure
from monitor.render.values import Told
from monitor.text import safe_link, shorten, shown
from monitor.text.cells import guard

COLUMNS = (
    "id", "severity", "source", "site", "place", "kind", "rating", "rating_best", "author", "title", "text",
    "language", "published_at", "first_seen_at", "reasons", "url", "case_id", "due_at", "assignee",
)  # fmt: skip
FILE_NAME = "reviews.csv"
LONGEST_TEXT = 2000  # characters of one text
SHORTEST_TEXT = 80
# A mail server takes about 20 MB; in base64 and with four-byte letters this stays below.
ALL_TEXT = 3_000_000  # characters of all texts together

_LINES = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def cell(text: str | None) -> str:
    """Return a stranger's words as a cell that is text and nothing else."""
    words = _CONTROLS.sub("\ufffd", _LINES.sub("\n", shown(text or "")))
    return guard(words)


def folded_csv(told: Sequence[Told]) -> Attachment:
    """Return every mention of a folded message as one row of a CSV file, spreadsheet-safe, in the order given.

    Long texts are cut so that the file stays within what mail servers take; the link leads to the whole one.
    """
    limit = min(LONGEST_TEXT, max(SHORTEST_TEXT, ALL_TEXT // max(len(told), 1)))
    buffer = io.StringIO()
    # The mark tells Excel that this is UTF-8.
    buffer.write("\ufeff")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(told, limit))
    return Attachment(FILE_NAME, "text/csv", buffer.getvalue().encode("utf-8", "replace"))


def _rows(told: Iterable[Told], limit: int) -> Iterable[list[str]]:
    for one in told:
        case = one.case
        yield [
            one.ref,
            one.severity or "",
            cell(one.source),
            cell(one.site),
            cell(one.place or one.product),
            one.kind,
            figure(one.rating.value) if one.rating else "",
            figure(one.rating.best) if one.rating else "",
            cell(one.author),
            cell(shorten(one.title or "", limit)),
            cell(shorten(one.text, limit)),
            cell(one.language),
            _time(one.published_at),
            _time(one.first_seen_at),
            cell("; ".join(why.text for why in one.reasons)),
            safe_link(one.url) or "",
            case.ref if case else "",
            _time(case.due_at) if case else "",
            cell(case.assignee) if case else "",
        ]


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""
