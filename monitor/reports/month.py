"""The figures of a month: stars by source, and how many answers came in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.store import Store
from monitor.store.export import pages

COLUMNS = (
    "source",
    "published_at",
    "first_seen_at",
    "rating",
    "rating_best",
    "rating_worst",
    "label",
    "case_id",
    "due_at",
    "answered_at",
    "resolution",
)


@dataclass(frozen=True, slots=True)
class Month:
    """One source in one month. Figures that nobody can know yet are None, never zero."""

    month: str  # 2026-11
    source: str
    mentions: int
    rated: int
    stars: float | None  # mean of the rated ones, as 1…5
    bad: int
    due: int  # cases of that month whose time to answer is over, or that were answered
    in_time: int
    share_in_time: float | None  # in_time / due
    unverified: int  # closed without anybody having seen an answer; not counted as in time


def monthly(store: Store, *, now: datetime, since: datetime | None = None, zone: str = "UTC") -> list[Month]:
    """Return the figures of each month and source, oldest month first.

    A mention belongs to the month in which it was published (or else first seen), in `zone`.
    """
    import pandas as pd

    with store.read() as conn:
        found = [tuple(row) for page in pages(conn, columns=COLUMNS, since=since) for row in page]
    frame = pd.DataFrame(found, columns=list(COLUMNS))
    if frame.empty:
        return []
    frame = _judged(frame, pd, now, zone)
    grouped = frame.groupby(["month", "source"], sort=True)
    table = grouped.agg(
        mentions=("label", "size"),
        rated=("stars", "count"),
        stars=("stars", "mean"),
        bad=("bad", "sum"),
        due=("due", "sum"),
        in_time=("in_time", "sum"),
        unverified=("unverified", "sum"),
    )
    return [_month(key, row) for key, row in zip(table.index, table.to_dict("records"), strict=True)]


def _judged(frame: Any, pd: Any, now: datetime, zone: str) -> Any:
    times = {
        # A column in which nothing stands would be counted in whole seconds, and then fits no other.
        name: pd.to_datetime(frame[name], utc=True, format="ISO8601", errors="coerce").dt.as_unit("us")
        for name in ("published_at", "first_seen_at", "due_at", "answered_at")
    }
    at = times["published_at"].fillna(times["first_seen_at"]).dt.tz_convert(zone)
    numbers = {name: pd.to_numeric(frame[name]) for name in ("rating", "rating_best", "rating_worst")}
    best, worst = numbers["rating_best"], numbers["rating_worst"]
    stars = 1 + 4 * (numbers["rating"] - worst) / (best - worst).where(best > worst)
    unverified = frame["resolution"].eq("unverified")
    counted = times["due_at"].notna() & ~unverified
    in_time = counted & (times["answered_at"] <= times["due_at"])
    return pd.DataFrame(
        {
            "month": at.dt.strftime("%Y-%m"),
            "source": frame["source"],
            "label": frame["label"],
            "stars": stars.where(stars.between(1, 5)),
            "bad": frame["label"].eq("bad"),
            "due": counted & (times["answered_at"].notna() | (times["due_at"] <= now)),
            "in_time": in_time,
            "unverified": unverified,
        }
    )


def _month(key: tuple[str, str], row: dict[str, Any]) -> Month:
    due, in_time, rated = int(row["due"]), int(row["in_time"]), int(row["rated"])
    return Month(
        month=key[0],
        source=key[1],
        mentions=int(row["mentions"]),
        rated=rated,
        stars=round(float(row["stars"]), 2) if rated else None,
        bad=int(row["bad"]),
        due=due,
        in_time=in_time,
        share_in_time=in_time / due if due else None,
        unverified=int(row["unverified"]),
    )
