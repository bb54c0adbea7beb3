"""An answer that is posted for somebody: once, never after a doubt, and believed when it can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.cli import main
from tests.pipeline.conftest import Watch
from tests.town import Answer, Asked, Town, bad, review

Begin = Callable[..., Watch]
Reply = Callable[..., tuple[int, str, str]]
TEXT = "I am sorry, Jonas. Your next two are on me."


@pytest.fixture
def monitor(town: Town, watch_here: Begin) -> Watch:
    """A watch with one open case, c1 about m2."""
    town.site.shows("quay", review(1))
    one = watch_here()
    one.look()
    town.site.publishes("quay", bad(2, created=one.clock().isoformat()))
    one.look(minutes=1)
    return one


@pytest.fixture
def reply(town: Town, monitor: Watch, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Reply:
    """Return a function that answers by the command line, while the daemon does nothing."""
    for name, value in town.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.setattr("monitor.clock.now", monitor.clock)

    def answer(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["reply", *words, "--config", str(monitor.settings.path)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return answer


def taking(town: Town, status: int = 200, body: Any = None) -> list[Asked]:
    """Let the site take answers; returns what it was sent."""
    sent: list[Asked] = []

    def take(asked: Asked) -> Answer:
        sent.append(asked)
        return Answer({"text": TEXT} if body is None else body, status)

    town.site.routes["/api/quay/answers/"] = take
    return sent


def state(monitor: Watch) -> tuple[str, ...]:
    """Return how each answer that left has ended."""
    return tuple(row.state for row in monitor.rows("select state from outgoing_replies order by id"))


def test_an_answer_leaves_once_and_the_case_ends_when_it_is_seen(town: Town, monitor: Watch, reply: Reply) -> None:
    sent = taking(town)

    code, out, _ = reply("m2", TEXT, "--yes")
    [case] = monitor.rows("select state, answer_seen_at from cases")
    town.site.shows("quay", bad(2, reply={"text": TEXT, "at": monitor.clock().isoformat()}), review(1))
    monitor.minute()
    monitor.minute()
    [seen] = monitor.rows("select state, answer_seen_at from cases")

    assert (code, len(sent)) == (0, 1)
    assert TEXT in sent[0].body.decode()
    assert "I look at the site in a minute" in out
    assert (case.state, case.answer_seen_at) == ("open", None)  # what counts is what the public can see
    assert seen.state == "answered"
    assert state(monitor) == ("posted",)


def test_an_answer_that_is_too_long_never_leaves(town: Town, monitor: Watch, reply: Reply) -> None:
    sent = taking(town)

    code, _, err = reply("m2", "x" * 201, "--yes")

    assert (code, sent, state(monitor)) == (2, [], ())
    assert err == "the answer has 201 characters, and Town takes 200: shorten it by 1\n"


def test_a_refused_answer_says_so_and_may_be_tried_again(town: Town, monitor: Watch, reply: Reply) -> None:
    taking(town, status=400)
    refused = reply("m2", TEXT, "--yes")
    taking(town)

    again = reply("m2", TEXT, "--yes")

    assert refused[0] == 1
    assert "m2 was not answered" in refused[2]
    assert again[0] == 0
    assert state(monitor) == ("refused", "posted")


def test_after_a_doubt_nothing_is_posted_before_somebody_has_looked(town: Town, monitor: Watch, reply: Reply) -> None:
    sent = taking(town, status=502)
    doubtful = reply("m2", TEXT, "--yes")
    taking(town)

    stopped = reply("m2", TEXT, "--yes")
    insisted = reply("m2", TEXT, "--yes", "--again")

    assert "it may stand there" in doubtful[2]
    assert stopped[0] == 2
    assert "nobody knows whether it stands there" in stopped[2]
    assert insisted[0] == 0
    assert state(monitor) == ("uncertain", "posted")
    assert len(sent) == 1


def test_a_crash_while_it_left_counts_as_a_doubt(monitor: Watch, reply: Reply) -> None:
    with monitor.store.write() as conn:
        from monitor.store import outgoing

        mention = conn.exec_driver_sql("select max(id) from mentions").scalar()
        outgoing.begin(conn, int(mention or 0), TEXT, "ana", monitor.clock())

    code, _, err = reply("m2", TEXT, "--yes")

    assert code == 2
    assert "nobody knows whether it stands there" in err


@pytest.mark.slow
def test_an_answer_that_waits_to_be_shown_never_counts_as_vanished(town: Town, monitor: Watch, reply: Reply) -> None:
    taking(town)
    reply("m2", TEXT, "--yes")

    for _ in range(40):
        monitor.minute()

    assert monitor.rows("select 1 from alerts where reason = 'reply_gone'") == []


@pytest.mark.parametrize(
    "words, says",
    [
        (("m9", TEXT), "there is no mention m9"),
        (("m2",), "give the answer either as words or with --file"),
        (("m2", " "), "an answer needs words"),
        (("m2", "--file", "/nowhere/at/all"), "cannot be read"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(reply: Reply, words: tuple[str, ...], says: str) -> None:
    code, out, err = reply(*words, "--yes")

    assert (code, out) == (2, "")
    assert says in err
