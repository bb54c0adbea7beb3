"""Every recorded answer of Bluesky, read by its connector: one of the live network, the others of its own software."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.connector import Audience, Brand, Connector, Kind, Outcome, Request
from monitor.errors import RefusedError
from monitor.text import parse_when
from tests.builders import NOON
from tests.connectors.cases.bluesky import CASES, XRPC
from tests.connectors.kit import Answer, class_of, read, response_to
from tests.connectors.recordings import name_of, recordings, why_absent

BREWHAUS, BOB = "did:plc:2pstf72lcl2i2dewxxxijpdd", "did:plc:sj6msujlvchcbep3tuahj5ko"
ASKED = f"at://{BOB}/app.bsky.feed.post/3n2ugfopfi222"


@pytest.fixture(autouse=True)
def _recording_is_there(recording: Path) -> None:
    if why := why_absent(recording):
        pytest.skip(why)


@pytest.fixture
def brewhaus() -> Connector[Any]:
    kind = class_of("bluesky")
    brand = Brand("brewhaus", ("brewhaus",), own_accounts={"bluesky": (BREWHAUS,)})
    return kind(kind.Config(**CASES.options), (brand,))


def answer(recording: Path) -> Answer:
    """Return what was recorded, as the site answered it."""
    kept = json.loads(recording.read_text())
    return Answer(kept["body"], kept["status"], headers=kept["headers"])


def asked(call: str, **context: Any) -> Request:
    return Request(f"{XRPC}/{call}", context=context)


@pytest.mark.parametrize("recording", recordings("bluesky", "local_network/searchPosts_page1*"), ids=name_of)
def test_recorded_finds_are_read_with_words_times_and_links(recording: Path, brewhaus: Connector[Any]) -> None:
    page = read(brewhaus, answer(recording))
    posts = json.loads(recording.read_text())["body"]["posts"]

    assert page.problems == ()
    assert [mention.external_id for mention in page.mentions] == [post["uri"] for post in posts]
    assert [mention.published_at for mention in page.mentions] == [parse_when(post["indexedAt"]) for post in posts]
    said, advertised = page.mentions
    assert (said.text, said.kind, said.thread_id) == ("still no answer by mail @ brewhaus", Kind.COMMENT, ASKED)
    assert advertised.text == "brewhaus gift cards 50% off click here\nhttps://spam.example/x"
    assert advertised.url == "https://bsky.app/profile/kim.test/post/3n2ugfoznm222"
    assert advertised.audience == Audience(0, "likes")
    [following] = page.follow
    assert isinstance(following, Request)
    assert following.params["cursor"].startswith("1795309605722__")


@pytest.mark.parametrize("recording", recordings("bluesky", "local_network/searchPosts_empty*"), ids=name_of)
def test_a_recorded_search_without_finds_is_empty(recording: Path, brewhaus: Connector[Any]) -> None:
    page = read(brewhaus, answer(recording))

    assert (page.mentions, page.follow, page.problems) == ((), (), ())


@pytest.mark.parametrize("recording", recordings("bluesky", "local_network/listNotifications*"), ids=name_of)
def test_recorded_notifications_are_read_as_posts(recording: Path, brewhaus: Connector[Any]) -> None:
    page = read(brewhaus, answer(recording), asked("app.bsky.notification.listNotifications", list="notifications"))

    assert page.problems == ()
    assert [mention.text[:13] for mention in page.mentions] == ["still no answ", "☕️ Brewhaus ca"[:13]]
    assert page.mentions[0].parent_id == f"at://{BREWHAUS}/app.bsky.feed.post/3n2ugfpbdp222"
    assert len(page.follow) == 1


@pytest.mark.parametrize("recording", recordings("bluesky", "local_network/getPosts_after*"), ids=name_of)
def test_a_recorded_look_up_lacks_the_deleted_post_and_leads_to_the_answers(
    recording: Path, brewhaus: Connector[Any]
) -> None:
    deleted = "at://did:plc:ko36q6qnb32lryfoobycvpy4/app.bsky.feed.post/3n2ugfowe5222"

    page = read(brewhaus, answer(recording), asked("app.bsky.feed.getPosts", list="posts", these=[ASKED, deleted]))

    [mention] = page.mentions
    assert mention.text == "☕️ Brewhaus café on Main St: 40 minutes for a cold latte. Never again @brewhaus.test"
    assert (mention.language, mention.audience) == ("en", Audience(1, "likes"))
    follow: list[Any] = list(page.follow)
    assert [request.params["uri"] for request in follow] == [ASKED, deleted]


@pytest.mark.parametrize("recording", recordings("bluesky", "local_network/getPostThread_with*"), ids=name_of)
def test_the_recorded_answer_of_the_brand_is_found_among_others(recording: Path, brewhaus: Connector[Any]) -> None:
    [ours] = read(brewhaus, answer(recording), asked("app.bsky.feed.getPostThread", thread=ASKED)).mentions

    assert ours.author is not None
    assert (ours.author.id, ours.parent_id) == (BREWHAUS, ASKED)
    assert ours.text == "Sorry about that, could you send us the time of your visit?"


@pytest.mark.parametrize("recording", recordings("bluesky", "local_network/getPostThread_deleted*"), ids=name_of)
def test_a_recorded_not_found_is_a_deletion(recording: Path, brewhaus: Connector[Any]) -> None:
    assert read(brewhaus, answer(recording), asked("app.bsky.feed.getPostThread", thread=ASKED)).gone == (ASKED,)


@pytest.mark.parametrize("recording", recordings("bluesky", "thread_view*"), ids=name_of)
def test_a_thread_of_the_live_network_reads_as_a_post_that_quotes_another(
    recording: Path, brewhaus: Connector[Any]
) -> None:
    post = json.loads(recording.read_text())["thread"]["post"]

    [mention] = read(brewhaus, Answer({"posts": [post]})).mentions

    assert (mention.text, mention.kind) == ("", Kind.POST)
    assert mention.parent_id == f"at://{post['author']['did']}/app.bsky.feed.post/3kahesw26il2z"
    assert mention.url == "https://bsky.app/profile/test.marshal.dev/post/3kaheyt6vpc22"


OUTCOMES = {
    "expired_or_bad_token.json": Outcome.RECONNECT,
    "searchPosts_missing_q.json": Outcome.FAILED,
    "searchPosts_no_auth_on_pds.json": Outcome.RECONNECT,
    "searchPostsV2.json": Outcome.FAILED,
}


def refusals() -> list[Path]:
    """Return the recordings of refused questions, or what stands for them where there are no recordings."""
    return [path for path in recordings("bluesky", "local_network/*") if path.name in OUTCOMES or why_absent(path)]


@pytest.mark.parametrize("recording", refusals(), ids=name_of)
def test_recorded_refusals_are_read_by_their_names(recording: Path, brewhaus: Connector[Any]) -> None:
    refusal = brewhaus.refused(response_to(asked("app.bsky.feed.searchPosts", list="posts"), answer(recording)))

    assert refusal is not None
    assert refusal.outcome == OUTCOMES[recording.name]


@pytest.mark.parametrize("recording", recordings("bluesky", "local_network/createSession*"), ids=name_of)
def test_recorded_logins_give_a_session_or_say_why_not(recording: Path, brewhaus: Connector[Any]) -> None:
    auth: Any = brewhaus.auth()
    response = response_to(auth.renew(None, NOON).request, answer(recording))

    if recording.name == "createSession.json":
        assert auth.read(response, NOON).expires_at == NOON + timedelta(hours=1)
        return
    with pytest.raises(RefusedError) as refused:
        auth.read(response, NOON)
    assert refused.value.code == ("throttled" if "429" in recording.name else "reconnect")
