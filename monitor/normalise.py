"""A mention as the site shows it → as we keep it: clean text, one key, sane times, no personal data it need not have.

Nothing here raises for what a site sends. What had to be mended stands in `flags`, and a mark or a
date that makes no sense is dropped rather than believed: an unknown rating never hides a bad text.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from monitor import text
from monitor.models import ANSWERS_UNSEEN, Audience, Author, Brand, Mention, Rating, RawMention, Reply, Subject

LONGEST_ID = 300  # characters; a longer one is kept as its hash
LONGEST_TITLE = 500
LONGEST_NAME = 200
LONGEST_LANGUAGE = 20
LARGEST_AUDIENCE = 10**15
AHEAD = timedelta(hours=24)  # how far a site's clock is believed to run before ours
FIRST_YEAR = 1995  # dates before the first review on the web are a missing date in disguise
TEXT_IN_ID = 200  # characters of the text that count for a mention without an id

UNREAD = "unread"  # the flag of what nothing could make out

_MAIL = re.compile(r"(?<![@\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_TAG = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{2,8}){0,3})")
_NO_LANGUAGE = frozenset({"und", "zxx", "mul", "mis", "qme", "art"})
_OTHER_NAMES = {
    "iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "eng": "en", "deu": "de", "ger": "de",
    "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt", "nld": "nl", "dut": "nl", "ara": "ar",
    "rus": "ru", "jpn": "ja", "zho": "zh", "chi": "zh", "kor": "ko", "tur": "tr", "pol": "pl", "swe": "sv",
}  # fmt: skip


def normalise(
    raw: RawMention, *, connector: str, brands: Sequence[Brand], now: datetime, about: tuple[str, ...] = ()
) -> Mention:
    """Return the mention as it is kept. `brands` tell which accounts of this connector are our own.

    `about` names the brands it belongs to where that is known without matching. Flags: id_made,
    id_hashed, shortened, no_time, time_clamped, no_zone, no_rating, unread,
    answers_unseen.
    """
    flags: list[str] = []
    body = text.clean(text.from_html(raw.text) if raw.html else raw.text or "")
    if body.shortened:
        flags.append("shortened")
    published = _moment(raw.published_at, now, flags)
    if published is None:
        flags.append("no_time")
    if raw.unread:
        flags.append(UNREAD)
    if raw.answers_unseen:
        flags.append(ANSWERS_UNSEEN)
    rating = _rating(raw.rating, flags)
    author = _author(raw.author)
    return Mention(
        external_id=_id(raw, body.text, author, published, rating, flags),
        kind=raw.kind,
        text=body.text.strip(),
        text_length=body.length,
        title=_title(raw),
        url=text.safe_link(raw.url),
        author=author,
        published_at=published,
        updated_at=_moment(raw.updated_at, now, flags),
        rating=rating,
        language=language_tag(raw.language),
        audience=_audience(raw.audience),
        subject=_subject(raw.subject),
        reply=_reply(raw.reply, now),
        answer_url=text.safe_link(raw.answer_url),
        thread_id=_other_id(raw.thread_id),
        parent_id=_other_id(raw.parent_id),
        same_as=_other_id(raw.same_as),
        content_hash=content_hash(raw),
        own=raw.own or _is_own(author, connector, brands),
        brands=about,
        flags=tuple(dict.fromkeys(flags)),
        absent=raw.absent,
    )


def normalise_page(
    raws: Iterable[RawMention], *, connector: str, brands: Sequence[Brand], now: datetime
) -> list[Mention]:
    """Return the mentions of one page; entries without an id and alike in everything are told apart by a counter."""
    seen: Counter[str] = Counter()
    return [apart(normalise(raw, connector=connector, brands=brands, now=now), seen) for raw in raws]


def apart(mention: Mention, seen: Counter[str]) -> Mention:
    """Return the mention with a number at its id when the page has shown one like it that has no id either.

    `seen` counts the ids that were made on this page.
    """
    if "id_made" not in mention.flags:
        return mention
    seen[mention.external_id] += 1
    number = seen[mention.external_id]
    return mention if number == 1 else replace(mention, external_id=f"{mention.external_id}-{number}")


def content_hash(raw: RawMention) -> str:
    """Return a hash of title, text and rating exactly as the site gave them: a better cleaner makes no edits."""
    rating = raw.rating
    mark = (text.number(rating.value), text.number(rating.best), text.number(rating.worst)) if rating else None
    parts = repr((raw.title or "", raw.text or "", mark))
    return hashlib.blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


# --- ids -----------------------------------------------------------------------------------------


def _id(
    raw: RawMention,
    body: str,
    author: Author | None,
    published: datetime | None,
    rating: Rating | None,
    flags: list[str],
) -> str:
    given = str(raw.external_id or "").strip()
    if given:
        kept = _kept_id(given)
        if kept != given:
            flags.append("id_hashed")
        return kept
    flags.append("id_made")
    # What does not move when the same review is read again: neither its place on the page nor its link.
    who = (author.id or author.name) if author else None
    day = published.date().isoformat() if published else None
    stars = f"{rating.stars:g}" if rating and rating.stars is not None else None
    return "made-" + text.fingerprint(who, day, body.strip()[:TEXT_IN_ID], stars)


def _other_id(value: str | None) -> str | None:
    if value is None:
        return None
    given = str(value).strip()
    return _kept_id(given) if given else None


def _kept_id(given: str) -> str:
    """Return an id as text that every database takes: one too long or with control characters as its hash."""
    if len(given) <= LONGEST_ID and given.isprintable():
        return given
    return "hash-" + text.fingerprint(given)


# --- parts ---------------------------------------------------------------------------------------


def _title(raw: RawMention) -> str | None:
    if not raw.title:
        return None
    title = text.clean(text.from_html(raw.title) if raw.html else raw.title, LONGEST_TITLE).text
    return " ".join(title.split()) or None


def _author(raw: Author | None) -> Author | None:
    if raw is None:
        return None
    author = Author(_name(raw.name, mail=False), _other_id(raw.id), text.safe_link(raw.url))
    return author if author != Author() else None


def _name(value: str | None, limit: int = LONGEST_NAME, *, mail: bool = True) -> str | None:
    """Return a name on one line; without `mail`, addresses that stand in it are dropped."""
    if not value:
        return None
    name = " ".join(text.clean(str(value), limit * 4).text.split())
    if not mail and "@" in name:
        name = _MAIL.sub("", name).strip(" <>()[],;|-")
    return text.shorten(name, limit) if name else None


def _subject(raw: Subject) -> Subject:
    if raw == _NOTHING:
        return raw
    return Subject(
        place=_name(raw.place),
        product=_name(raw.product),
        app_version=_name(raw.app_version, 60),
        device=_name(raw.device, 100),
        country=_name(raw.country, 10),
    )


_NOTHING = Subject()


def _reply(raw: Reply | None, now: datetime) -> Reply | None:
    if raw is None:
        return None
    return replace(
        raw,
        text=text.clean(raw.text or "").text.strip(),
        published_at=_moment(raw.published_at, now, []),
        author=_name(raw.author, mail=False),
        external_id=_other_id(raw.external_id),
        url=text.safe_link(raw.url),
    )


def _audience(raw: Audience | None) -> Audience | None:
    size = text.number(raw.size) if raw else None
    if raw is None or size is None or size < 0:
        return None
    return Audience(min(int(size), LARGEST_AUDIENCE), _name(raw.kind, 40) or "readers")


def _is_own(author: Author | None, connector: str, brands: Sequence[Brand]) -> bool:
    """Say whether one of our accounts wrote it. A name counts only where the site gives no id: names can be taken."""
    if author is None:
        return False
    own = [account for brand in brands for account in brand.own_accounts.get(connector, ())]
    if not own:
        return False
    if author.id is not None:
        return author.id in own
    name = (author.name or "").lstrip("@").casefold()
    return bool(name) and any(account.lstrip("@").casefold() == name for account in own)


# --- marks, times, tags --------------------------------------------------------------------------


def _rating(raw: Rating | None, flags: list[str]) -> Rating | None:
    """Return a mark that fits its own scale; one that does not is unknown, which is not the same as bad or good."""
    if raw is None:
        return None
    value, best, worst = text.number(raw.value), text.number(raw.best), text.number(raw.worst)
    if value is not None and best is not None and worst is not None:
        rating = Rating(value, best, worst)
        if rating.stars is not None:
            return rating
    flags.append("no_rating")
    return None


def _moment(value: datetime | None, now: datetime, flags: list[str]) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        flags.append("no_zone")
        value = value.replace(tzinfo=UTC)
    if value.year < FIRST_YEAR:
        return None
    if value > now + AHEAD:
        flags.append("time_clamped")
        return now + AHEAD
    return value.astimezone(UTC)


@lru_cache(maxsize=4096)
def language_tag(value: str | None) -> str | None:
    """Return a language tag as it is written ("en", "pt-BR", "zh-Hant"), or None for what is none."""
    found = _TAG.fullmatch((value or "").strip())
    if found is None:
        return None
    primary = found[1].lower()
    if primary in _NO_LANGUAGE:
        return None
    rest = [part.title() if len(part) == 4 else part.upper() for part in re.split("[-_]", found[2]) if part]
    return "-".join([_OTHER_NAMES.get(primary, primary), *rest])[:LONGEST_LANGUAGE]
