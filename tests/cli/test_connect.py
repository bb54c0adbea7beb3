"""`monitor connect`: what is asked for, where it is kept, and how it is proven, against a site with a real door."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from monitor import config
from monitor.store import open_store, sources
from tests.builders import NOON
from tests.cli.conftest import Ran, Run
from tests.terminal import Terminal
from tests.town import CONNECTORS, Answer, Site, review
from tests.town.sites import ConsentSite, Keys

SECRET = "made-up-s3cret-key"
ROOT = Path(__file__).resolve().parents[2]
Reply = str | Callable[[str], str]
"""What is typed: a line, or what makes one of all that was shown so far."""


@dataclass
class Person:
    """Somebody who answers through a pipe, and reads what is shown first."""

    capsys: pytest.CaptureFixture[str]
    answers: Iterator[Reply]
    shown: str = field(default="")

    def isatty(self) -> bool:
        return False

    def readline(self, _size: int = -1) -> str:
        self.shown += self.capsys.readouterr().out
        answer = next(self.answers, None)
        if answer is None:
            return ""
        return f"{answer if isinstance(answer, str) else answer(self.shown)}\n"


@dataclass
class Folder:
    """A folder with a configuration, and a made-up site beside it."""

    path: Path
    site: Site
    run: Run
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    @property
    def config(self) -> Path:
        return self.path / "monitor.toml"

    def writes(self, *tables: str) -> None:
        """Write a configuration with these tables."""
        head = f'[monitor]  # ours\nown_connectors = "{CONNECTORS}"\n\n[[channels]]\nname = "c"\nnotifier = "console"\n'
        self.config.write_text("\n".join([head, *tables]), encoding="utf-8")

    def source(self, name: str, connector: str, *lines: str) -> str:
        """Return the table of a source."""
        head = ["[[sources]]", f'name = "{name}"', f'connector = "{connector}"  # a comment', *lines]
        return "\n".join([*head, f'base_url = "{self.site.url}"', "allow_private = true  # the last", "", ""])

    def connect(self, name: str, *answers: Reply, options: tuple[str, ...] = ()) -> Ran:
        """Run it with answers through a pipe."""
        person = Person(self.capsys, iter(answers))
        self.monkeypatch.setattr(sys, "stdin", person)
        ran = self.run("connect", name, *options)
        return Ran(ran.code, person.shown + ran.out, ran.err)

    def token(self, holder: str) -> str | None:
        """Return the refresh token that is kept for an account."""
        with open_store(f"sqlite:///{self.path}/monitor.db", now=NOON) as store, store.read() as conn:
            found = sources.load_token(conn, holder)
        return found.refresh if found else None


@pytest.fixture
def folder(tmp_path, shop, run, capsys, monkeypatch):
    site = Site()
    yield Folder(tmp_path, site, run, capsys, monkeypatch)
    site.close()


@pytest.fixture
def keys(folder):
    made = Keys(folder.site)
    made.reviews = [review(1), review(2)]
    made.lets_in = lambda asked: asked.headers.get("authorization") == f"Bearer {SECRET}"
    return made


@pytest.fixture
def consent(folder):
    made = ConsentSite(folder.site)
    made.reviews = [review(1)]
    return made


def said(ran: Ran) -> str:
    """Return what was printed, however it was wrapped."""
    return " ".join(ran.out.split())


def address_in(shown: str) -> str:
    """Return the address that was to be opened."""
    return re.findall(r"^https://\S+$", shown, re.MULTILINE)[-1]


# --- secrets -------------------------------------------------------------------------------------


def test_a_missing_key_is_asked_for_kept_for_its_owner_only_and_proven(folder, keys):
    other = folder.source("other", "town_keys")
    folder.writes(folder.source("shop", "town_keys", 'way = "bearer"'), other, "# the end")
    before = folder.config.read_text()

    ran = folder.connect("shop", SECRET, "yes")

    assert (ran.code, ran.err) == (0, "")
    kept = folder.path / "secrets" / "shop-key"
    assert kept.read_text() == f"{SECRET}\n"
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    line = 'key = { file = "secrets/shop-key" }\n'
    assert f"\n{line}" in ran.out
    assert folder.config.read_text() == before.replace("# the last\n", f"# the last\n{line}", 1)
    assert "Keys (shop) is connected: it answers, 2 mentions on its first page" in said(ran)
    assert SECRET not in ran.all
    assert len(keys.read_requests) == 1


def test_sources_that_share_an_account_are_connected_once(folder, keys):
    account = '[[accounts]]\nname = "acme"\n'
    folder.writes(account, *(folder.source(name, "town_keys", 'account = "acme"') for name in ("one", "two")))

    first, second = folder.connect("one", SECRET, "yes"), folder.connect("two")

    assert (first.code, second.code) == (0, 0)
    assert "The account acme is connected once, for two as well." in said(first)
    assert '[[accounts]]\nname = "acme"\nkey = { file = "secrets/acme-key" }' in folder.config.read_text()
    assert "Keys (two) is connected" in said(second)


def test_without_leave_the_file_stays_and_the_line_is_told(folder, keys):
    folder.writes(folder.source("shop", "town_keys"))
    before = folder.config.read_text()

    ran = folder.connect("shop", SECRET, "no")
    again = folder.connect("shop", SECRET, "yes")

    assert ran.code == 0
    assert 'key = { file = "secrets/shop-key" }' in ran.out
    assert "until it stands there, it is not used" in said(ran)
    assert "is connected" in said(ran)
    assert folder.config.read_text() != before
    assert [path.name for path in (folder.path / "secrets").iterdir()] == ["shop-key"]
    assert again.code == 0


def test_a_variable_that_is_not_set_gives_way_to_a_file(folder, keys):
    folder.writes(folder.source("shop", "town_keys", 'key = { env = "NO_SUCH_KEY" }  # ask Ben'))

    ran = folder.connect("shop", SECRET, "yes")

    assert ran.code == 0
    assert 'key = { file = "secrets/shop-key" }  # ask Ben' in folder.config.read_text()
    assert "in place of the one there" in said(ran)


def test_a_file_that_is_named_and_not_there_is_written_where_it_is_named(folder, keys):
    folder.writes(folder.source("shop", "town_keys", 'key = { file = "secrets/mine" }'))
    before = folder.config.read_text()

    ran = folder.connect("shop", SECRET)

    assert ran.code == 0
    assert (folder.path / "secrets" / "mine").read_text() == f"{SECRET}\n"
    assert folder.config.read_text() == before


def test_a_key_that_is_no_longer_taken_is_asked_for_again(folder, keys):
    (folder.path / "old").write_text("an-old-key")
    folder.writes(folder.source("shop", "town_keys", 'key = { file = "old" }', "ends = 2026-12-01"))

    ran = folder.connect("shop", SECRET)

    assert ran.code == 0
    assert "It does not let me in: the site answered 401" in said(ran)
    assert (folder.path / "old").read_text() == f"{SECRET}\n"
    assert "monitor.toml says that the key ends on 2026-12-01: write the new day there." in said(ran)


def test_a_wrong_key_is_one_line_with_what_to_type(folder, keys):
    folder.writes(folder.source("shop", "town_keys"))

    ran = folder.connect("shop", "another-key", "yes")

    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("shop: the site answered 401: the access is not (or no longer) allowed. Look at what")
    assert ran.err.endswith("connect shop\n")


def test_a_site_that_does_not_answer_is_no_fault_of_the_key(folder, keys):
    folder.writes(folder.source("shop", "town_keys"))
    folder.site.routes["/keys"] = lambda asked: Answer(b"broken", 500)

    ran = folder.connect("shop", SECRET, "yes")

    assert (ran.code, ran.err) == (1, "shop: the site answered 500.\n")


def test_nonsense_is_asked_again_with_the_reason(folder, keys):
    folder.writes(folder.source("shop", "town_keys"))

    ran = folder.connect("shop", "", '"quoted"', "two words", "@no-such-file", SECRET, "perhaps", "yes")

    assert ran.code == 0
    for words in (
        "What you gave is empty.", "has quotes around it", "has spaces in it", "no-such-file cannot be read: no such",
        "yes or no?",
    ):  # fmt: skip
        assert words in said(ran)


def test_answers_that_end_too_early_say_what_is_kept(folder, keys):
    folder.writes(folder.source("shop", "town_keys"))

    nothing, something = folder.connect("shop"), folder.connect("shop", SECRET)

    assert (nothing.code, something.code) == (2, 2)
    assert nothing.err == "the answers ended before the last question; nothing was kept\n"
    assert something.err == "the answers ended before the last question; what you gave so far is kept\n"


def test_one_of_two_ways_in_is_asked_for_by_what_the_options_say(folder, keys):
    folder.writes(folder.source("shop", "town_either"))
    keys.lets_in = lambda asked: asked.headers.get("authorization", "").startswith("Basic ")

    ran = folder.connect("shop", "made-up-password", "", "yes", "ana", "yes")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("1 of 1") == 1
    assert "Give the `password` of your account, or a `key`." in said(ran)
    assert "A `password` needs the `user` it belongs to." in said(ran)
    assert (
        "key: instead of an account. Nothing of it is shown; @FILE takes it from a file. An empty line leaves"
        in said(ran)
    )
    assert "note" not in ran.out
    assert 'user = "ana"\n' in folder.config.read_text()
    assert 'password = { file = "secrets/shop-password" }\n' in folder.config.read_text()
    assert "shop is connected: it answers, and its first page shows nothing yet." in said(ran)


def test_who_gives_none_of_two_ways_in_is_told_so(folder, keys):
    folder.writes(folder.source("shop", "town_either"))

    ran = folder.connect("shop", "", "")

    assert ran.code == 2
    [line] = ran.err.splitlines()
    assert line.endswith('sources[0] "shop": give the `password` of your account, or a `key`')


def test_a_connector_that_needs_nothing_says_so_and_is_tried(folder):
    folder.site.shows("quay", review(1))
    folder.writes(folder.source("quay", "town_reviews", 'place = "quay"'))

    ran = folder.connect("quay")

    assert (ran.code, ran.err) == (0, "")
    assert "needs no account and no key: it answers, 1 mention on its first page" in said(ran)


def test_a_source_that_is_not_there_is_named_with_the_nearest(folder):
    folder.writes(folder.source("quay", "town_reviews", 'place = "quay"'))

    ran = folder.connect("quai")

    assert (ran.code, ran.err) == (2, "there is no source `quai`. Did you mean `quay`? Known: quay.\n")


def test_what_else_is_wrong_with_the_source_is_told_before_anything_is_asked(folder):
    folder.writes(folder.source("shop", "town_keys", "pagse = 3"))

    ran = folder.connect("shop")

    assert ran.code == 2
    [line] = ran.err.splitlines()
    assert "unknown key `pagse`. Did you mean `pages`?" in line


def test_check_says_how_a_missing_key_gets_there(folder):
    folder.writes(
        folder.source("shop", "town_keys", 'key = { env = "NO_SUCH_KEY" }'), folder.source("two", "town_keys")
    )

    ran = folder.run("check")

    assert ran.code == 2
    one, two = ran.err.splitlines()
    assert one.endswith("is not set where the monitor was started. To be asked for it: monitor connect shop")
    assert two.endswith("To be asked for it: monitor connect two")


def test_check_live_says_how_a_refused_key_is_mended(folder, keys):
    keys.lets_in = lambda asked: False
    folder.writes(folder.source("shop", "town_keys", 'key = { env = "SUPPORT_HOOK" }'))

    ran = folder.run("check", "--live")

    assert ran.code == 1
    assert re.search(r"no longer valid\. To mend: \S.* connect shop", said(ran))


# --- an access that is allowed in a browser ------------------------------------------------------


def client(folder: Folder, *more: str) -> str:
    """Return a source whose client is known and whose access is not there."""
    (folder.path / "client-secret").write_text(ConsentSite.SECRET)
    lines = (f'client_id = "{ConsentSite.CLIENT}"', 'client_secret = { file = "client-secret" }', *more)
    return folder.source("place", "town_consent", *lines)


def test_an_access_is_allowed_on_any_device_and_what_the_browser_shows_is_pasted_back(folder, consent):
    folder.writes(client(folder))
    seen = []

    def browse(shown: str) -> str:
        seen.append(address_in(shown))
        return consent.browse(seen[-1])

    ran = folder.connect("place", browse)

    assert (ran.code, ran.err) == (0, "")
    assert "1 of 3 Make a client at consent.town.example." in said(ran)
    assert "code_challenge_method=S256" in seen[0]
    assert "scope=reviews+answers" in seen[0]
    assert "access_type=offline" in seen[0]
    assert "Consent (place) is connected: it answers, 1 mention on its first page" in said(ran)
    assert folder.token("source:place") == "refresh-token-1"
    for secret in ("access-token", "refresh-token", ConsentSite.SECRET, "4/code"):
        assert secret not in ran.all


def test_everything_that_is_missing_is_asked_for_the_name_of_the_client_too(folder, consent):
    folder.writes(folder.source("place", "town_consent"))

    answers = (ConsentSite.CLIENT, ConsentSite.SECRET, "yes", lambda shown: consent.browse(address_in(shown)))
    ran = folder.connect("place", *answers)

    assert (ran.code, ran.err) == (0, "")
    settings = config.load(folder.config, {})
    assert settings.sources[0].options.client_id == ConsentSite.CLIENT
    assert "client_secret: of the same client" in said(ran)


def test_the_code_alone_is_taken_as_it_is_shown(folder, consent):
    folder.writes(client(folder))

    def code(shown: str) -> str:
        consent.browse(address_in(shown))
        return "4%2Fcode-1"

    assert folder.connect("place", code).code == 0


def test_what_belongs_to_another_try_is_refused_and_asked_again(folder, consent):
    folder.writes(client(folder))

    def another(shown: str) -> str:
        return consent.browse(address_in(shown)).replace("state=", "state=x")

    def itself(shown: str) -> str:
        return address_in(shown)

    ran = folder.connect("place", another, itself, "", lambda shown: consent.browse(address_in(shown)))

    assert ran.code == 0
    assert "That address does not belong to this try" in said(ran)
    assert "There is no code in that address" in said(ran)
    assert "Paste the whole address at which the browser ended" in said(ran)
    assert len(consent.token_requests) == 1


def test_an_access_that_is_not_allowed_is_said_and_asked_again(folder, consent):
    folder.writes(client(folder))
    consent.allows = False

    def change_of_mind(shown: str) -> str:
        consent.allows = True
        return consent.browse(address_in(shown))

    ran = folder.connect("place", lambda shown: consent.browse(address_in(shown)), change_of_mind)

    assert ran.code == 0
    assert "The site did not allow it (access_denied)" in said(ran)


def test_a_code_that_the_site_refuses_is_one_line(folder, consent):
    folder.writes(client(folder))

    ran = folder.connect("place", "4/some-other-code")

    assert ran.code == 2
    assert ran.err.startswith(
        "the site did not take the code (invalid_grant): one works once and for some minutes only"
    )
    assert len(ran.err.splitlines()) == 1
    assert folder.token("source:place") is None


def test_an_access_that_works_is_left_alone_and_one_that_was_revoked_is_allowed_anew(folder, consent):
    folder.writes(client(folder))
    browse = (lambda shown: consent.browse(address_in(shown)),)
    folder.connect("place", *browse)

    works = folder.connect("place")
    consent.revoke()
    mended = folder.connect("place", *browse)

    assert (works.code, mended.code) == (0, 0)
    assert "https://" not in works.out
    assert "It does not let me in: the site no longer accepts this access." in said(mended)
    assert folder.token("source:place") != "refresh-token-1"


def test_again_asks_although_it_works(folder, consent):
    folder.writes(client(folder))
    browse = (lambda shown: consent.browse(address_in(shown)),)
    folder.connect("place", *browse)

    ran = folder.connect("place", "", *browse, options=("--again",))

    assert ran.code == 0
    assert "An empty line keeps the one that is there." in said(ran)
    assert folder.token("source:place") == "refresh-token-2"
    assert (folder.path / "client-secret").read_text() == ConsentSite.SECRET


def test_an_access_that_cannot_be_renewed_names_its_end(folder, consent):
    folder.writes(client(folder))
    consent.gives_refresh = False

    ran = folder.connect("place", lambda shown: consent.browse(address_in(shown)))

    assert ran.code == 0
    assert "The site gave no way to renew it: it ends on 20" in said(ran)


# --- in a terminal -------------------------------------------------------------------------------


def test_a_key_file_that_is_pasted_in_a_terminal_is_never_shown(folder):
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    Keys(folder.site).reviews = [review(1)]
    folder.writes(folder.source("shop", "town_keys", 'way = "es256"'))
    command = (sys.executable, "-m", "monitor", "connect", "shop")

    with Terminal(command, folder=folder.path, env={"PYTHONPATH": str(ROOT), "TERM": "dumb"}) as terminal:
        terminal.wait_for("> ")
        terminal.type(key.decode())
        terminal.wait_for("Shall I write that there?")
        terminal.type("yes\n")
        terminal.wait_for("is connected")
        code = terminal.end()

    assert code == 0
    assert "PRIVATE" not in terminal.raw
    assert key.decode().splitlines()[1] not in terminal.raw
    assert (folder.path / "secrets" / "shop-key").read_bytes() == key
