"""What somebody types, and what it is taken for."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from monitor.cli.init import hours, sites, tellings, writing
from monitor.cli.init.sites import NotYet, Watched
from monitor.config import grammar

# --- sites ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed, connector, options",
    [
        (
            "https://apps.apple.com/gb/app/quay-coffee/id1459969523",
            "apple_rss",
            {"app_id": "1459969523", "countries": ["gb"]},
        ),
        ("apps.apple.com/app/id1459969523?see-all=reviews", "apple_rss", {"app_id": "1459969523", "countries": ["us"]}),
        ("itunes.apple.com/DE/app/x/id1459969523", "apple_rss", {"app_id": "1459969523", "countries": ["de"]}),
        ("id1459969523", "apple_rss", {"app_id": "1459969523", "countries": ["us"]}),
        ("1459969523", "apple_rss", {"app_id": "1459969523", "countries": ["us"]}),
        ("Hacker News", "hacker_news", {}),
        ("hn", "hacker_news", {}),
        ("https://news.ycombinator.com/", "hacker_news", {}),
        ("https://blog.example.org/feed", "feed", {"url": "https://blog.example.org/feed", "match_brand": True}),
        ("blog.example.org/index.xml", "feed", {"url": "https://blog.example.org/index.xml", "match_brand": True}),
        ("forum.example.org/latest.rss", "feed", {"url": "https://forum.example.org/latest.rss", "match_brand": True}),
        ("https://example.org/feed.json", "feed", {"url": "https://example.org/feed.json", "match_brand": True}),
        (
            "https://www.google.com/alerts/feeds/123/456",
            "feed",
            {"url": "https://www.google.com/alerts/feeds/123/456", "match_brand": False},
        ),
        ("https://shop.example.org/flat-white", "schema_org", {"url": "https://shop.example.org/flat-white"}),
        ("shop.example.org", "schema_org", {"url": "https://shop.example.org"}),
        ("<https://shop.example.org/x>", "schema_org", {"url": "https://shop.example.org/x"}),
        ("https://store.steampowered.com/app/506540/Quay/", "steam", {"app_id": "506540"}),
        ("https://addons.mozilla.org/de/firefox/addon/acme-tabs/reviews/", "firefox_addons", {"addon": "acme-tabs"}),
        ("WooCommerce shop.example.org", "woocommerce", {"url": "https://shop.example.org"}),
        ("wordpress https://blog.example.org/", "wordpress_comments", {"url": "https://blog.example.org"}),
        ("discourse forum.example.org", "discourse", {"url": "https://forum.example.org"}),
    ],
)
def test_a_site_that_can_be_watched_becomes_a_source(typed, connector, options):
    found = sites.recognise(typed)

    assert isinstance(found, Watched)
    assert (found.connector, dict(found.options)) == (connector, options)
    assert found.says.endswith(".")


@pytest.mark.parametrize(
    "typed, name",
    [
        ("google", "Google"),
        ("Google Maps", "Google"),
        ("https://www.google.com/maps/place/Quay", "Google"),
        ("https://maps.google.de/?cid=1", "Google"),
        ("https://g.page/r/quay", "Google"),
        ("https://play.google.com/store/apps/details?id=com.quay", "Google Play"),
        ("Facebook", "Facebook"),
        ("https://www.facebook.com/quaycoffee", "Facebook"),
        ("twitter", "X"),
        ("https://x.com/quaycoffee", "X"),
        ("trustpilot", "Trustpilot"),
        ("https://www.trustpilot.com/review/quay.example", "Trustpilot"),
        ("https://de.trustpilot.com/review/quay.example", "Trustpilot"),
        ("https://www.tripadvisor.co.uk/Restaurant_Review", "Tripadvisor"),
        ("https://www.yelp.com/biz/quay", "Yelp"),
        ("https://www.producthunt.com/posts/quay", "Product Hunt"),
        ("judge.me", "Judge.me"),
        ("yotpo", "Yotpo"),
        ("https://marketplace.visualstudio.com/items?itemName=acme.acme-format", "Visual Studio Marketplace"),
        ("https://www.amazon.de/dp/B000", "Amazon"),
        ("booking.com", "Booking.com"),
        ("https://www.glassdoor.com/Reviews/quay", "glassdoor.com"),
        ("https://www.reddit.com/r/coffee/.rss", "Reddit"),
        ("https://mastodon.social/@quaycoffee", "Mastodon"),
    ],
)
def test_a_site_that_cannot_be_watched_gets_a_sentence_and_a_way_to_help_oneself(typed, name):
    found = sites.recognise(typed)

    assert isinstance(found, NotYet)
    assert found.name == name
    assert found.why.startswith(f"{name}: ")
    assert "monitor import FILE" in found.why


@pytest.mark.parametrize("name", sites._BY_ACCESS)
def test_a_site_that_takes_an_access_leads_to_the_page_that_says_how(name):
    found = sites.recognise(name)

    assert isinstance(found, NotYet)
    assert "yet" not in found.why
    heading = found.why.partition("docs/connectors.md#")[2].partition(" ")[0]
    assert f"\n## {heading}\n" in (Path(__file__).parents[2] / "docs" / "connectors.md").read_text()


@pytest.mark.parametrize(
    "typed, words",
    [
        ("facbook", "Did you mean Facebook?"),
        ("hackr news", "Did you mean Hacker News?"),
        ("app store", "Which app?"),
        ("Steam", "Which game?"),
        ("discourse", "discourse https://your-site.example"),
        ("woocommerce quay", "quay is no address"),
        ("my nice shop", "I do not know my nice shop."),
        ("javascript:alert(1)", "I do not know"),
        ("https://user:secret@example.org/", "no user name"),
        ("ftp://example.org/x", "it takes https://"),
        ("\x1b[2J", "I do not know"),
    ],
)
def test_what_is_no_site_is_asked_again_with_what_would_be_taken(typed, words):
    with pytest.raises(ValueError) as raised:
        sites.recognise(typed)

    assert words in str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_two_sources_never_have_one_name_and_the_same_site_is_watched_once():
    typed = ["https://shop.example.org/a", "https://shop.example.org/b", "shop.example.org/a", "hn", "hacker news"]

    found = sites.told_apart([one for one in map(sites.recognise, typed) if isinstance(one, Watched)])

    assert [site.name for site in found] == ["shop-example-org", "shop-example-org-2", "hacker-news"]


# --- hours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed, opening, zone",
    [
        ("", {"mon-sun": ["08:00-20:00"]}, None),
        ("daily 8-20", {"mon-sun": ["08:00-20:00"]}, None),
        ("9-18", {"mon-sun": ["09:00-18:00"]}, None),
        ("mon-fri 9-18, sat 10-16", {"mon-fri": ["09:00-18:00"], "sat": ["10:00-16:00"]}, None),
        ("Mon - Fri 9:30 - 18:00; Sat 10.00-16.00", {"mon-fri": ["09:30-18:00"], "sat": ["10:00-16:00"]}, None),
        ("mon-fri 9-12, 13-18", {"mon-fri": ["09:00-12:00", "13:00-18:00"]}, None),
        ("weekdays 9am-5pm and weekend 10am to 2pm", {"mon-fri": ["09:00-17:00"], "sat-sun": ["10:00-14:00"]}, None),
        ("daily 12pm-12am", {"mon-sun": ["12:00-00:00"]}, None),
        ("fri 18-2", {"fri": ["18:00-02:00"]}, None),
        ("always", {"mon-sun": ["00:00-24:00"]}, None),
        ("24/7", {"mon-sun": ["00:00-24:00"]}, None),
        ("Europe/Berlin", {"mon-sun": ["08:00-20:00"]}, "Europe/Berlin"),
        ("mon-fri 9-18 America/New_York", {"mon-fri": ["09:00-18:00"]}, "America/New_York"),
    ],
)
def test_opening_hours_are_understood_as_people_write_them(typed, opening, zone):
    found = hours.read(typed)

    assert (found.open, found.zone) == (opening, zone)
    grammar.week(found.open)


@pytest.mark.parametrize(
    "typed, words",
    [
        ("whenever", "I see no hours in"),
        ("mon-fri 9-25", "25 is no time of day"),
        ("mon-fri 9-18:75", "18:75 is no time of day"),
        ("someday 9-18", "is no day of the week"),
        ("mon-fri 9-18, tue 10-12", "is named twice"),
        ("mon 9-18, 10-12", "overlap"),
        ("daily 8-20 Europe/Lodon", 'Did you mean "Europe/London"?'),
    ],
)
def test_hours_that_make_no_sense_are_asked_again(typed, words):
    with pytest.raises(ValueError) as raised:
        hours.read(typed)

    assert words in str(raised.value)


@pytest.mark.parametrize(
    "env, link, file, zone",
    [
        ({"TZ": "Europe/Berlin"}, "zoneinfo/Asia/Tokyo", "America/Lima", "Europe/Berlin"),
        ({"TZ": ":Europe/Berlin"}, None, None, "Europe/Berlin"),
        ({"TZ": "CEST"}, None, "America/Lima", "America/Lima"),
        ({}, "usr/share/zoneinfo/Asia/Tokyo", None, "Asia/Tokyo"),
        ({}, "usr/share/zoneinfo/Etc/UTC", "Etc/UTC", "UTC"),
        ({}, None, "nonsense\x00", "UTC"),
    ],
)
def test_the_zone_of_the_machine_is_found_where_it_is_set(tmp_path, env, link, file, zone):
    if link:
        (tmp_path / link).parent.mkdir(parents=True)
        (tmp_path / link).write_text("")
        (tmp_path / "localtime").symlink_to(tmp_path / link)
    if file:
        (tmp_path / "timezone").write_text(f"{file}\n")

    assert hours.zone_of_this_machine(env, tmp_path / "localtime", tmp_path / "timezone") == zone


# --- where to tell -------------------------------------------------------------------------------

HOOK = "https://hooks.slack.com/services/T000/B000/made-up-secret"


@pytest.mark.parametrize(
    "typed, notifiers",
    [
        (HOOK, ["slack"]),
        ("here", ["console"]),
        ("this terminal", ["console"]),
        ("ana@example.org", ["email"]),
        (f"{HOOK}, ana@example.org", ["slack", "email"]),
        (f"{HOOK} and here", ["slack", "console"]),
        ("https://discord.com/api/webhooks/123456789/made-up-token", ["discord"]),
        ("ana@example.org ben@example.org", ["email"]),
    ],
)
def test_places_to_tell_become_channels(typed, notifiers):
    found = tellings.read(typed)

    assert [channel.notifier for channel in found] == notifiers
    assert "made-up" not in repr(found)


def test_several_addresses_are_one_channel():
    [channel] = tellings.read("ana@example.org, ben@example.org, ana@example.org")

    assert channel.options == {"to": ["ana@example.org", "ben@example.org"]}


@pytest.mark.parametrize(
    "typed, words",
    [
        ("", "A Slack webhook"),
        ("#support", "For #support I need an incoming webhook"),
        ("slack", "no place where I can write to"),
        ("ana@", "no mail address"),
        ("http://hooks.slack.com/services/T/B/made-up-secret", "https"),
        ("https://hooks.slack.com.evil.example/services/made-up-secret", "hooks.slack.com"),
        ("https://discord.com/api/webhooks/made-up-secret", "copy all of it"),
    ],
)
def test_what_is_no_place_is_asked_again_without_repeating_a_secret(typed, words):
    with pytest.raises(ValueError) as raised:
        tellings.read(typed)

    assert words in str(raised.value)
    assert "made-up" not in str(raised.value)


# --- the files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "plain", 'a "quoted" \\ name', "line\nbreak\ttab", "\x7f\x00\x1b", "Café ☕ 東京", "", True, 7, ["a", "b"],
        {"mon-fri": ["9"]}, {"odd key": 1},
    ],
)  # fmt: skip
def test_every_value_is_read_back_from_toml_as_it_was(value):
    assert tomllib.loads(f"x = {writing.toml(value)}") == {"x": value}


def a_draft() -> writing.Draft:
    return writing.Draft(
        {"monitor.toml": "x\n", "compose.yaml": "y\n"}, {"secrets/slack": "s\n", "secrets/mail": "m\n"}
    )


def test_secrets_can_be_read_by_their_owner_only_whatever_the_umask_is(tmp_path):
    before = os.umask(0)
    try:
        a_draft().write(tmp_path / "new")
    finally:
        os.umask(before)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*")}
    assert modes == {"secrets": 0o700, "slack": 0o600, "mail": 0o600, "monitor.toml": 0o644, "compose.yaml": 0o644}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("there", ["monitor.toml", "compose.yaml", "secrets/mail"])
def test_a_file_that_is_there_is_never_overwritten_and_nothing_else_is_left(tmp_path, there):
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("mine")

    with pytest.raises(writing.UsageError, match="is there already, and nothing is overwritten"):
        a_draft().write(tmp_path)

    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [Path(there).name]
    assert (tmp_path / there).read_text() == "mine"


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "monitor.toml").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(writing.UsageError, match="is there already"):
        a_draft().write(tmp_path)

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["monitor.toml", "secrets", "review-monitor.service"])
def test_a_folder_with_a_configuration_is_refused_before_anything_is_asked(tmp_path, name):
    (tmp_path / name).write_text("")

    with pytest.raises(writing.UsageError, match=f"holds {name} already"):
        writing.refuse_what_is_there(tmp_path, ("monitor.toml", "secrets", "review-monitor.service"))
