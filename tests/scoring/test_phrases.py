"""Named complaints and words of danger are found with the words that carry them, unless they are denied."""

from __future__ import annotations

from time import process_time

import pytest

from monitor.scoring.cutting import tokens_of
from monitor.scoring.phrases import Found, Phrases, phrases


def found(text: str) -> dict[str, tuple[str, ...]]:
    return {f"{one.kind}:{one.name}": one.words for one in phrases().find(text, tokens_of(text.lower()))}


@pytest.mark.parametrize(
    "text, name, words",
    [
        ("We got food poisoning from the fish", "danger:safety", "food poisoning"),
        ("The charger caught fire", "danger:safety", "caught fire"),
        ("it made my daughter really sick", "danger:safety", "made my daughter really sick"),
        ("My lawyer will write to you", "danger:legal", "lawyer"),
        ("see you in court", "danger:legal", "see you in court"),
        ("They charged me twice", "danger:money", "charged me twice"),
        ("I opened a chargeback", "danger:money", "chargeback"),
        ("Total scam", "danger:money", "scam"),
        ("my data was leaked", "danger:privacy", "my data was leaked"),
        ("my account got hacked", "danger:privacy", "account got hacked"),
        ("The waiter made a racist joke", "danger:discrimination", "racist"),
        ("refused us because I'm black", "danger:discrimination", "because I'm black"),
        ("the whole site has been down for 3 hours", "danger:outage", "site has been down"),
        ("Nobody can log in since noon", "danger:outage", "Nobody can log"),
        ("Waited 40 minutes for two coffees", "topic:waiting", "Waited 40 minutes"),
        ("waited for over an hour", "topic:waiting", "waited for over an hour"),
        ("two hours wait", "topic:waiting", "two hours wait"),
        ("30 minutes late", "topic:waiting", "30 minutes late"),
        ("on hold for 2 hours", "topic:waiting", "on hold"),
        ("Nobody said a word", "topic:ignored", "Nobody said"),
        ("nobody answers the phone", "topic:ignored", "nobody answers"),
        ("no one even answered", "topic:ignored", "no one even answered"),
        ("they could not care less", "topic:ignored", "could not care less"),
        ("they do not listen to you", "topic:not listened to", "do not listen"),
        ("'not our problem', they said", "topic:nobody responsible", "not our problem"),
        ("the staff had no idea", "topic:staff did not know", "staff had no idea"),
        ("wrote last week, no reply", "topic:no follow-up", "no reply"),
        ("They never called me back", "topic:no follow-up", "never called me back"),
        ("such a rude waiter", "topic:rude", "rude"),
        ("what a waste of money", "topic:price", "waste of money"),
        ("I want my money back", "topic:price", "want my money back"),
        ("asked for a refund", "topic:refund", "refund"),
        ("The app crashes every time", "topic:broken", "crashes"),
        ("it doesn't work", "topic:broken", "doesn't work"),
        ("it doesnt work", "topic:broken", "doesnt work"),
        ("my parcel was lost", "topic:delivery", "parcel was lost"),
        ("a hair in my soup", "topic:hygiene", "hair in my"),
        ("the fries were cold", "topic:food", "were cold"),
        ("they closed my account", "topic:closed account", "closed my account"),
        ("never again", "topic:going away", "never again"),
        ("so disappointed", "topic:disappointed", "disappointed"),
    ],
)
def test_a_complaint_is_named_with_its_words(text: str, name: str, words: str) -> None:
    assert words in found(text).get(name, ())


@pytest.mark.parametrize(
    "text",
    [
        "This is not a scam, they are honest",
        "no food poisoning this time",
        "I have never had any outages",
        "It was never rude",
        "without any refund needed",
        "They didn't charge me twice",
        "The Acme Coffee house opens at nine",
        "scampi and lawyerly and crashpad",
        "",
    ],
)
def test_what_is_denied_or_only_sounds_alike_is_no_complaint(text: str) -> None:
    assert not any(name.startswith(("danger", "topic:rude", "topic:refund")) for name in found(text))


@pytest.mark.parametrize(
    "text, name",
    [
        ("I have never been so ignored", "topic:ignored"),
        ("Not only rude but slow", "topic:rude"),
        ("I do not know. Scam!", "danger:money"),
        ("Never again, it is a scam", "danger:money"),
    ],
)
def test_a_negation_that_strengthens_or_belongs_to_another_sentence_takes_nothing_away(text: str, name: str) -> None:
    assert name in found(text)


def test_dangers_come_first_and_words_stand_as_they_were_written() -> None:
    text = "RUDE waiter, and then They Charged Us Twice"

    dangers = phrases().find(text, tokens_of(text.lower()))

    assert dangers[0] == Found("danger", "money", ("Charged Us Twice",))
    assert dangers[1] == Found("topic", "rude", ("RUDE",))


def test_at_most_three_phrases_of_one_name_are_kept() -> None:
    text = "rude, impolite, arrogant, hostile and disrespectful"

    assert found(text)["topic:rude"] == ("rude", "impolite", "arrogant")


def test_letters_that_change_length_in_lower_case_do_not_shift_the_words() -> None:
    assert found("İİİ what a rude man")["topic:rude"] == ("rude",)


def test_a_word_in_the_table_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is not one word"):
        Phrases({"topic": {"waiting": {"phrases": ["half-time wait"]}}})


@pytest.mark.parametrize("text", ["no one never " * 800, "they didn't " * 800, "waited " * 1400, "1 " * 5000])
def test_ten_thousand_characters_full_of_first_words_are_searched_in_thirty_milliseconds(text: str) -> None:
    phrases().find("warm", ["warm"])
    start = process_time()

    phrases().find(text, tokens_of(text))

    assert process_time() - start < 0.030
