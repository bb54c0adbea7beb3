"""What one source needs, whatever is wrong elsewhere; a key put into the file; the day on which a key ends."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from monitor.config import line_of, load, load_one, needs, sentences, with_key
from monitor.errors import ConfigError, UsageError
from tests.town import CONNECTORS

HEAD = f'[monitor]\nown_connectors = "{CONNECTORS}"\n[[channels]]\nname = "c"\nnotifier = "console"\n'
FILE = """# ours
[[accounts]]  # shared
name = "acme"   # a name

[[sources]]
name = 'one'
connector = "x" # the kind
words = [
  "a",   # first
]

[[sources]]
  name = "two"
  connector = "x"
  key = { env = "OLD" }   # ask Ben, not { file = "this" }

[sources.map]
a = 1
"""


# --- a key put into a text -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "key", "before", "after"),
    [
        (("accounts", 0), "key", 'name = "acme"   # a name\n', 'name = "acme"   # a name\n{new}\n'),
        (("sources", 0), "key", "# the kind\n", "# the kind\n{new}\n"),
        (("sources", 1), "other", '"this" }\n', '"this" }\n  {new}\n'),
        (("sources", 1), "key", 'key = { env = "OLD" }', "{new}"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_key_is_put_into_its_table_and_nothing_else_changes(owner, key, before, after, end):
    reference = {"file": "secrets/k"}
    new = after.replace("{new}", line_of(key, reference))

    changed = with_key(FILE.replace("\n", end), owner, key, reference)

    assert changed == FILE.replace(before, new).replace("\n", end)
    assert tomllib.loads(changed)[owner[0]][owner[1]][key] == reference


@pytest.mark.parametrize(
    "text",
    [
        'sources = [{ name = "one" }]\n',
        '[[sources]]\nname = """one\n"""\n',
        "[[sources]]\n",
    ],
)
def test_what_cannot_be_put_there_without_harm_is_left_to_people(text):
    assert with_key(text, ("sources", 0), "key", {"file": "k"}) is None


def test_the_line_to_write_is_toml_whatever_the_name():
    for value in ({"file": 'a "b" \\ c\x7f'}, "plain \\ 'text'"):
        assert tomllib.loads(line_of("key", value)) == {"key": value}


# --- what is needed ------------------------------------------------------------------------------


def test_what_is_missing_is_named_with_where_it_belongs(tmp_path):
    path = tmp_path / "monitor.toml"
    account = '[[accounts]]\nname = "acme"\nends = 2027-01-31\n'
    sources = "".join(f'[[sources]]\nname = "{n}"\nconnector = "town_consent"\naccount = "acme"\n' for n in "ab")
    path.write_text(HEAD + account + sources + '[[sources]]\nname = "broken"\nconnector = "nothing"\n')

    found = needs(path, {}, "a")

    assert {key.name: (key.owner, key.secret, key.there, key.required) for key in found.keys} == {
        "client_id": (("accounts", 0), False, False, True),
        "client_secret": (("accounts", 0), True, False, True),
        "refresh_token": (("accounts", 0), True, False, False),
    }
    assert (found.owner_name, found.sharing, found.ends) == ("acme", ("b",), date(2027, 1, 31))


def test_one_source_is_loaded_with_what_is_not_in_the_file_yet(tmp_path):
    path = tmp_path / "monitor.toml"
    path.write_text(HEAD + '[[sources]]\nname = "b"\n[[sources]]\nname = "a"\nconnector = "town_keys"\n')
    (tmp_path / "k").write_text("made-up-key")

    settings = load_one(path, {}, "a", {("sources", 1, "key"): {"file": "k"}})

    assert [source.name for source in settings.sources] == ["a"]
    assert settings.sources[0].options.key.get_secret_value() == "made-up-key"
    with pytest.raises(ConfigError, match=r"`key` is missing.*To be asked for it: monitor connect a"):
        load_one(path, {}, "a")
    with pytest.raises(UsageError, match="there is no source `c`"):
        load_one(path, {}, "c")


def test_a_secret_in_plain_text_is_refused_and_not_asked_for(tmp_path):
    path = tmp_path / "monitor.toml"
    path.write_text(HEAD + '[[sources]]\nname = "a"\nconnector = "town_keys"\nkey = "made-up-plain"\n')

    with pytest.raises(ConfigError, match="stands here in plain text") as refused:
        needs(path, {}, "a")

    assert "made-up-plain" not in str(refused.value)


# --- the day on which a key ends -----------------------------------------------------------------


@pytest.mark.parametrize("written", ["2027-01-31", '"2027-01-31"'])
def test_the_end_of_a_key_is_a_day_with_quotes_or_without(tmp_path, written):
    path = tmp_path / "monitor.toml"
    (tmp_path / "k").write_text("made-up-key")
    account = f'[[accounts]]\nname = "acme"\nkey = {{ file = "k" }}\nends = {written}\n'
    own = f'[[sources]]\nname = "b"\nconnector = "town_keys"\nkey = {{ file = "k" }}\nends = {written}\n'
    path.write_text(HEAD + account + own + '[[sources]]\nname = "a"\nconnector = "town_keys"\naccount = "acme"\n')

    settings = load(path, {})

    said = [one for one in sentences(settings) if "ends on" in one]
    assert [one.partition(":")[0] for one in said] == [
        "The key of acme ends on 31 January 2027",
        "The key of b ends on 31 January 2027",
    ]
    assert settings.accounts["acme"].ends == date(2027, 1, 31)
    assert [source.ends for source in settings.sources] == [date(2027, 1, 31), None]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('connector = "town_keys"\naccount = "acme"\nends = 2027-01-31', "has no key of its own. Write it in the"),
        ('connector = "town_reviews"\nplace = "quay"\nends = 2027-01-31', "`ends`: Town takes no key, so none can end"),
        ('connector = "town_keys"\naccount = "acme"\nends = "soon"', '"soon" is no day. Write it like 2027-01-31'),
        ('connector = "town_keys"\naccount = "acme"\nends = 2027-01-31T10:00:00', "is no day"),
    ],
)
def test_a_day_that_makes_no_sense_is_told(tmp_path, lines, sentence):
    path = tmp_path / "monitor.toml"
    (tmp_path / "k").write_text("made-up-key")
    account = '[[accounts]]\nname = "acme"\nkey = { file = "k" }\n'
    path.write_text(f'{HEAD}{account}[[sources]]\nname = "a"\n{lines}\n')

    with pytest.raises(ConfigError) as refused:
        load(path, {})

    assert sentence in str(refused.value)
