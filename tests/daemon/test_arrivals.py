"""Pushes to the real daemon in a process of its own: stored before it says so, refused with a reason, one effect."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from monitor import config
from monitor.daemon import Arrivals
from monitor.daemon.arrivals import A_SECOND, AT_ONCE
from monitor.daemon.writing import Writer
from monitor.errors import RefusedError, StoreError
from tests.connectors.cases.inbound_webhook import SECRET, entry, pushed
from tests.daemon.conftest import ROOT, Begin, Process, until
from tests.town import Answer, Asked, Town, a_town, free_port

OLD = "made-up-secret-of-last-year"  # nobody's
APP, PAGE, OTHER = "made-up-app-secret", "1000200030004", "1000200030005"
FORM = """
[[sources]]
name = "our form"
connector = "inbound_webhook"
secret = { file = "new" }
old_secret = { file = "old" }
"""
META = """
[[sources]]
name = "page-%s"
connector = "facebook_page"
page = "%s"
token = { env = "META_TOKEN" }
app_secret = { env = "META_SECRET" }
base_url = "%s"
allow_private = true
"""


def form(folder: Path) -> str:
    """Put the secrets of a form into a folder, and return the source that names them."""
    for name, secret in (("new", SECRET), ("old", OLD)):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    return FORM


class Told(NamedTuple):
    """What the listener answered."""

    status: int
    said: Any
    ms: float


class Running:
    """A daemon that listens, and its town."""

    def __init__(self, town: Town) -> None:
        self.town, self.port = town, free_port()
        self.graph_answers = True
        town.site.shows("quay")
        town.site.routes["/v25.0"] = self._graph
        meta = "".join(META % (page, page, town.site.url) for page in (PAGE, OTHER))
        town.configure(monitor=f'listen = "127.0.0.1:{self.port}"', extra=form(town.folder) + meta)
        self.process = Process(town, env={"META_TOKEN": "made-up", "META_SECRET": APP})
        self.process.wait_for('"ready"')

    def _graph(self, asked: Asked) -> Answer:
        if not self.graph_answers:
            return Answer({}, 500)
        if asked.path.endswith("_5"):
            return Answer({"error": {"code": 100, "error_subcode": 33, "message": "Unsupported get request"}}, 400)
        return Answer({"data": []})

    def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Told:
        """Ask the listener."""
        began = time.monotonic()
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=15)) as line:
            line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = line.getresponse()
            read = answer.read()
        said = json.loads(read) if answer.getheader("Content-Type") == "application/json" else read.decode()
        return Told(answer.status, said, 1000 * (time.monotonic() - began))

    def push(
        self, told: Any, *, secret: str = SECRET, late: float = 0, name: str = "our%20form", **headers: str
    ) -> Told:
        """Push something, signed."""
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        at = str(int(time.time() - late))
        mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        signed = {"X-Review-Monitor-Timestamp": at, "X-Review-Monitor-Signature": f"sha256={mac}"}
        return self.ask(f"/push/{name}", "POST", body, **{"Content-Type": "application/json", **signed, **headers})

    def meta(self, *changes: Any, page: str = PAGE, at: str = PAGE) -> Told:
        """Push as Meta does."""
        entries = [{"id": page, "time": 1, "changes": [{"field": "feed", "value": value} for value in changes]}]
        body = json.dumps({"object": "page", "entry": entries}).encode()
        mac = hmac.new(APP.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={mac}"}
        return self.ask(f"/push/page-{at}", "POST", body, **headers)

    def rows(self, query: str) -> list[Any]:
        """Ask the database."""
        with closing(sqlite3.connect(f"file:{self.town.folder}/monitor.db?mode=ro", uri=True)) as conn:
            return conn.execute(query).fetchall()

    def ids(self) -> list[str]:
        """Return the ids of all that is stored, as often as it is."""
        return [row[0] for row in self.rows("select external_id from mentions order by id")]

    def refused(self) -> float:
        """Return how many pushes were refused so far, as /metrics says."""
        return float(re.search(r"^monitor_refused_pushes_total (\S+)", self.ask("/metrics").said, re.MULTILINE)[1])  # type: ignore[index]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One daemon for all of these: they differ in what they push."""
    with a_town(tmp_path_factory.mktemp("town")) as town:
        found = Running(town)
        yield found
        found.process.end()


def fresh(number: int, **changes: Any) -> dict[str, Any]:
    """Return a review that was written just now, which is told."""
    return entry(number, published_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **changes)


# --- what is taken -------------------------------------------------------------------------------


def test_a_push_is_stored_when_it_is_answered_and_told(running: Running) -> None:
    answer = running.push(fresh(1, rating=1))

    assert answer[:2] == (200, {"new": 1, "edited": 0, "known": 0})
    assert "form-1" in running.ids()
    assert until(lambda: any("Waited forty minutes. (1)" in text for text in running.town.slack.texts()))


def test_the_same_push_five_times_has_one_effect(running: Running) -> None:
    told = fresh(2, rating=1)

    answers = [running.push(told) for _ in range(5)]

    assert [answer.said for answer in answers] == [{"new": 1, "edited": 0, "known": 0}] + [
        {"new": 0, "edited": 0, "known": 1}
    ] * 4
    assert running.ids().count("form-2") == 1
    query = "select a.reason from alerts a join mentions m on a.mention_id = m.id where m.external_id = 'form-2'"
    assert running.rows(query) == [("new",)]


def test_an_edit_and_a_deletion_are_taken_and_what_comes_late_changes_nothing(running: Running) -> None:
    first, second = "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"
    running.push(entry(3, rating=4, text="Good.", updated_at=first))
    edited = running.push(entry(3, rating=1, text="Bad.", updated_at=second))
    late = running.push(entry(3, rating=5, text="Splendid.", updated_at=first))
    unknown = running.push({"id": "form-never-seen", "deleted": True})
    gone = running.push({"id": "form-3", "deleted": True})

    assert (edited.said["edited"], late.said["edited"]) == (1, 0)
    assert (unknown.status, gone.status) == (200, 200)
    assert running.rows("select version, deleted_at is not null from mentions where external_id = 'form-3'") == [(2, 1)]


def test_the_old_secret_counts_as_well_during_a_change(running: Running) -> None:
    assert running.push(entry(4), secret=OLD).status == 200


def test_check_says_where_to_post(running: Running, tmp_path: Path) -> None:
    text = (running.town.folder / "monitor.toml").read_text()
    (tmp_path / "monitor.toml").write_text(text.replace("listen =", 'public_url = "https://hear.example/"\nlisten ='))
    form(tmp_path)
    env = {"META_TOKEN": "made-up", "META_SECRET": APP, **running.town.env}

    said = "\n".join(config.sentences(config.load(tmp_path / "monitor.toml", env)))

    assert "What is pushed for our form goes to https://hear.example/push/our%20form.\n" in said
    assert re.search(r"goes to https://hear.example/push/page-\d+, with the verify token [0-9a-f]{32}\.", said)
    assert APP not in said


def test_the_line_in_the_docs_works_as_it_stands(running: Running, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "connectors.md").read_text().partition("\n## inbound_webhook\n")[2].partition("\n## ")[0]
    [script] = [block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "curl" in block]
    script = script.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{running.port}").replace(
        "/our-form", "/our%20form"
    )

    done = subprocess.run(
        ["bash", "-c", script], env={"FORM_SECRET": SECRET, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )

    assert json.loads(done.stdout) == {"new": 1, "edited": 0, "known": 0}, done.stderr


@pytest.mark.slow
def test_what_was_answered_is_there_when_the_daemon_is_killed_at_once(tmp_path: Path) -> None:
    with a_town(tmp_path) as town:
        killed = Running(town)
        answers = [killed.push({"reviews": [entry(10 * n + k) for k in range(5)]}) for n in range(20)]
        killed.process.tell(signal.SIGKILL)
        killed.process.wait()

        assert {answer.status for answer in answers} == {200}
        assert len(killed.ids()) == 100


# --- what is refused -----------------------------------------------------------------------------


def test_what_is_not_believed_changes_nothing_and_is_counted(running: Running) -> None:
    before, stored = running.refused(), running.ids()
    told = entry(90)
    body = json.dumps(told).encode()

    answers = [
        running.ask("/push/our%20form", "POST", body, Content_Type="application/json"),
        running.push(told, secret="somebody-elses-secret"),
        running.push(told, X_Review_Monitor_Signature="sha256=" + "0" * 64),
        running.push(told, late=320),
        running.push(told, late=-320),
    ]

    assert [answer.status for answer in answers] == [401] * 5
    assert all(answer.said["error"] for answer in answers)
    assert running.ids() == stored
    assert running.refused() - before == 5
    assert sorted(answer.ms for answer in answers)[2] < 50


def test_a_replay_after_five_minutes_is_refused_and_says_why(running: Running) -> None:
    assert "five minutes" in running.push(entry(91), late=400).said["error"]


def test_the_sender_hears_what_is_wrong_with_an_entry(running: Running) -> None:
    answer = running.push({"reviews": [entry(92), entry(93, raiting=1)]})

    assert answer.status == 422
    assert "review 2: there is no field `raiting`" in answer.said["error"]
    assert not {"form-92", "form-93"} & set(running.ids())


def test_a_body_of_ten_megabytes_is_refused_and_the_sender_hears_it(running: Running) -> None:
    answer = running.push(b"[" + b" " * 10_000_000 + b"]")

    assert (answer.status, answer.said) == (413, {"error": "more than 1024 KiB: send fewer reviews at once"})


def test_another_type_another_method_and_another_name_are_refused(running: Running) -> None:
    body = json.dumps(entry(94)).encode()

    assert running.push(body, Content_Type="application/x-www-form-urlencoded").status == 415
    assert running.push(body, name="quay").status == 404  # a source that is asked, not told
    assert running.push(body, name="nobody").status == 404
    assert running.ask("/push/our%20form").status == 405
    assert running.ask("/push/our%20form", "PUT", body).status == 405
    assert running.ask("/push/our%20form?hub.mode=subscribe&hub.challenge=1").status == 403


def test_a_body_of_unknown_length_is_refused(running: Running) -> None:
    head = b"POST /push/our%20form HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for rest in (b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Content-Length: -1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as line:
            line.sendall(head + rest)
            line.shutdown(socket.SHUT_WR)
            said = b"".join(iter(lambda: line.recv(65_536), b""))
        assert b" 411 " in said.split(b"\r\n")[0]


def test_whoever_sends_without_end_is_asked_to_wait(town: Town, watch: Begin) -> None:
    monitor = watch(extra=form(town.folder))
    arrivals = Arrivals(monitor.daemon)
    push = pushed(entry(1), at=int(monitor.clock().timestamp()))

    def send() -> float | None:
        try:
            return arrivals.take("our form", push.headers, push.body).known
        except RefusedError as error:
            return -error.retry_after.total_seconds() if error.retry_after else None

    sent = [send() for _ in range(AT_ONCE + 1)]
    monitor.clock.advance(seconds=1)
    later = [send() for _ in range(A_SECOND + 1)]

    assert sent == [0, *[1] * (AT_ONCE - 1), -1]
    assert later == [*[1] * A_SECOND, -1]


def test_what_cannot_be_written_is_not_called_stored(town: Town, watch: Begin) -> None:
    monitor = watch(extra=form(town.folder))
    push = pushed(entry(1), at=int(monitor.clock().timestamp()))
    monitor.daemon.writer.trouble = StoreError("the disk is full", permanent=False)

    with pytest.raises(StoreError) as caught:
        Arrivals(monitor.daemon).take("our form", push.headers, push.body)

    assert caught.value.retry_after == timedelta(seconds=30)
    monitor.daemon.writer.trouble = None
    assert Arrivals(monitor.daemon).take("our form", push.headers, push.body).new == 1


class SlowToCommit:
    """A store whose commit waits whether somebody believes that it is done already."""

    def __init__(self) -> None:
        self.believed, self.committed = threading.Event(), False

    @contextmanager
    def write(self) -> Iterator[None]:
        yield
        self.believed.wait(0.3)
        self.committed = True


def test_whoever_waits_for_something_to_be_written_has_it_after_the_commit() -> None:
    store = SlowToCommit()
    writer = Writer(store)  # type: ignore[arg-type]  # all that it asks of a store
    seen: list[bool] = []

    def wait() -> None:
        writer.write(lambda conn: None)
        seen.append(store.committed)
        store.believed.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    writer.work(5)
    waiting.join(5)

    assert seen == [True]


# --- Meta ----------------------------------------------------------------------------------------


def test_meta_verifies_the_address_with_the_token_that_check_says(running: Running) -> None:
    token = hmac.new(APP.encode(), b"verify token", hashlib.sha256).hexdigest()[:32]
    ask = f"/push/page-{PAGE}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="

    assert running.ask(ask + token)[:2] == (200, "1158201444")
    assert running.ask(ask + "0" * 32).status == 403
    assert running.ask(f"/push/page-{PAGE}?hub.mode=subscribe&hub.verify_token={token}").status == 403
    assert running.ask((ask + token).replace("1158201444", "%3Cscript%3E")).status == 403


COMMENT = {
    "item": "comment",
    "verb": "add",
    "post_id": f"{PAGE}_1",
    "parent_id": f"{PAGE}_1",
    "from": {"id": "7001", "name": "Nia"},
    "message": "Waited forty minutes.",
    "created_time": 1795425060,
}


def test_what_meta_pushes_is_stored_and_offered_to_every_page_of_the_app(running: Running) -> None:
    answer = running.meta({**COMMENT, "comment_id": "1_5"})
    other = running.meta(
        {**COMMENT, "post_id": f"{OTHER}_1", "parent_id": f"{OTHER}_1", "comment_id": "2_5"}, page=OTHER
    )

    assert (answer.status, other.status) == (200, 200)
    stored = running.rows("select source, external_id from mentions where source like 'page-%' order by external_id")
    assert stored == [(f"page-{PAGE}", "1_5"), (f"page-{OTHER}", "2_5")]


@pytest.mark.slow
def test_meta_pushes_again_what_could_not_be_read_anew(running: Running) -> None:
    running.graph_answers = False
    try:
        answer = running.meta({**COMMENT, "comment_id": "1_6"})
    finally:
        running.graph_answers = True

    assert answer.status == 503
    assert "1_6" in running.ids()  # its words came with the push
