"""After an absence: one message that says from when to when, what was caught up, and what cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor import intake
from monitor.models import Json, Reason
from monitor.polling import Look, Taken
from monitor.store import Connection, sources

WORTH_TELLING = timedelta(minutes=30)
WAIT_FOR_LOOKS = timedelta(seconds=90)  # so that the message is there within two minutes
NOT_LOOKED = "not looked at yet"


@dataclass(frozen=True)
class Absence:
    """A span in which the program did not run, and the sources not yet looked at since."""

    away_from: datetime
    back_at: datetime
    waiting: frozenset[str]
    found: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def since(cls, conn: Connection, names: Sequence[str], now: datetime) -> Absence | None:
        """Return the absence that ends now, or None when there was none worth a message."""
        last = sources.get_meta(conn, "alive_at")
        if last is None or now - (away_from := datetime.fromisoformat(last)) < WORTH_TELLING:
            return None
        known = {state.name for state in sources.all_active(conn) if state.introduced_at is not None}
        return cls(away_from, now, frozenset(names) & known)

    @property
    def complete(self) -> bool:
        """Say whether every source has been looked at."""
        return not self.waiting

    def over(self, now: datetime) -> bool:
        """Say whether it is time to tell, complete or not."""
        return self.complete or now - self.back_at >= WAIT_FOR_LOOKS

    def with_look(self, source: str, look: Look, taken: Taken) -> Absence:
        """Return the absence with one more look at a source; it waits for those whose walk is not at its end.

        A look that began before it ended counts for nothing.
        """
        if look.started_at < self.back_at:
            return self
        others = {name: why for name, why in self.failed.items() if name != source}
        failed = others | ({source: str(look.error)} if look.error else {})
        found = self.found | {source: self.found.get(source, 0) + taken.new}
        waiting = self.waiting - {source} if look.at_end or look.error else self.waiting
        return replace(self, waiting=waiting, found=found, failed=failed)

    def tell(self, conn: Connection, routing: intake.Routing, now: datetime) -> None:
        """Write the one message."""
        seen = set(self.found) - set(self.failed) - self.waiting
        facts: dict[str, Json] = {
            "from": self.away_from.isoformat(),
            "to": self.back_at.isoformat(),
            "found": sum(self.found.values()),
            "sources_seen": len(seen),
            "sources": [{"source": name, "found": count} for name, count in self.found.items() if count],
            "lost": [*self._unseen(), *self._unreached(conn)],
        }
        key = ("absence", self.away_from)
        intake.tell_operator(conn, routing, Reason.CAUGHT_UP, key=key, facts=facts, now=now)

    def _unseen(self) -> list[dict[str, Json]]:
        """Return the sources that could not be looked at since."""
        why = dict.fromkeys(sorted(self.waiting), NOT_LOOKED) | self.failed
        return [{"source": name, "from": self.away_from.isoformat(), "why": words} for name, words in why.items()]

    def _unreached(self, conn: Connection) -> list[dict[str, Json]]:
        """Return the spans of which the sites no longer show everything."""
        return [
            {"source": gap.source, "from": gap.from_at.isoformat(), "to": gap.to_at.isoformat(), "why": gap.why}
            for gap in sources.gaps_since(conn, self.away_from)
            if gap.to_at is not None and gap.caught_up_at is None and gap.source in self.found
        ]


def note_alive(conn: Connection, now: datetime) -> None:
    """Write down that the program is running."""
    sources.put_meta(conn, "alive_at", now.isoformat())
