"""A real browser over the mail and the pages: no element, no request, no script of a stranger's comes to life."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import html as parser

from monitor.models import Reason
from monitor.notifier import Action, Message, Quote
from monitor.render import card_html, mail_page, message
from monitor.render.templates import BODY
from tests.http.raw_server import RawServer, always, answer
from tests.render.hostile import ENDING, addresses, markup
from tests.render.scenes import a_scene, a_told
from tests.render.test_hostile import PAGE_TAGS, elements_of, told_everywhere

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine to show the pages with")

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage", "--virtual-time-budget=1500", "--dump-dom",
]  # fmt: skip


@pytest.fixture
def server():
    """A server that counts what is asked of it."""
    server = RawServer(always(answer(b"")))
    yield server
    server.close()


def opened(page: str, folder: Path) -> str:
    """Return the page as the browser has it after everything in it had its time."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [BROWSER, *FLAGS, f"--user-data-dir={folder / 'profile'}", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def assert_calm(page: str, server: RawServer) -> None:
    assert elements_of(page) <= PAGE_TAGS
    assert "data-ran" not in parser.document_fromstring(page).attrib
    assert server.requests == []


def test_a_mail_with_every_trick_in_every_field_stays_words(tmp_path, server):
    hit = server.at("127.0.0.1", "/hit")
    tricks = [*markup(hit).values(), *addresses(hit).values(), *ENDING.values()]
    bodies = [told_everywhere(trick).html.split(BODY)[1] for trick in tricks]

    # Without the pages' own policy, as a mail program might show it: the words alone must hold.
    page = opened(
        f"<!doctype html><html><head><title>mail</title></head><body>{''.join(bodies)}</body></html>", tmp_path
    )

    assert page.count("has rewritten this") >= len(tricks)
    assert_calm(page, server)


@pytest.mark.parametrize("show", [card_html, mail_page])
def test_a_page_with_every_trick_in_every_field_stays_words(tmp_path, server, show):
    hit = server.at("127.0.0.1", "/hit")
    tricks = [*markup(hit).values(), *addresses(hit).values(), *ENDING.values()]
    everything = Message(
        id="x",
        subject=" ".join(tricks),
        headline=" ".join(tricks),
        text="\n".join(tricks),
        quotes=tuple(Quote(f"{trick}{'x' * 700}", trick, trick, Action(trick, trick)) for trick in tricks),
        lines=tuple(tricks),
        actions=tuple(Action(trick, trick, trick) for trick in tricks),
        to=" ".join(tricks),
    )

    page = opened(show(everything), tmp_path)

    assert_calm(page, server)


def test_a_mail_page_is_shown_whole(tmp_path, server):
    told = message(a_scene(Reason.NEW, a_told()))

    page = opened(mail_page(told), tmp_path)

    words = parser.document_fromstring(page).text_content()
    assert "Waited 40 minutes for two coffees" in words
    assert "Once Google shows your answer I stop by myself." in words
    assert_calm(page, server)
