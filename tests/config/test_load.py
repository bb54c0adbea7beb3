"""From a file to settings: what is read, and what is told when something is wrong."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.config import load
from monitor.config.schema import LISTS
from monitor.errors import ConfigError
from monitor.models import Brand, DigestTimes, Hours, Person, Retention, Rule, Severity, Span, Target, Team
from tests.config.conftest import BASE, Town

WHOLE = """
[monitor]
database = "sqlite:///data/monitor.db"
timezone = "Europe/London"
contact = "ops@example.org"
operator = ["paper"]
heartbeat_url = { env = "HEARTBEAT_URL" }
own_connectors = "sites"
digest = { at = "07:30", weekly = "tue 08:00", report = "2nd 09:30", when_empty = true }
targets = { critical = "30 min", high = "4 working hours", normal = "next working day" }
retention = { text = "12 months", raw = "7d", sent = "30d" }

[hours.shop]
open = { mon-sat = ["08:00-20:00"], sun = ["09:00-18:00"] }
holidays = "DE-BE"
timezone = "Europe/Berlin"

[[people]]
name = "ana"
mail = "ana@example.org"
slack = "U012ABC"
phone_webhook = { env = "ANA_PHONE" }
away = "2026-12-20..2027-01-03"
stand_in = "ben"

[[people]]
name = "ben"

[[teams]]
name = "front"
people = ["ana", "ben"]
manager = "ben"
hours = "shop"
quiet = "22:00-07:00"
may_wake = true
channels = ["bell"]

[[brands]]
name = "acme"
terms = ["Acme Coffee", "@acmecoffee"]
exclude = ["acme corporation"]
own_accounts = { town_talk = ["12345"] }

[[brands]]
name = "other"
terms = "Other"

[[accounts]]
name = "talk-acme"
token = { env = "TALK_TOKEN" }
user = "acme"
daily_budget = "1 USD"

[[sources]]
name = "app-us"
connector = "town_shop"
app_id = "1459969523"
countries = ["us"]
every = "2h"
brand = "acme"
team = "front"
base_url = "http://127.0.0.1:8000/shop"
allow_private = true

[[sources]]
name = "talk"
connector = "town_talk"
account = "talk-acme"
brands = ["acme", "other"]

[[channels]]
name = "paper"
notifier = "paper"

[[channels]]
name = "bell"
notifier = "bell"
rope = { env = "ROPE" }
instead = "paper"
max_per_day = 5

[[rules]]
name = "danger"
when = "any"
severity = "critical"
sources = "app-us"
brands = ["acme"]
subjects = ["Quay Street"]
topics = ["waiting"]
languages = ["EN"]
rating_at_most = 2
contains = ["refund|money back"]
team = "front"
stop = true

[[rules]]
name = "bad reviews"
channels = ["paper"]
"""
ENV = {
    "HEARTBEAT_URL": "https://beat.example/abc?x=1",
    "ANA_PHONE": "https://phone.example/ana",
    "TALK_TOKEN": "tt-token-of-acme",
    "ROPE": "rope-secret",
}


def test_every_setting_arrives(town: Town) -> None:
    settings = town.load(WHOLE, ENV, base="")

    assert settings.path == town.path
    assert settings.database == f"sqlite:///{town.folder}/data/monitor.db"
    assert settings.zone == "Europe/London"
    assert settings.contact == "ops@example.org"
    assert settings.operator == ("paper",)
    assert settings.heartbeat_url == SecretStr("https://beat.example/abc?x=1")
    assert settings.own_connectors == town.folder / "sites"
    assert settings.digest == DigestTimes(time(7, 30), (1, time(8)), (2, time(9, 30)), True)
    assert settings.retention == Retention(timedelta(days=366), timedelta(days=7), timedelta(days=30))
    assert settings.targets == {
        Severity.CRITICAL: Target(timedelta(minutes=30)),
        Severity.HIGH: Target(timedelta(hours=4), working=True),
        Severity.NORMAL: Target(timedelta(), next_working_day=True),
        Severity.LOW: Target(timedelta(), next_working_day=True),
    }
    week = ((Span(time(8), time(20)),),) * 6 + ((Span(time(9), time(18)),),)
    assert settings.hours["shop"] == Hours("shop", "Europe/Berlin", week, "DE-BE")
    away = ((date(2026, 12, 20), date(2027, 1, 3)),)
    phone = "https://phone.example/ana"
    assert settings.people["ana"] == Person("ana", "ana@example.org", "U012ABC", phone, away, "ben")
    quiet = Span(time(22), time(7))
    assert settings.teams == {"front": Team("front", ("ana", "ben"), "ben", "shop", quiet, True, ("bell",))}
    acme = Brand("acme", ("Acme Coffee", "@acmecoffee"), ("acme corporation",), {"town_talk": ("12345",)})
    assert settings.brands == (acme, Brand("other", ("Other",)))
    assert settings.warnings == ()


def test_sources_arrive_ready_to_build(town: Town) -> None:
    settings = town.load(WHOLE, ENV, base="")

    shop, talk = settings.sources
    assert (shop.name, shop.connector, shop.every, shop.team) == ("app-us", "town_shop", timedelta(hours=2), "front")
    assert (shop.base_url, shop.allow_private) == ("http://127.0.0.1:8000/shop", True)
    assert shop.options.model_dump() == {"app_id": "1459969523", "countries": ["us"]}
    assert [brand.name for brand in shop.brands] == ["acme"]
    assert [brand.name for brand in talk.brands] == ["acme", "other"]
    connector = talk.build()
    assert type(connector).__name__ == "TownTalk"
    assert connector.config is talk.options
    assert connector.brands == talk.brands


def test_channels_and_rules_arrive(town: Town) -> None:
    settings = town.load(WHOLE, ENV, base="")

    paper, bell = settings.channels
    assert (paper.instead, paper.max_per_day) == (None, 12)
    assert (bell.instead, bell.max_per_day, bell.build().describe()) == ("paper", 5, "the bell in the tower")
    danger = Rule(
        "danger",
        channels=("bell",),
        when="any",
        team="front",
        severity=Severity.CRITICAL,
        sources=("app-us",),
        brands=("acme",),
        subjects=("Quay Street",),
        topics=("waiting",),
        languages=("en",),
        rating_at_most=2.0,
        contains=("refund|money back",),
        stop=True,
    )
    assert settings.rules == (danger, Rule("bad reviews", ("paper",)))


def test_an_account_fills_the_keys_that_its_connector_knows(town: Town) -> None:
    settings = town.load(WHOLE, ENV, base="")

    account = settings.accounts["talk-acme"]
    assert account.secrets == {"token": SecretStr("tt-token-of-acme")}
    assert account.options == {"user": "acme"}
    assert (account.daily_budget, account.currency) == (1_000_000, "USD")
    assert settings.sources[1].options.model_dump(include={"user", "token"}) == {
        "user": "acme",
        "token": SecretStr("tt-token-of-acme"),
    }


def test_a_source_may_say_otherwise_than_its_account(town: Town) -> None:
    text = WHOLE.replace('account = "talk-acme"', 'account = "talk-acme"\nuser = "press"')

    settings = town.load(text, ENV, base="")

    assert settings.sources[1].options.model_dump(include={"user"}) == {"user": "press"}


def test_a_small_file_has_the_defaults_a_person_would_want(town: Town) -> None:
    settings = town.load('[[channels]]\nname = "support"\nnotifier = "paper"\n', base="")

    assert settings.database == f"sqlite:///{town.folder}/monitor.db"
    assert (settings.zone, settings.contact, settings.heartbeat_url, settings.own_connectors) == (
        "UTC",
        None,
        None,
        None,
    )
    assert settings.operator == ("support",)
    assert settings.digest == DigestTimes()
    assert settings.retention == Retention()
    assert settings.targets[Severity.HIGH] == Target(timedelta(hours=4), working=True)
    assert settings.rules == (Rule("bad reviews", ("support",), when="bad"),)
    assert settings.scorer == "reviews"
    assert set(settings.hours) == {"shop", "office"}
    assert settings.hours["office"].week[4] == (Span(time(9), time(18)),)
    assert settings.hours["office"].week[5] == ()


def test_a_team_has_office_hours_and_quiet_nights_unless_it_says_otherwise(town: Town) -> None:
    people = '[[people]]\nname = "ana"\n[[teams]]\nname = "front"\npeople = "ana"\n'

    usual = town.load(people).teams["front"]
    awake = town.load(people + 'quiet = "none"\n').teams["front"]

    assert (usual.hours, usual.quiet, usual.may_wake) == ("office", Span(time(21), time(8)), False)
    assert awake.quiet is None


def test_a_rule_for_a_team_without_channels_goes_to_all(town: Town) -> None:
    text = """
        [[people]]
        name = "ana"
        [[teams]]
        name = "front"
        people = ["ana"]
        [[rules]]
        name = "all"
        team = "front"
    """

    assert town.load(text).rules == (Rule("all", ("paper",), team="front"),)


def test_a_source_without_a_brand_watches_for_all(town: Town) -> None:
    text = WHOLE.replace('brands = ["acme", "other"]\n', "")

    assert [brand.name for brand in town.load(text, ENV, base="").sources[1].brands] == ["acme", "other"]


def test_settings_cannot_be_changed(town: Town) -> None:
    settings = town.load("")

    with pytest.raises(AttributeError):
        settings.zone = "UTC"  # type: ignore[misc]  # that is what is tried


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        (('app_id = "1459969523"', 'app_id = "1"'), True),
        (('every = "2h"', 'every = "3h"'), False),
        (("http://127.0.0.1:8000/shop", "http://127.0.0.1:9000/shop"), False),
        (('brand = "acme"', 'brand = "other"'), False),
    ],
)
def test_a_source_starts_anew_when_its_options_change(town: Town, change: tuple[str, str], anew: bool) -> None:
    before = town.load(WHOLE, ENV, base="").sources[0].options_hash

    after = town.load(WHOLE.replace(*change), ENV, base="").sources[0].options_hash

    assert (before != after) is anew


@pytest.mark.parametrize(
    ("change", "anew"),
    [(('"@acmecoffee"', '"@acme_coffee"'), True), (('"acme corporation"', '"acme corp"'), False), (("", ""), False)],
)
def test_a_searched_site_starts_anew_when_the_words_change(town: Town, change: tuple[str, str], anew: bool) -> None:
    before = town.load(WHOLE, ENV, base="").sources[1].options_hash
    changed_secret = {**ENV, "TALK_TOKEN": "tt-another-token"}

    after = town.load(WHOLE.replace(*change), changed_secret, base="").sources[1].options_hash

    assert (before != after) is anew


# --- what is wrong -------------------------------------------------------------------------------

SHOP = '[[sources]]\nname = "shop-us"\nconnector = "town_shop"\n'
TALK = '[[brands]]\nname = "acme"\nterms = "Acme"\n[[sources]]\nname = "talk"\nconnector = "town_talk"\n'


def wrong_files() -> list[tuple[str, list[str]]]:
    """Return the files of wrong.txt, each with what must be said about it."""
    blocks: list[tuple[str, list[str]]] = []
    lines: list[str] = []
    for line in (Path(__file__).parent / "wrong.txt").read_text().split("\n"):
        if line.startswith("=> ") and lines:
            blocks.append(("\n".join(lines).strip("\n"), []))
            lines = []
        if line.startswith("=> "):
            blocks[-1][1].append(line.removeprefix("=> "))
        else:
            lines.append(line)
    return blocks


@pytest.mark.parametrize(
    ("text", "told"), wrong_files(), ids=lambda value: value[0][:60] if isinstance(value, list) else ""
)
def test_what_is_wrong_is_told_with_line_and_name(town: Town, text: str, told: list[str]) -> None:
    # What makes the rest of the file right stands below it, so that lines count from the block's first.
    house = "" if "[monitor]" in text else BASE.split("[[channels]]")[0]
    end = f'{house}[[channels]]\nname = "paper"\nnotifier = "paper"\n'

    problems = town.problems(f"{text}\n\n{end}", {"TOKEN": "tt-token"}, base="")

    assert [without_long_list(problem) for problem in problems] == [f"monitor.toml:{line}" for line in told]


def without_long_list(problem: str) -> str:
    """Leave out the names of plug-ins, which become more."""
    before, known, after = problem.partition("Known: ")
    return f"{before}{known}…" if "broken_one" in after or "bell" in after else problem


def test_a_file_without_a_channel_is_refused(town: Town) -> None:
    assert town.problems('[monitor]\ntimezone = "UTC"\n', base="") == [
        "monitor.toml: there is no channel, so nobody would be told. Write one [[channels]] at least"
    ]


def test_two_brackets_are_asked_for_once(town: Town) -> None:
    problems = town.problems('[channels]\nname = "p"\nnotifier = "paper"\n', base="")

    assert problems == ["monitor.toml:1: there may be several channels: write [[channels]], two brackets"]


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file(town: Town) -> None:
    text = """
        [monitor]
        timezone = "CEST"
        contct = "x"
        operator = ["suport"]

        [[rules]]
        name = "r"
        when = "bda"
        channels = ["suport"]

        [[teams]]
        name = "front"
        people = ["ana"]
        quiet = "late"

        [[sources]]
        name = "a"
        connector = "nothing_like_it"
        evry = "2h"
        team = "fromt"
        base_url = "http://localhost"
        every = "5"

        [[channels]]
        name = "support"
        notifier = "bell"
        rope = "plain-text"
        instead = "suport"
        colour = "red"
    """

    problems = town.problems(text, base="")

    lines = [int(problem.split(":")[1]) for problem in problems]
    assert lines == [3, 4, 5, 9, 10, 14, 15, 19, 21, 22, 23, 28, 29, 30]
    assert problems[-1].endswith("unknown key `colour`. Known: rope, place, helpers.")


def test_a_broken_connector_is_told_once_and_hides_nothing(town: Town) -> None:
    text = """
        [[sources]]
        name = "a"
        connector = "broken_one"
        [[sources]]
        name = "b"
        connector = "broken_one"
        [[sources]]
        name = "c"
        connector = "town_shop"
        colour = "red"
        app_id = "1"
    """

    problems = town.problems(text)

    file = town.folder / "sites" / "broken_one.py"
    why = f"cannot be loaded: {file}:3: NameError: name 'unknown_name' is not defined"
    assert problems == [
        f'monitor.toml:13: sources[0] "a": connector `broken_one` {why}',
        'monitor.toml:20: sources[2] "c": unknown key `colour`. Known: app_id, countries.',
    ]


def test_a_key_of_an_account_that_no_source_knows_is_told(town: Town) -> None:
    text = (
        """
        [[accounts]]
        name = "talk-acme"
        tokn = { env = "T" }
    """
        + TALK.replace("\n", "\n        ")
        + 'account = "talk-acme"'
    )

    problems = town.problems(text, {"T": "tt-token"})

    hint = "Did you mean `token`? Known: limit, order, pages, token, user."
    known, asked = "user, token, order, pages, limit", "monitor connect talk"
    assert problems == [
        f'monitor.toml:13: accounts[0] "talk-acme": unknown key `tokn`. {hint}',
        f'monitor.toml:17: sources[0] "talk": `token` is missing. Known: {known}. To be asked for it: {asked}',
    ]


def test_a_wrong_secret_of_an_account_is_told_once_where_it_stands(town: Town) -> None:
    sources = "".join(f'[[sources]]\nname = "talk-{n}"\nconnector = "town_talk"\naccount = "a"\n' for n in range(5))
    text = '[[brands]]\nname = "acme"\nterms = "Acme"\n[[accounts]]\nname = "a"\ntoken = {token}\n' + sources

    unset = town.problems(text.replace("{token}", '{ env = "T" }'))
    plain = town.problems(text.replace("{token}", '"tt-plain-text"'))
    wrong = town.problems(text.replace("{token}", '{ env = "T" }'), {"T": "wrong-token"})

    where = 'monitor.toml:15: accounts[0] "a": `token`'
    asked = "To be asked for it: monitor connect talk-0"
    assert unset == [f"{where}: the variable T is not set where the monitor was started. {asked}"]
    ways = 'token = { env = "A_TOKEN" } or token = { file = "secrets/a_token" }'
    assert plain == [
        f"{where} is a secret and stands here in plain text. Put it into a variable or a file and write {ways}"
    ]
    assert wrong == [f"{where}: *** is no token of Town Talk: one begins with tt-"]


def test_a_long_list_of_names_is_not_repeated_whole(town: Town) -> None:
    channels = "".join(f'[[channels]]\nname = "channel-{n}"\nnotifier = "paper"\n' for n in range(30))

    [problem] = town.problems(channels + '[[rules]]\nname = "x"\nchannels = ["chanel-7"]\n')

    shown = ", ".join(f"channel-{n}" for n in range(11))
    assert problem.endswith(f"`chanel-7`. Did you mean `channel-7`? Known: paper, {shown} and 19 more.")


@pytest.mark.parametrize(
    "value", ["1", "true", '"x"', "[1]", "[[1]]", "{ a = 1 }", "[{ name = [] }]", "[{ name = {} }]"]
)
@pytest.mark.parametrize("table", ["monitor", "hours", *LISTS])
def test_any_kind_of_value_for_any_table_is_told_and_never_breaks(town: Town, table: str, value: str) -> None:
    town.path.write_text(f"{table} = {value}\n")

    with pytest.raises(ConfigError) as refused:
        load(town.path, {})

    assert all(problem.where.startswith("monitor.toml") for problem in refused.value.problems)


@pytest.mark.parametrize(
    "key", ["name", "connector", "every", "brand", "brands", "account", "team", "base_url", "app_id"]
)
@pytest.mark.parametrize("value", ["1", "true", "[1]", "{ a = 1 }", "1979-05-27", "nan", "''", '"\\u0000"', "[[]]"])
def test_any_kind_of_value_for_any_key_of_a_source_is_told(town: Town, key: str, value: str) -> None:
    keys = {"name": '"a"', "connector": '"town_shop"', "app_id": '"1"', key: value}
    town.write("[[sources]]\n" + "".join(f"{name} = {text}\n" for name, text in keys.items()))

    if (key, value) in {("app_id", "''"), ("app_id", '"\\u0000"')}:
        assert load(town.path, {}).sources
        return
    with pytest.raises(ConfigError) as refused:
        load(town.path, {})
    assert all(f"`{key}" in problem.what for problem in refused.value.problems)


def test_the_settings_hold_no_path_of_the_working_folder(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.write("")
    monkeypatch.chdir(town.folder)

    settings = load(Path("monitor.toml"), {})

    assert settings.database == f"sqlite:///{town.folder}/monitor.db"
    assert settings.own_connectors == town.folder / "sites"
