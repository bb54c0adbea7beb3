"""The questions of the exam, for pytest: a test file takes them in with `from monitor.exam.questions import *`.

It has a fixture `examined` that gives the connector. What is special about a connector stands in a test of its own.
"""

from __future__ import annotations

import ast
import json
import pickle
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from pydantic import ValidationError

from monitor.connector import Connector, MailRequest, Outcome, Page, RawMention, Request, Since
from monitor.errors import LookError, UsageError
from monitor.exam import (
    LOGIN_PAGE,
    Answer,
    AnyAnswer,
    Cases,
    Examined,
    Mails,
    Push,
    asked_first,
    content,
    read,
    refusal_of,
    without_bookmark,
)
from monitor.exchange import request_from_json
from monitor.models import Kind

FORBIDDEN_MODULES = {
    *(
        "httpx",
        "httpcore",
        "requests",
        "aiohttp",
        "urllib3",
        "urllib.request",
        "http.client",
        "socket",
        "ssl",
        "ftplib",
    ),
    *("sqlalchemy", "sqlite3", "smtplib", "imaplib", "subprocess", "threading", "asyncio", "time", "random", "os"),
    *("pathlib", "shutil", "tempfile", "logging", "pandas", "vaderSentiment"),
}
ALLOWED_OF_OURS = ("monitor.connector", "monitor.text")
ASKS_THE_TIME = {"now", "utcnow", "today"}
DOES_IO = {"open", "print", "input", "exec", "eval", "__import__"}


@pytest.fixture
def name(examined: Examined) -> str:
    return examined.name


@pytest.fixture
def kind(examined: Examined) -> type[Connector[Any]]:
    return examined.kind


@pytest.fixture
def cases(examined: Examined) -> Cases:
    return examined.cases


@pytest.fixture
def subject(examined: Examined) -> Connector[Any]:
    return examined.made()


@pytest.fixture
def code(examined: Examined) -> ast.Module:
    return ast.parse(examined.file.read_text(encoding="utf-8"))


def wanted(answer: AnyAnswer | str) -> AnyAnswer:
    """Return the answer, or skip with the sentence that says why the site has none."""
    if isinstance(answer, str):
        skip(answer)
    return answer


def skip(reason: str) -> NoReturn:
    assert reason.endswith("."), "a reason is a sentence"
    pytest.skip(reason)


@pytest.fixture
def site(subject: Connector[Any]) -> Connector[Any]:
    """Return a connector that asks a site: mailboxes have no status codes and no pages."""
    if subject.pushed_only:
        skip("It asks nobody: what is pushed has no status codes and no pages.")
    if isinstance(asked_first(subject), MailRequest):
        skip("What a mail server refuses is read by the door to mailboxes, which has tests of its own.")
    return subject


# --- the file ------------------------------------------------------------------------------------


def test_the_file_says_what_the_next_reader_cannot_see_in_the_code(code: ast.Module) -> None:
    docstring = ast.get_docstring(code) or ""

    assert docstring.split("\n")[0].endswith(".")
    assert len(docstring) > 100


def test_it_imports_nothing_that_does_io_or_asks_the_time(code: ast.Module) -> None:
    found = {
        module
        for module in imported(code)
        if module in FORBIDDEN_MODULES or module.partition(".")[0] in FORBIDDEN_MODULES
    }

    assert not found


def test_it_knows_the_contract_and_the_text_room_and_nobody_else_of_ours(code: ast.Module) -> None:
    ours = [module for module in imported(code) if module.partition(".")[0] in ("monitor", "connectors")]

    assert all(f"{module}.".startswith(tuple(f"{room}." for room in ALLOWED_OF_OURS)) for module in ours), ours


def test_it_calls_nothing_that_does_io_or_asks_the_time(code: ast.Module) -> None:
    calls = [node.func for node in ast.walk(code) if isinstance(node, ast.Call)]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}

    assert not names & DOES_IO
    assert not methods & ASKS_THE_TIME


def test_it_catches_no_error_broadly(code: ast.Module) -> None:
    handlers = [node for node in ast.walk(code) if isinstance(node, ast.ExceptHandler)]
    caught = {ast.unparse(handler.type) if handler.type else "everything" for handler in handlers}

    assert not caught & {"everything", "Exception", "BaseException", "MonitorError", "LookError"}


# --- the facts -----------------------------------------------------------------------------------


def test_the_facts_are_set(kind: type[Connector[Any]]) -> None:
    assert kind.sees.endswith(".")
    assert len(kind.sees) > 30
    assert kind.sees_answers in ("yes", "late", "no")
    assert kind.proven in ("recordings", "documentation", "server")
    assert kind.needs
    assert kind.ready_in
    assert kind.default_every >= kind.fastest >= timedelta(seconds=1)
    assert kind.limits.gap >= timedelta(0)
    assert kind.__doc__
    assert kind.Config.__doc__


def test_it_sees_the_late_ones(kind: type[Connector[Any]]) -> None:
    assert kind.overlap >= timedelta(hours=48) or "overlap" in vars(kind)
    assert kind.full_every is None or kind.full_every >= timedelta(hours=1)


# --- the options ---------------------------------------------------------------------------------


def test_an_option_nobody_knows_is_refused(kind: type[Connector[Any]], cases: Cases) -> None:
    with pytest.raises(ValidationError):
        kind.Config(**{**cases.options, "unheard_of": 1})


def test_options_that_cannot_be_are_refused(kind: type[Connector[Any]], cases: Cases) -> None:
    for options in cases.bad_options:
        with pytest.raises(ValidationError):
            kind.Config(**options)


def test_the_hash_of_the_options_is_the_same_at_every_start(kind: type[Connector[Any]], cases: Cases) -> None:
    assert kind.Config(**cases.options).options_hash() == kind.Config(**cases.options).options_hash()


def test_it_can_be_sent_to_the_parser_child(subject: Connector[Any]) -> None:
    config, brands = pickle.loads(pickle.dumps((subject.config, subject.brands)))

    assert (config, brands) == (subject.config, subject.brands)


# --- asking --------------------------------------------------------------------------------------


def test_a_walk_begins_with_requests_that_survive_a_restart(subject: Connector[Any]) -> None:
    requests = list(subject.start(Since()))

    assert bool(requests) != subject.pushed_only
    for request in requests:
        stored = json.loads(json.dumps(request.as_json()))
        assert request_from_json(stored) == request


def test_the_same_walk_asks_the_same(subject: Connector[Any]) -> None:
    since = Since(bookmark=None)

    assert list(subject.start(since)) == list(subject.start(since))


def test_requests_go_to_known_hosts_over_tls_or_where_the_options_say(subject: Connector[Any], cases: Cases) -> None:
    given = json.dumps(cases.options)

    for request in subject.start(Since()):
        if isinstance(request, MailRequest):
            continue
        scheme, _, rest = request.url.partition("://")
        host = rest.partition("/")[0]
        assert host in given or (scheme == "https" and host in type(subject).hosts)


def test_no_request_holds_a_secret(subject: Connector[Any], cases: Cases) -> None:
    requests = [*subject.start(Since()), *read(subject, cases.first).follow]

    for secret in cases.secrets:
        assert secret not in json.dumps([request.as_json() for request in requests])


def test_a_walk_goes_on_from_the_bookmark_of_the_last_one(subject: Connector[Any], cases: Cases) -> None:
    if subject.pushed_only:
        skip("There is no walk: things come when they are pushed.")
    bookmark = read(subject, cases.first).bookmark
    stored = json.loads(json.dumps(bookmark))

    again = next(iter(subject.start(Since(bookmark=stored))))

    assert isinstance(again, Request | MailRequest)
    assert not isinstance(again, Request) or ids(read(subject, cases.first, again)) == ids(read(subject, cases.first))


# --- reading -------------------------------------------------------------------------------------


def test_the_first_page_is_read(subject: Connector[Any], cases: Cases) -> None:
    page = read(subject, cases.first)

    assert len(page.mentions) >= 2
    assert not page.problems
    assert cases.first_ids is None or ids(page) == list(cases.first_ids)
    assert len(set(ids(page))) == len(page.mentions)


def test_every_mention_is_a_plain_value_with_its_place_in_time(subject: Connector[Any], cases: Cases) -> None:
    for mention in read(subject, cases.first).mentions:
        assert well_formed(mention)


def test_reading_is_pure(examined: Examined, subject: Connector[Any], cases: Cases) -> None:
    once, again = read(subject, cases.first), read(subject, cases.first)
    elsewhere = read(examined.made(), cases.first)

    assert once == again == elsewhere


def test_a_page_goes_through_the_door_of_the_parser_child(subject: Connector[Any], cases: Cases) -> None:
    page = read(subject, cases.first)

    assert pickle.loads(pickle.dumps(page)) == page


def test_the_next_page_has_what_the_first_has_not(subject: Connector[Any], cases: Cases) -> None:
    answer = wanted(cases.next)
    first = read(subject, cases.first)

    page = read(subject, answer, first.follow[0])

    assert first.follow
    assert set(ids(page)) - set(ids(first))


def test_an_empty_page_is_no_error(subject: Connector[Any], cases: Cases) -> None:
    page = read(subject, wanted(cases.empty))

    assert page.mentions == ()
    assert page.problems == ()


def test_one_broken_entry_hides_none_of_the_good_ones(subject: Connector[Any], cases: Cases) -> None:
    page = read(subject, wanted(cases.broken))

    assert set(ids(page)) == set(ids(read(subject, cases.first)))
    assert len(page.problems) == 1
    assert page.problems[0].what


def test_what_the_connector_does_not_know_changes_nothing(subject: Connector[Any], cases: Cases) -> None:
    assert without_bookmark(read(subject, wanted(cases.unknown))) == without_bookmark(read(subject, cases.first))


def test_a_site_that_changes_its_shape_is_an_error(subject: Connector[Any], cases: Cases) -> None:
    if isinstance(cases.drift, str):
        skip(cases.drift)
    assert cases.drift
    for answer in cases.drift:
        assert fails(subject, answer), answer


def test_an_edit_keeps_the_id(subject: Connector[Any], cases: Cases) -> None:
    before = read(subject, cases.first)

    after = read(subject, wanted(cases.edited))

    assert ids(after) == ids(before)
    assert content(after) != content(before)


def test_what_the_site_calls_deleted_is_gone(subject: Connector[Any], cases: Cases) -> None:
    page = read(subject, wanted(cases.gone))

    assert page.gone
    assert all(isinstance(external_id, str) for external_id in page.gone)


def test_our_own_accounts_are_known_by_id_or_name(name: str, subject: Connector[Any], cases: Cases) -> None:
    page = read(subject, wanted(cases.own))
    ours = {account for brand in cases.brands for account in brand.own_accounts.get(name, ())}

    assert any(
        mention.own or (mention.author and not ours.isdisjoint((mention.author.id, mention.author.name)))
        for mention in page.mentions
    )


def test_an_answer_of_ours_is_seen(name: str, subject: Connector[Any], cases: Cases) -> None:
    answer = wanted(cases.answered)
    ours = {account for brand in cases.brands for account in brand.own_accounts.get(name, ())}

    mentions = read(subject, answer).mentions

    assert subject.sees_answers != "no"
    assert any(
        mention.reply is not None
        or (mention.parent_id and (mention.own or (mention.author and mention.author.id in ours)))
        for mention in mentions
    )


# --- what is no answer ---------------------------------------------------------------------------


def test_refusals_are_read_by_what_they_mean(site: Connector[Any], cases: Cases) -> None:
    for status, outcome in cases.refusals.items():
        refusal = refusal_of(site, status)
        assert refusal is not None, status
        assert (status, refusal.outcome) == (status, outcome)
        assert refusal.why
        assert not any(secret in refusal.why for secret in cases.secrets)


def test_being_asked_to_wait_is_heard(site: Connector[Any]) -> None:
    refusal = refusal_of(site, 429, {"Retry-After": "120"})

    assert refusal is not None
    assert (refusal.outcome, refusal.wait) == (Outcome.THROTTLED, timedelta(seconds=120))


@pytest.mark.parametrize(
    "body", [b"", b"   \n", LOGIN_PAGE, b"null", b"true", b'"text"', b"[]", b"{}", b"\x00\xff\xfe"]
)
def test_what_is_no_answer_is_never_no_news(site: Connector[Any], cases: Cases, body: bytes) -> None:
    if isinstance(cases.empty, Answer) and cases.empty.bytes() == body:
        pytest.skip("This is how the site says that there is nothing.")
    content_type = "text/html" if body.lstrip().startswith(b"<") else "application/json"

    assert fails(site, Answer(body, content_type=content_type))


def test_half_an_answer_brings_no_mention_that_is_not_in_the_whole(subject: Connector[Any], cases: Cases) -> None:
    if isinstance(cases.first, Mails):
        skip("The door to mailboxes hands over whole messages, or the beginning of long ones.")
    if isinstance(cases.first, Push):
        skip("A push is signed as a whole: half of one is not believed.")
    whole = cases.first.bytes()
    half = Answer(whole[: len(whole) // 2], content_type=cases.first.content_type, to=cases.first.to)

    try:
        page = read(subject, half)
    except LookError:
        return

    assert len(page.mentions) <= len(read(subject, cases.first).mentions)
    assert page.repaired or page.problems


# --- what is pushed ------------------------------------------------------------------------------


def test_what_is_pushed_without_a_signature_is_not_believed(subject: Connector[Any]) -> None:
    if not subject.receives:
        skip("Nothing is pushed to it.")
    with pytest.raises(UsageError):
        subject.receive({}, b"{}")


# --- what the exam asks with ---------------------------------------------------------------------


def ids(page: Page) -> list[str]:
    return [mention.external_id for mention in page.mentions]


def fails(subject: Connector[Any], answer: AnyAnswer, tries: int = 3) -> bool:
    """Say whether an answer is an error, or one problem for each entry; other forms of the question are asked, too."""
    try:
        page = read(subject, answer)
    except (LookError, AssertionError):
        return True
    other = page.follow[0] if page.follow else None
    if not page.mentions and tries and isinstance(answer, Answer) and isinstance(other, Request):
        return fails(subject, Answer(answer.body, answer.status, answer.content_type, to=other), tries - 1)
    return bool(page.problems) and not page.mentions


def well_formed(mention: RawMention) -> bool:
    assert isinstance(mention.external_id, str)
    assert mention.external_id == mention.external_id.strip() != ""
    assert isinstance(mention.text, str)
    assert mention.title is None or isinstance(mention.title, str)
    assert isinstance(mention.kind, Kind)
    for moment in (mention.published_at, mention.updated_at):
        assert moment is None or moment.tzinfo is not None
    for url in (mention.url, mention.answer_url):
        assert url is None or url.startswith(("http://", "https://"))
    for named in (mention.thread_id, mention.parent_id, mention.same_as):
        assert named is None or isinstance(named, str)
    if mention.rating is not None:
        assert isinstance(mention.rating.value, float | int)
        assert mention.rating.stars is not None
    if mention.audience is not None:
        assert isinstance(mention.audience.size, int)
        assert mention.audience.kind
    return True


def imported(module: ast.Module) -> Iterator[str]:
    """Yield the modules a file imports, those inside functions too."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
