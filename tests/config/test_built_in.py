"""The options of what is built in: errors land on the right line, and loading stays quick."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.config.conftest import Town
from tests.config.test_speed import HEAVY, USUAL_MS

MAIL = """\
[[channels]]
name = "mail"
notifier = "email"
from = "reviews@example.org"
host = "mail.example.org"
to = [
  {to}
]
"""
USUAL = """\
[monitor]
timezone = "Europe/Berlin"
contact = "ops@example.org"
operator = "mail"
[[brands]]
name = "acme"
terms = ["Acme Coffee"]
[[sources]]
name = "app-us"
connector = "apple_rss"
app_id = "1459969523"
[[sources]]
name = "hn"
connector = "hacker_news"
[[channels]]
name = "support"
notifier = "slack"
webhook_url = { env = "SLACK" }
"""


def recipients(town: Town, *addresses: str) -> tuple[str, ...]:
    to = ",\n  ".join(f'"{address}"' for address in addresses)
    settings = town.load(MAIL.replace("{to}", to), base="")
    found: tuple[str, ...] = settings.channels[0].build().targets()
    return found


def test_recipients_are_told_once_each_whatever_their_letter_case(town: Town) -> None:
    assert recipients(town, "ana@example.org", "ANA@Example.ORG", "ana+reviews@example.org") == (
        "ana@example.org",
        "ana+reviews@example.org",
    )


def test_a_recipient_may_have_a_domain_of_any_script(town: Town) -> None:
    assert recipients(town, "ana@münchen.example") == ("ana@xn--mnchen-3ya.example",)


def test_five_hundred_recipients_are_the_most(town: Town) -> None:
    many = [f"person{number}@example.org" for number in range(501)]

    assert len(recipients(town, *many[:500])) == 500
    with pytest.raises(Exception, match=r"monitor.toml:6: channels\[0\] \"mail\": `to`: 501 recipients"):
        recipients(town, *many)


@pytest.mark.parametrize(
    "bad", ["ana", "ana@", "Ana <ana@example.org>", "a b@example.org", "ana@example.org\\r\\nBcc: x@y.z"]
)
def test_each_bad_recipient_is_told_with_its_own_line(town: Town, bad: str) -> None:
    to = f'"good@example.org",\n  "{bad}",\n  "other@example.org",\n  "also bad"'

    problems = town.problems(MAIL.replace("{to}", to), base="")

    assert [problem.split(": `to")[0] for problem in problems] == [
        'monitor.toml:8: channels[0] "mail"',
        'monitor.toml:10: channels[0] "mail"',
    ]


def test_an_entry_of_a_list_is_told_and_nothing_else_about_the_list(town: Town) -> None:
    text = USUAL.replace('app_id = "1459969523"', 'app_id = 1459969523\ncountries = ["usa"]').replace("support", "mail")

    assert town.problems(text, {"SLACK": "https://hooks.slack.com/services/T000/B000/made-up"}, base="") == [
        'monitor.toml:12: sources[0] "app-us": `countries[0]`: "usa" does not fit: two letters each, as in `us`'
    ]


def test_looking_faster_than_a_site_allows_is_refused_with_its_reason(town: Town) -> None:
    text = USUAL.replace('app_id = "1459969523"', 'app_id = "1459969523"\nevery = "5 min"').replace("support", "mail")

    [problem] = town.problems(text, {"SLACK": "https://hooks.slack.com/services/T000/B000/made-up"}, base="")

    assert problem.startswith('monitor.toml:12: sources[0] "app-us": `every`: "5 min" is faster than App Store takes (')
    assert problem.endswith("). Allowed: 1 hour or more; without the key it is 1 hour")


def test_a_secret_of_another_service_is_refused_without_showing_it(town: Town) -> None:
    text = USUAL.replace("support", "mail")

    [problem] = town.problems(text, {"SLACK": "https://evil.example/services/T000/B000/made-up"}, base="")

    assert problem.startswith('monitor.toml:18: channels[0] "mail": `webhook_url`: ')
    assert "made-up" not in problem
    assert "evil" not in problem


def test_a_usual_file_with_built_in_plugins_loads_quickly(town: Town) -> None:
    path = town.write(USUAL + MAIL.replace("{to}", '"ana@example.org"'), base="")
    code = f"""
import json, sys, time
from pathlib import Path
from monitor.config import load
start = time.process_time()
load(Path({str(path)!r}), {{"SLACK": "https://hooks.slack.com/services/T000/B000/made-up"}})
print(json.dumps([(time.process_time() - start) * 1000, [name for name in {HEAVY!r} if name in sys.modules]]))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    took, heavy = json.loads(done.stdout)
    assert heavy == []
    assert took < USUAL_MS


PAID = '[[brands]]\nname = "acme"\nterms = ["Acme Coffee"]\n[[channels]]\nname = "screen"\nnotifier = "console"\n'
POSTS = '[[sources]]\nname = "posts"\nconnector = "x"\n'


@pytest.mark.parametrize(
    "tables",
    [
        f'{POSTS}token = {{ env = "T" }}',
        f'{POSTS}account = "a"\n[[accounts]]\nname = "a"\ntoken = {{ env = "T" }}',
        f'{POSTS}account = "a"\n[[accounts]]\nname = "a"\ntoken = {{ env = "T" }}\ndaily_budget = "1 EUR"',
    ],
)
def test_a_site_that_charges_is_not_asked_without_a_limit_in_its_own_money(town: Town, tables: str) -> None:
    [problem] = town.problems(PAID + tables, {"T": "made-up-token"}, base="")

    assert problem.endswith(
        ' "posts": X charges for what is read, in USD: it needs an [[accounts]] table with '
        'daily_budget = "1 USD", which the source names as its `account`'
    )


def test_a_site_that_charges_is_asked_within_a_limit(town: Town) -> None:
    account = '[[accounts]]\nname = "a"\ntoken = { env = "T" }\ndaily_budget = "0.50 USD"\n'

    settings = town.load(f'{PAID}{account}{POSTS}account = "a"', {"T": "made-up-token"}, base="")

    assert settings.accounts["a"].daily_budget == 500_000
