"""The demo's page in a real browser, with every trick in every field, and with tricks that came through the sites."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import html as parser

from monitor.demo.pages import Album
from monitor.demo.town import Said, Town
from monitor.demo.watch import Told, watching
from monitor.models import Reason
from monitor.notifier import Action, Message, Quote
from monitor.render import Picture, gallery
from tests.http.raw_server import RawServer, always, answer
from tests.render.hostile import ENDING, addresses, markup
from tests.render.test_browser import BROWSER, opened
from tests.render.test_hostile import PAGE_TAGS, elements_of, told_everywhere

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine to show the page with")

TAGS = PAGE_TAGS | {"h2"}


@pytest.fixture
def server():
    """A server that counts what is asked of it."""
    server = RawServer(always(answer(b"")))
    yield server
    server.close()


def assert_calm(page: str, server: RawServer) -> None:
    assert elements_of(page) <= TAGS
    assert "data-ran" not in parser.document_fromstring(page).attrib
    assert server.requests == []


def test_the_page_with_every_trick_in_every_field_stays_words(tmp_path, server):
    hit = server.at("127.0.0.1", "/hit")
    tricks = [*markup(hit).values(), *addresses(hit).values(), *ENDING.values()]
    everything = Message(
        id="x",
        subject=" ".join(tricks),
        headline=" · ".join(tricks),
        text="\n".join(tricks),
        quotes=tuple(Quote(f"{trick}{'x' * 700}", trick, trick, Action(trick, trick)) for trick in tricks),
        lines=tuple(tricks),
        actions=tuple(Action(trick, trick, trick) for trick in tricks),
        to=" ".join(tricks),
    )
    mails = [Picture(trick, told_everywhere(trick), as_mail=True) for trick in tricks]

    page = opened(gallery(" ".join(tricks), tricks, [Picture(" ".join(tricks), everything), *mails]), tmp_path)

    assert page.count("has rewritten this") >= len(tricks)
    assert_calm(page, server)


@pytest.mark.slow
def test_tricks_that_came_through_the_sites_stay_words_on_the_page(tmp_path, server):
    hit = server.at("127.0.0.1", "/hit")
    tricks = list(markup(hit).values())
    town, album = Town(), Album()
    with town.open(), watching(tmp_path / "monitor.toml", town.url) as watch:
        when = watch.now - timedelta(hours=1)
        watch.go_on("09:00")
        for number, trick in enumerate(tricks):
            town["town-guide"].show(Said(f"r{number}", trick[:60], when, trick, 1, answer=trick))
            town["app-store"].show(Said(f"9{number:04}", trick[:60], when, trick, 1, trick))
            town["bean-shop"].show(Said(f"b{number}", trick[:60], when, trick, 1))
            town["forum"].show(Said(str(number), trick[:60], when, f"Quay Coffee is bad. {trick}", title=trick))
        happened = watch.go_on("10:05")
        album.keep(watch, [Told(told.delivery, Reason.NEW, told.case_id) for told in happened.told])
        album.pictures += [Picture("one more", watch.message(told)) for told in happened.told]
        album.write(tmp_path / "cards.html")

    page = opened((tmp_path / "cards.html").read_text(encoding="utf-8"), tmp_path)

    assert "&lt;script&gt;" in page
    assert_calm(page, server)
