"""The command `rules`: what they are, what they say of one mention, what they would have sent; and silences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.common import ConfigOption, JsonOption, counted, load, local, number, opened, since
from monitor.cli.screen import Column, say, show, show_json, show_table
from monitor.cli.work import By, later, who_am_i
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.intake import Again, Routing
    from monitor.store import Connection, Store

ACTIONS = ("list", "test", "replay", "silence", "unsilence")
SHOWN = 20  # mentions of a replay that are named
MONTH = timedelta(days=30)
WHAT = {"source": "sources", "brand": "brands", "place": "subjects", "product": "subjects", "topic": "topics",
        "word": "words"}  # fmt: skip


def rules(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ACTION]...",
            help="test ID, replay, silence WHAT... or unsilence N; without it, rules and silences are listed. WHAT is "
            'source=shop, topic=outage, brand=acme, place="Quay Street", product=… or word=…',
        ),
    ] = None,
    since_: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Replay: what was published in the last 30d.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help='Silence: until 2h, tomorrow, "mon 09:00".')] = None,
    why: Annotated[str | None, typer.Option(metavar="TEXT", help="Silence: the reason, kept beside it.")] = None,
    by: By = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the rules, try them, or be silent about something.

    `test` says of each rule whether it asks for a mention, and what follows. `replay` says what this configuration
    would have sent. A silence holds messages back until its end, then hands them over as one; danger goes through.

    Example: monitor rules replay --since 30d
    """
    from monitor import clock
    from monitor.intake import Routing

    action, *rest = words or ["list"]
    if action not in ACTIONS:
        raise UsageError(f"`rules {action}` is nothing I can do; say {', '.join(ACTIONS[1:])}, or nothing at all")
    settings, now = load(config), clock.now()
    asked = _Asked(settings, Routing.of(settings), now, as_json)
    with opened(settings) as store:
        if action == "test":
            asked.test(store, _only(rest, "test m12"))
        elif action == "replay":
            asked.replay(store, since(since_, now, settings.zone) or now - MONTH)
        elif action == "silence":
            asked.silence(store, rest, until, why, who_am_i(settings, by))
        elif action == "unsilence":
            asked.unsilence(store, _only(rest, "unsilence 1"))
        else:
            asked.listed(store)


def _only(rest: Sequence[str], example: str) -> str:
    if len(rest) != 1:
        raise UsageError(f"say which one: `monitor rules {example}`")
    return rest[0]


@dataclass(frozen=True)
class _Asked:
    """One question about the rules of a configuration."""

    settings: Settings
    routing: Routing
    now: datetime
    as_json: bool

    def listed(self, store: Store) -> None:
        """Print the rules and the silences that hold."""
        from monitor.config import rule_in_words
        from monitor.store import silences

        with store.read() as conn:
            held = silences.active(conn, self.now)
        if self.as_json:
            named = [
                {"name": one.name, "words": rule_in_words(one), "channels": list(one.channels), "stop": one.stop}
                for one in self.settings.rules
            ]
            show_json({"rules": named, "silences": [_silence_json(one) for one in held]})
            return
        show_table(
            ("rule", Column("asks for", 20, wraps=True), Column("goes to", 8), "then"),
            [
                (one.name, rule_in_words(one), ", ".join(one.channels), "stop" if one.stop else "go on")
                for one in self.settings.rules
            ],
            "There are no rules.",
        )
        print()
        show_table(
            ("silence", Column("holds back", 16), "until", "by", Column("why", 12, wraps=True)),
            [
                (str(one.id), _what_in_words(one.what), local(one.until_at, self.settings.zone), one.who, one.why)
                for one in held
            ],
            "Nothing is silenced.",
        )

    # --- one mention

    def test(self, store: Store, text: str) -> None:
        """Print what each rule says of a mention, and what would be done if it came now."""
        from monitor import intake, policy
        from monitor.store import mentions

        mention_id = number(text, "m")
        with store.read() as conn:
            row = mentions.full(conn, [mention_id]).get(mention_id)
            if row is None:
                raise UsageError(f"there is no mention m{mention_id}")
            source = self.routing.source(row["source"])
            if source is None:
                raise UsageError(f"m{mention_id} is of `{row['source']}`, which is no longer watched")
            brands = mentions.brands_of(conn, [mention_id]).get(mention_id, ())
            again = intake.decide_again(row, brands, source, self.routing, row["first_seen_at"])
            silent = self._silence_of(conn, row, brands, again)
        change, severity = again.change, again.decision.severity
        tried, stopped = [], False
        for rule in self.settings.rules:
            missing = policy.unmet(rule, change.mention, change.score, severity, source.name)
            tried.append({"rule": rule.name, "asked": not stopped, "asks": not missing and not stopped,
                          "unmet": list(missing)})  # fmt: skip
            stopped = stopped or (rule.stop and not missing)
        outcome = self._outcome(again, silent)
        if self.as_json:
            show_json({"id": f"m{mention_id}", "rules": tried, **outcome})
            return
        show_table(
            ("rule", "asks for it", Column("because", 20, wraps=True)),
            [(str(one["rule"]), "yes" if one["asks"] else "no", _because(one)) for one in tried],
            "There are no rules.",
        )
        print()
        for line in outcome["says"]:
            show(line)

    def _silence_of(self, conn: Connection, row: Any, brands: Sequence[str], again: Again) -> str | None:
        from monitor import intake
        from monitor.store import silences

        for one in silences.active(conn, self.now):
            if intake.matches(one, row, brands, again.decision.severity):
                return f"{intake.held_reason(one)}, until {local(one.until_at, self.settings.zone)}"
        return None

    def _outcome(self, again: Again, silent: str | None) -> dict[str, Any]:
        decision = again.decision
        says = []
        if decision.reason is None:
            says.append(f"Nobody would be told: {decision.why_not_told}.")
        else:
            severity = decision.severity or "no severity"
            where = ", ".join(dict.fromkeys(channel for _, channel in decision.channels))
            says.append(f"It would be told at once ({severity}) to {where}.")
            team = decision.team
            quiet = self.routing.quiet_until(team, decision.severity, self.now)
            if quiet is not None:
                says.append(f"Now are quiet hours of {team}: it would wait until {local(quiet, self.settings.zone)}.")
            if decision.opens_case and decision.severity is not None:
                due = self.routing.due_at(team, decision.severity, self.now)
                says.append(f"It opens a case{f', with an answer by {local(due, self.settings.zone)}' if due else ''}.")
        if silent:
            says.append(f"It would be held back: {silent}.")
        return {
            "reason": decision.reason,
            "severity": decision.severity,
            "channels": [{"rule": rule, "channel": channel} for rule, channel in decision.channels],
            "why_not_told": decision.why_not_told,
            "says": says,
        }

    # --- a span of time

    def replay(self, store: Store, start: datetime) -> None:
        """Print what these rules would have sent for what was published since."""
        from monitor import intake
        from monitor.store import alerts

        by_channel: dict[str, int] = {}
        by_rule: dict[str, int] = {}
        told, seen = [], 0
        with store.read() as conn:
            for source in self.settings.sources:
                for again in intake.replayed(conn, source, self.routing, start, self.now):
                    seen += 1
                    if again.decision.reason is None:
                        continue
                    told.append(again)
                    for rule, channel in again.decision.channels:
                        by_channel[channel] = by_channel.get(channel, 0) + 1
                        by_rule[rule] = by_rule.get(rule, 0) + 1
            sent = alerts.sent_by_channel(conn, start)
        weeks = max((self.now - start) / timedelta(weeks=1), 1 / 7)
        if self.as_json:
            show_json(
                {
                    "since": start,
                    "mentions": seen,
                    "alerts": len(told),
                    "by_channel": {
                        name: {"would_be_told": by_channel.get(name, 0), "was_told": sent.get(name, 0)}
                        for name in self._channels(sent)
                    },
                    "by_rule": by_rule,
                    "told": [_told_json(one) for one in told],
                }
            )
            return
        show(
            f"Of {counted(seen, 'mention')} since {local(start, self.settings.zone)} these rules would have told of "
            f"{len(told):,}: {len(told) / weeks:.1f} a week. Before quiet hours, silences and folding."
        )
        print()
        show_table(
            ("channel", "would be told", "was told", "a week"),
            [
                (
                    name,
                    f"{by_channel.get(name, 0):,}",
                    f"{sent.get(name, 0):,}",
                    f"{by_channel.get(name, 0) / weeks:.1f}",
                )
                for name in self._channels(sent)
            ],
            "There are no channels.",
        )
        print()
        show_table(
            ("rule", "would have told of"),
            [(rule.name, f"{by_rule.get(rule.name, 0):,}") for rule in self.settings.rules],
            "There are no rules.",
        )
        newest = sorted(told, key=lambda one: one.row["sort_at"], reverse=True)[:SHOWN]
        if newest:
            print()
            show_table(
                ("mention", "written", Column("source", 5), "severity", Column("said", 16)),
                [
                    (f"m{one.row['id']}", local(one.row["sort_at"], self.settings.zone), one.row["source"],
                     one.decision.severity or "", one.row["text"])
                    for one in newest
                ],
                "",
            )  # fmt: skip
            if len(told) > SHOWN:
                say(f"The newest {SHOWN} of {len(told):,}; --json has all.")

    def _channels(self, sent: dict[str, int]) -> list[str]:
        return [*(channel.name for channel in self.settings.channels),
                *sorted(set(sent) - {channel.name for channel in self.settings.channels})]  # fmt: skip

    # --- silences

    def silence(self, store: Store, what: Sequence[str], until: str | None, why: str | None, who: str) -> None:
        """Hold back what is said of something, until a time."""
        from monitor.store import silences

        if not what:
            raise UsageError("say what: source=shop, topic=outage, brand=acme, place=…, product=… or word=…")
        if until is None:
            raise UsageError('say until when: --until 2h, --until "mon 09:00"')
        if not (why or "").strip():
            raise UsageError('say why: --why "the shop is being painted"; it stands beside what is held back')
        conditions = self._conditions(what)
        end = later(until, self.now, self.settings.zone)
        with store.write() as conn:
            made = silences.add(conn, conditions, why=(why or "").strip(), who=who, now=self.now, until=end)
        show(f"Silence {made}: {_what_in_words(conditions)}, until {local(end, self.settings.zone)}. Cases are opened "
             "and counted all the same; what was held back comes as one message then. Words of danger go through, "
             "unless their topic is named.")  # fmt: skip

    def _conditions(self, what: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for text in what:
            name, equals, value = text.partition("=")
            key = WHAT.get(name.strip().lower())
            if not equals or key is None or not value.strip():
                raise UsageError(f"`{text}` is not understood; write {'=…, '.join(WHAT)}=…")
            if key == "sources" and self.routing.source(value.strip()) is None:
                known = ", ".join(one.name for one in self.settings.sources)
                raise UsageError(f"there is no source `{value.strip()}`. Known: {known}.")
            if key == "brands" and value.strip() not in {brand.name for brand in self.settings.brands}:
                known = ", ".join(brand.name for brand in self.settings.brands) or "none"
                raise UsageError(f"there is no brand `{value.strip()}`. Known: {known}.")
            found.setdefault(key, []).append(value.strip())
        return found

    def unsilence(self, store: Store, text: str) -> None:
        """End a silence; what it held back goes out."""
        from monitor import intake
        from monitor.store import silences

        which = number(text, "s")
        with store.write() as conn:
            held = {one.id: one for one in silences.active(conn, self.now)}
            if which not in held:
                raise UsageError(f"there is no silence {which} that holds; `monitor rules` lists them")
            released = intake.let_go(conn, held[which], self.routing, self.now)
        go = "goes" if released == 1 else "go"
        show(f"Silence {which} has ended. {counted(released, 'message')} that it held back {go} out now.")


def _because(tried: dict[str, Any]) -> str:
    if not tried["asked"]:
        return "a rule before it said stop"
    if tried["asks"]:
        return "every condition holds"
    return f"these do not hold: {', '.join(tried['unmet'])}"


def _what_in_words(what: Any) -> str:
    words = {"sources": "from", "brands": "of", "subjects": "about", "topics": "about", "words": "saying"}
    return ", ".join(f"{words[name]} {' or '.join(values)}" for name, values in what.items())


def _silence_json(one: Any) -> dict[str, Any]:
    return {"id": one.id, "what": dict(one.what), "why": one.why, "who": one.who, "from": one.from_at,
            "until": one.until_at}  # fmt: skip


def _told_json(one: Again) -> dict[str, Any]:
    return {
        "id": f"m{one.row['id']}",
        "source": one.row["source"],
        "sort_at": one.row["sort_at"],
        "severity": one.decision.severity,
        "reason": one.decision.reason,
        "channels": [channel for _, channel in one.decision.channels],
    }
