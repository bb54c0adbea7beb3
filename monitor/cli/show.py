"""The command `show`: one mention or one case, whole, as a page to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, ago, load, local, number, opened
from monitor.cli.screen import Column, show_json, show_quote, show_record, show_table
from monitor.cli.screen import show as show_line
from monitor.errors import UsageError
from monitor.models import CLEARED, NOT_KEPT

if TYPE_CHECKING:
    from monitor.config import Settings


def show(
    ref: Annotated[str, typer.Argument(metavar="ID", help="A mention (m12) or a case (c3).")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one mention or one case with its whole history.

    A mention with its text, why it was flagged, its earlier versions, the answers to it and the messages about it;
    a case with its mentions and every step of it.

    Example: monitor show m12
    """
    from monitor import clock
    from monitor.store import inspect

    settings, now = load(config), clock.now()
    is_case = ref.strip().lower().startswith("c")
    with opened(settings) as store, store.read() as conn:
        facts = inspect.case(conn, number(ref, "c")) if is_case else inspect.mention(conn, number(ref, "m"))
    if facts is None:
        raise UsageError(f"there is no {'case' if is_case else 'mention'} {ref}")
    if as_json:
        show_json(facts)
        return
    page = _Page(settings.zone, now)
    if is_case:
        page.case(facts, _next_step(facts, settings, now))
    else:
        page.mention(facts)


def _no_text(facts: Mapping[str, Any]) -> str:
    """Return what stands where there is no text, and why."""
    flags = facts["flags"] or ()
    if facts["deleted_at"]:
        return "(deleted on the site, and here)" if CLEARED in flags else "(no text)"
    if NOT_KEPT in flags:
        return "(the site does not allow keeping its texts: read it there)"
    return "(no longer kept)" if CLEARED in flags else "(no text)"


def _next_step(facts: Mapping[str, Any], settings: Settings, now: datetime) -> str:
    """Return what happens next to a case by the clock."""
    from monitor import intake, render

    routing = intake.Routing.of(settings)
    row = SimpleNamespace(**facts)
    times = render.Times(now, routing.zone_of(row.team))
    team = routing.team(row.team)
    return render.next_step(intake.value_of(row), intake.steps_of(row), row.next_step_at, team, times)


class _Page:
    """Prints one mention or one case, with times as the reader's clock shows them."""

    def __init__(self, zone: str, now: datetime) -> None:
        self.zone, self.now = zone, now

    def mention(self, facts: Mapping[str, Any]) -> None:
        """Print a mention."""
        judged = ", ".join(filter(None, (facts["label"], facts["severity"])))
        show_line(f"{facts['id']}: {judged}. On {facts['source']}, {ago(facts['sort_at'], self.now)}.")
        what, by = _stars(facts) or f"A {facts['kind']}", f" by {facts['author']}" if facts["author"] else ""
        show_line(f"{what}{by}:")
        if facts["title"]:
            show_quote(facts["title"])
        show_quote(facts["text"] or _no_text(facts))
        print()
        show_record(
            [
                ("link", facts["url"]),
                ("answer at", facts["answer_url"] if facts["answer_url"] != facts["url"] else None),
                ("why", facts["reasons"]),
                ("told", self._told(facts)),
                ("case", facts["case_id"]),
                ("about", _about(facts)),
                ("readers", f"{facts['audience']:,} {facts['audience_kind'] or ''}" if facts["audience"] else None),
                ("language", facts["language"]),
                ("published", self._time(facts["published_at"])),
                ("edited", self._time(facts["updated_at"])),
                ("first seen", self._time(facts["first_seen_at"])),
                ("last seen", self._time(facts["last_seen_at"])),
                ("gone since", self._time(facts["deleted_at"])),
                ("site's id", facts["external_id"]),
                ("judged by", facts["scorer"]),
                *(("marked", self._marked(one)) for one in facts["marks"]),
            ]
        )
        self._versions(facts["versions"])
        self._answers(facts["answers"])
        self._messages(facts["messages"])

    def _marked(self, mark: Mapping[str, Any]) -> str:
        by, note = f" by {mark['who']}" if mark["who"] else "", f": {mark['note']}" if mark["note"] else ""
        return f"{mark['mark'].replace('_', ' ')}{by}, {self._time(mark['at'])}{note}"

    def case(self, facts: Mapping[str, Any], next_step: str) -> None:
        """Print a case."""
        who = facts["assignee"] or "Nobody"
        show_line(f"{facts['id']}: {facts['state']}, {facts['severity']}. {who} has it.")
        show_record(
            [
                ("answer by", self._time(facts["due_at"])),
                ("team", facts["team"]),
                ("opened", self._time(facts["opened_at"])),
                ("claimed", self._time(facts["claimed_at"])),
                ("put off until", self._time(facts["snoozed_until"])),
                ("answered", self._time(facts["answered_at"])),
                ("answer seen", self._time(facts["answer_seen_at"])),
                ("closed", self._time(facts["closed_at"])),
                ("resolution", facts["resolution"]),
                ("next", next_step),
                *(("wrote before", self._before(one)) for one in facts["author_before"]),
                *(("about", f"{one['id']}  {one['source']}  {one['url'] or ''}") for one in facts["mentions"]),
            ]
        )
        print()
        show_table(
            ("when", "what", "who", "through", Column("more", 16, wraps=True)),
            [
                (
                    local(one["at"], self.zone),
                    one["event"].replace("_", " "),
                    one["who"],
                    one["through"],
                    self._more(one),
                )
                for one in facts["events"]
            ],
            "Nothing has happened yet.",
        )

    def _before(self, past: Mapping[str, Any]) -> str:
        answered = f", answered by {past['answered_by']}" if past["answered_by"] else ""
        return f"{past['id']}: {_stars(past) or 'no stars'}, {local(past['at'], self.zone)}{answered}"

    def _more(self, event: Mapping[str, Any]) -> str:
        """Return what else there is to an event: a note, to whom, until when, after how long."""
        from monitor.render import span

        facts = event["facts"]
        until = facts.get("until")
        parts = [
            facts.get("text"),
            f"to {facts['to']}" if facts.get("to") else None,
            f"until {local(datetime.fromisoformat(until), self.zone)}" if until else None,
            (facts.get("resolution") or "").replace("_", " "),
            f"after {span(timedelta(minutes=after))}" if (after := facts.get("after_minutes")) is not None else None,
        ]
        return "; ".join(str(part) for part in parts if part)

    def _time(self, moment: datetime | None) -> str | None:
        return None if moment is None else f"{local(moment, self.zone)} ({ago(moment, self.now)})"

    def _told(self, facts: Mapping[str, Any]) -> str | None:
        if facts["messages"]:
            return f"yes, {len(facts['messages'])} messages" if len(facts["messages"]) > 1 else "yes, one message"
        return f"no: {facts['why_not_told']}" if facts["why_not_told"] else None

    def _versions(self, versions: list[dict[str, Any]]) -> None:
        for one in versions if len(versions) > 1 else ():
            print()
            show_line(f"version {one['version']}, seen {local(one['seen_at'], self.zone)}: {_stars(one) or 'no stars'}")
            show_quote(f"{one['title'] or ''}\n{one['text']}".strip() or "(no text)")

    def _answers(self, answers: list[dict[str, Any]]) -> None:
        for one in answers:
            print()
            at = local(one["published_at"] or one["first_seen_at"], self.zone)
            by = f" by {one['author']}" if one["author"] else ""
            show_line(f"answer{by}, {at}: {one['state']}")
            show_quote(one["text"])

    def _messages(self, messages: list[dict[str, Any]]) -> None:
        if not messages:
            return
        print()
        show_table(
            ("message", "because", "channel", Column("to", 8, spare=True), "state", "sent",
             Column("why", 16, wraps=True)),
            [
                (one["id"][:12], one["reason"], one["channel"], one["target"], one["state"],
                 local(one["sent_at"], self.zone), one["last_error"] or one["held_reason"])
                for one in messages
            ],
            "",
        )  # fmt: skip


def _stars(row: Mapping[str, Any]) -> str | None:
    if row["rating"] is None:
        return None
    best = row.get("rating_best")
    return f"{row['rating']:g} of {best:g}" if best is not None else f"{row['rating']:g}"


def _about(facts: Mapping[str, Any]) -> str:
    return ", ".join(
        str(facts[name]) for name in ("place", "product", "app_version", "device", "country") if facts[name]
    )
