"""Two people who take the same case in the same moment: one has it, and the other is told who."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import config, inbox, intake
from monitor.cases import CaseValue, EventKind, Refused
from monitor.models import Severity
from monitor.store import Store, cases, open_store
from monitor.store import schema as t
from tests.builders import NOON
from tests.proofs.histories import CONFIGURATION
from tests.town import CONNECTORS

TIMES = 200
PEOPLE = ("ana", "ben")


@pytest.fixture(
    params=[
        pytest.param("sqlite_url", id="sqlite"),
        pytest.param("postgres_url", id="postgres", marks=pytest.mark.slow),
    ]
)
def address(request: Any) -> str:
    """The address of an empty database of either kind."""
    url: str = request.getfixturevalue(request.param)
    return url


def test_of_two_who_claim_at_once_one_gets_it_and_the_other_is_told_who_has_it(tmp_path: Path, address: str) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(CONFIGURATION.format(database=address, connectors=CONNECTORS), encoding="utf-8")
    routing = intake.Routing.of(config.load(path, {"HOOK": "https://out.example/hook"}))
    with open_store(address, now=NOON) as store:
        with store.write() as conn:
            ids = cases.open_cases(conn, [cases.NewCase(Severity.HIGH, None)] * TIMES, NOON)
        said = _all_claim(address, routing, ids)
        with store.read() as conn:
            rows = cases.by_ids(conn, ids)
            claimed = Counter(
                conn.scalars(sa.select(t.case_events.c.case_id).where(t.case_events.c.event == "claimed"))
            )

    for case_id in ids:
        answers = {who: said[who][case_id] for who in PEOPLE}
        [winner] = [who for who, answer in answers.items() if isinstance(answer, CaseValue)]
        [loser] = [who for who in PEOPLE if who != winner]
        assert rows[case_id].assignee == winner
        assert answers[loser] == Refused(f"{winner} has it", winner)
        assert claimed[case_id] == 1


def _all_claim(address: str, routing: intake.Routing, ids: list[int]) -> dict[str, dict[int, CaseValue | Refused]]:
    """Let everybody claim each case, at the same moment, each through an opened database of their own."""
    start = threading.Barrier(len(PEOPLE))
    said: dict[str, dict[int, CaseValue | Refused]] = {who: {} for who in PEOPLE}

    def claim(who: str, store: Store) -> None:
        for case_id in ids:
            start.wait(60)
            with store.write() as conn:
                said[who][case_id] = inbox.act(
                    conn, routing, case_id, EventKind.CLAIMED, now=NOON, who=who, through="cli"
                )

    stores = [open_store(address, now=NOON) for _ in PEOPLE]
    threads = [threading.Thread(target=claim, args=pair) for pair in zip(PEOPLE, stores, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    return said
