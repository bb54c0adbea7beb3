"""The configuration in sentences, as `monitor check` repeats it."""

from __future__ import annotations

from pathlib import Path

from monitor.config import sentences
from tests.config.conftest import BASE, Town
from tests.config.test_load import ENV, WHOLE


def test_a_whole_file_is_told_in_sentences(town: Town) -> None:
    expected = (Path(__file__).parent / "sentences.txt").read_text()

    told = sentences(town.load(WHOLE, ENV, base=""))

    assert "\n".join(told) + "\n" == expected


def test_a_small_file_says_what_happens_without_being_asked(town: Town) -> None:
    told = sentences(town.load('[[sources]]\nname = "a"\nconnector = "town_shop"\napp_id = "1"\n'))

    assert "A bad review goes to paper (a sheet of paper) within 1 hour (looked at: Town Shop every hour)." in told
    assert "There are no teams, so there are no quiet hours: messages come whenever something is seen." in told
    assert "There is no heartbeat address: if this machine stops, nobody is told." in told


def test_what_is_posted_is_told_with_where_to_post_and_without_a_look(town: Town) -> None:
    (town.folder / "secret").write_text("made-up-inbound-secret")
    (town.folder / "secret").chmod(0o600)
    source = '[[sources]]\nname = "our form"\nconnector = "inbound_webhook"\nsecret = { file = "secret" }\n'
    heard = BASE.replace("[monitor]", '[monitor]\nlisten = "[::1]:8080"')

    deaf, listening = (sentences(town.load(source, base=base)) for base in (BASE, heard))

    assert "A bad review goes to paper (a sheet of paper) as soon as it is posted." in deaf
    assert "What is pushed for our form goes to http://HOST:PORT/push/our%20form." in deaf
    assert "What is pushed for our form goes to http://[::1]:8080/push/our%20form." in listening
    assert not any("is looked at" in sentence for sentence in listening)


def test_a_team_that_may_not_be_woken_says_so(town: Town) -> None:
    people = '[[people]]\nname = "ana"\n[[teams]]\nname = "front"\npeople = "ana"\n'

    told = sentences(town.load(people))
    awake = sentences(town.load(people + 'quiet = "none"\n'))

    assert (
        "front (ana) is left alone from 21:00 to 08:00 (UTC): nobody is woken, and what came up is told at 08:00."
        in told
    )
    assert "front (ana) has no quiet hours: messages come at any time." in awake


def test_a_thousand_sources_are_still_one_sentence(town: Town) -> None:
    sources = "".join(f'[[sources]]\nname = "app-{n}"\nconnector = "town_shop"\napp_id = "{n}"\n' for n in range(1000))

    told = sentences(town.load(sources))

    assert told[0] == (
        "Town Shop (app-0, app-1, app-2, app-3, app-4, app-5 and 994 more) is looked at every hour. "
        "The newest 500 reviews of each country; no answers."
    )


def test_no_sentence_shows_a_secret_shouts_or_says_what_we_never_say(town: Town) -> None:
    told = " ".join(sentences(town.load(WHOLE, ENV, base="")))

    for secret in ENV.values():
        assert secret not in told
    for word in ("!", "negative", "sentiment", "ticket", "violation"):
        assert word not in told
