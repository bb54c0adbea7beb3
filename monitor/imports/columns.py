"""Which column of a file is which of our fields."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from monitor.errors import UsageError
from monitor.imports.files import Table

# The names that exports of review sites and shops give to their columns, in the order of preference.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("review_id", "reviewid", "external_id"),
    "text": (
        "review_text", "review_content", "review_body", "reviewtext", "review", "content", "body", "comment",
        "comments", "message", "feedback",
    ),
    "title": ("review_title", "headline", "subject"),
    "rating": ("star_rating", "stars", "review_stars", "review_rating", "rating_value", "score", "mark", "star"),
    "rating_best": (),
    "rating_worst": (),
    "author": (
        "author_name", "reviewer", "reviewer_name", "consumer_name", "customer_name", "display_name", "user_name",
        "username", "user", "name",
    ),
    "author_id": ("reviewer_id", "review_consumer_user_id", "consumer_id", "user_id"),
    "published_at": (
        "published", "review_submit_date_and_time", "review_created_utc", "review_created", "review_date",
        "submitted_at", "created_at", "created", "date_created", "date", "timestamp", "time",
    ),
    "updated_at": ("updated", "review_last_update_date_and_time", "review_updated_utc", "edited_at", "modified_at"),
    "url": ("review_url", "review_link", "permalink", "link"),
    "answer_url": (),
    "language": ("reviewer_language", "review_language", "lang", "locale"),
    "kind": (),
    "place": ("location", "location_name", "branch", "store_name"),
    "product": ("product_name", "app_name", "package_name"),
    "app_version": ("app_version_name", "version"),
    "device": ("reviewer_device",),
    "country": ("territory", "storefront", "country_code"),
    "audience": (),
    "audience_kind": (),
    "reply_text": (
        "developer_reply_text", "company_reply", "owner_response", "business_response", "reply", "response", "answer",
    ),
    "replied_at": ("developer_reply_date_and_time", "company_reply_date_utc", "reply_date", "response_date"),
    "thread_id": (),
    "parent_id": (),
}  # fmt: skip
FIELDS = tuple(ALIASES)
NEEDED = ("text", "rating", "title")  # one of these at least, or there is nothing to judge
# In our own export `id` is the number that a mention had there, and tells nothing here.
OURS = {**{field: field for field in FIELDS}, "id": "external_id"}


def mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Return our field → their column from `text=Review Text` pairs. Raises UsageError."""
    found: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        field = field.strip()
        if not equals or not column.strip():
            raise UsageError(f"`{pair}` is no mapping; write text=Review Text (our field, =, your column)")
        if field not in FIELDS:
            raise UsageError(f"there is no field `{field}`.{_near(field, FIELDS)} Known: {', '.join(FIELDS)}.")
        found[field] = column.strip()
    return found


def matched(table: Table, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return our field → their column: as mapped, else where a name says what it is. Raises UsageError."""
    found = _ours(table) if table.is_ours else _by_name(table.columns)
    for field, column in wanted.items():
        if column not in table.columns:
            raise UsageError(
                f"{table.name} has no column `{column}`.{_near(column, table.columns)} It has: {_listed(table)}."
            )
        found = {name: place for name, place in found.items() if place != column} | {field: column}
    if not any(field in found for field in NEEDED):
        raise UsageError(
            f"{table.name}: no column is known as text, title or rating. Say which one is: --map 'text=…'. "
            f"It has: {_listed(table)}."
        )
    return found


def _ours(table: Table) -> dict[str, str]:
    return {field: column for field, column in OURS.items() if column in table.columns}


def _by_name(columns: Sequence[str]) -> dict[str, str]:
    folded: dict[str, str] = {}
    for column in columns:
        folded.setdefault(re.sub(r"[\W_]+", "_", column.strip().casefold()).strip("_"), column)
    found: dict[str, str] = {}
    for field, names in ALIASES.items():
        name = next((name for name in (field, *names) if name in folded), None)
        if name is not None:
            found[field] = folded[name]
    return found


def _near(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f" Did you mean `{near[0]}`?" if near else ""


def _listed(table: Table) -> str:
    return ", ".join(table.columns)[:500]
