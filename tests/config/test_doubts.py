"""What works and is probably not meant is warned of, with its line; the file is loaded all the same."""

from __future__ import annotations

import pytest

from tests.config.conftest import BASE, Town

SHOP = '[[sources]]\nname = "shop-us"\nconnector = "town_shop"\napp_id = "1"\n'
RULE = '[[rules]]\nname = "x"\nchannels = "paper"\n'


def test_a_usual_file_is_warned_of_nothing(town: Town) -> None:
    assert town.warnings(SHOP) == []


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            RULE + "rating_at_most = 0.5\n",
            '17: rules[0] "x": this rule never matches: nothing has less than 1 star, and no stars are not zero stars',
        ),
        (
            RULE + 'when = "good"\nrating_at_most = 2\n',
            '18: rules[0] "x": this rule never matches: a good review has 4 or 5 stars',
        ),
        (
            RULE + 'when = "any"\n',
            '17: rules[0] "x": this rule matches everything, good mentions too',
        ),
        (
            RULE + 'when = "any"\nstop = true\n[[rules]]\nname = "y"\nchannels = "paper"\nseverity = "high"\n',
            '19: rules[1] "y": this rule is never reached: "x" above it takes all that it would, and stops',
        ),
        (
            '[[channels]]\nname = "other"\nnotifier = "paper"\n' + RULE,
            '14: channels[1] "other": nothing is sent here: no rule, team or operator names it',
        ),
        (
            '[[accounts]]\nname = "x"\ntoken = { env = "T" }\n',
            '14: accounts[0] "x": no source uses it',
        ),
        (
            RULE + '[[sources]]\nname = "b"\nconnector = "town_shop"\napp_id = "1"\n'
            '[[rules]]\nname = "z"\nchannels = "paper"\nwhen = "good"\nsources = "shop-us"\n',
            None,
        ),
        (
            RULE + 'sources = "b"\n[[sources]]\nname = "b"\nconnector = "town_shop"\napp_id = "1"\n',
            '10: sources[0] "shop-us": no rule listens to it: what it finds is stored and nobody is told',
        ),
    ],
)
def test_a_doubt_is_told_with_line_and_name(town: Town, text: str, warning: str | None) -> None:
    warnings = town.warnings(SHOP + text, {"T": "secret-token"})

    expected = [f"monitor.toml:{warning}"] if warning else []
    assert [found for found in warnings if "matches everything" not in found or found in expected] == expected


def test_a_rule_whose_sources_watch_for_other_brands_never_matches(town: Town) -> None:
    text = """
        [[brands]]
        name = "acme"
        terms = "Acme"
        [[brands]]
        name = "other"
        terms = "Other"
        [[sources]]
        name = "a"
        connector = "town_shop"
        app_id = "1"
        brand = "acme"
        [[rules]]
        name = "x"
        channels = "paper"
        brands = ["other"]
        [[rules]]
        name = "rest"
        channels = "paper"
    """

    assert town.warnings(text) == [
        'monitor.toml:25: rules[0] "x": this rule never matches: no source of it watches for a brand of it'
    ]


@pytest.mark.parametrize(
    ("first", "second", "reached"),
    [
        ('severity = "high"', "", True),
        ("", 'severity = "high"', False),
        ('severity = "normal"', 'severity = "critical"', False),
        ('severity = "critical"', 'severity = "normal"', True),
        ("rating_at_most = 2", "rating_at_most = 1", False),
        ("rating_at_most = 1", "rating_at_most = 2", True),
        ("rating_at_most = 2", "", True),
        ('topics = ["waiting", "rude"]', 'topics = ["rude"]', False),
        ('topics = ["waiting"]', 'topics = ["rude"]', True),
        ('when = "bad"', 'when = "good"', True),
        ('when = "any"', 'when = "good"', False),
    ],
)
def test_a_rule_below_one_that_stops_is_known_to_be_reached_or_not(
    town: Town, first: str, second: str, reached: bool
) -> None:
    text = f'{SHOP}{RULE}{first}\nstop = true\n[[rules]]\nname = "y"\nchannels = "paper"\n{second}\n'

    warnings = town.warnings(text)

    assert any("never reached" in warning for warning in warnings) is not reached


def test_a_missing_operator_is_told_with_who_hears_instead(town: Town) -> None:
    base = '[monitor]\ncontact = "ops@example.org"\nown_connectors = "sites"\n'
    channels = '[[channels]]\nname = "a"\nnotifier = "paper"\n[[channels]]\nname = "b"\nnotifier = "paper"\n'

    warnings = town.warnings(channels + SHOP, base=base)

    [warning] = warnings
    what = "`operator` is missing: when a site cannot be read, all channels hear of it (`a`, `b`)"
    assert warning == f"monitor.toml:1: [monitor]: {what}"


def test_a_missing_contact_is_told(town: Town) -> None:
    base = '[monitor]\noperator = "p"\nown_connectors = "sites"\n[[channels]]\nname = "p"\nnotifier = "paper"\n'

    [warning] = town.warnings(SHOP, base=base)

    assert warning.startswith("monitor.toml:1: [monitor]: `contact` is missing: sites like to know whom to write to")


def test_a_file_without_sources_is_told(town: Town) -> None:
    assert town.warnings("") == ["monitor.toml: there is no source, so nothing is watched. Write [[sources]]"]


def test_a_password_in_the_address_of_the_database_is_told_without_it(town: Town) -> None:
    base = (
        '[monitor]\noperator = "p"\ncontact = "o@example.org"\nown_connectors = "sites"\n'
        'database = "postgresql+psycopg://monitor:hunter22@db.example/x"\n'
        '[[channels]]\nname = "p"\nnotifier = "paper"\n'
    )

    [warning] = town.warnings(SHOP, base=base)

    assert warning.startswith("monitor.toml:5: [monitor]: `database` holds a password: put the whole address into")
    assert "hunter22" not in warning


def test_times_that_a_clock_change_skips_are_told_with_the_rule(town: Town) -> None:
    text = """
        [monitor]
        operator = "paper"
        contact = "ops@example.org"
        own_connectors = "sites"
        timezone = "Europe/Berlin"
        digest = { at = "02:30" }
        [[channels]]
        name = "paper"
        notifier = "paper"
        [hours.night]
        open = { mon-sun = ["22:00-02:15"] }
        [[people]]
        name = "ana"
        [[teams]]
        name = "front"
        people = "ana"
        quiet = "02:00-06:00"
        [[sources]]
        name = "a"
        connector = "town_shop"
        app_id = "1"
    """

    rule = "does not exist in Europe/Berlin on the day the clocks go forward (28 March 2027); then it counts as 03:00"
    assert town.warnings(text, base="") == [
        f"monitor.toml:7: [monitor]: `digest.at`: 02:30 {rule}",
        f"monitor.toml:12: [hours.night]: `open`: 02:15 {rule}",
        f'monitor.toml:18: teams[0] "front": `quiet`: 02:00 {rule}',
    ]


def test_a_source_that_is_posted_to_needs_somebody_who_listens(town: Town) -> None:
    (town.folder / "secret").write_text("made-up-inbound-secret")
    (town.folder / "secret").chmod(0o600)
    text = '[[sources]]\nname = "form"\nconnector = "inbound_webhook"\nsecret = { file = "secret" }\n'
    heard = BASE.replace("[monitor]", '[monitor]\nlisten = "127.0.0.1:8080"')

    [warning] = town.warnings(text)

    assert 'write listen = "127.0.0.1:8080" into [monitor]' in warning
    assert town.warnings(text, base=heard) == []
