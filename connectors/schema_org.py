"""Reviews and averages that any page publishes for search engines, as schema.org has them.

They stand in JSON-LD, microdata or RDFa, sometimes in two of them at once, and hardly ever have an id: a
fingerprint takes its place, so an edited review looks like a new one. https://schema.org/Review
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urldefrag

from monitor.connector import (
    Author,
    Connector,
    ItemProblem,
    Page,
    Rating,
    RawMention,
    Request,
    Response,
    Since,
    SiteTotal,
    Subject,
)
from monitor.connector.pages import (
    KEY_WORDS,
    PagesConfig,
    address_of,
    breaks_off,
    nothing_found,
    page_of,
    plain,
    site_of,
)
from monitor.text import fingerprint, number, parse_when, safe_link
from monitor.text.structured import (
    JSON_LD,
    MICRODATA,
    MICROFORMATS,
    RDFA,
    Described,
    Thing,
    described,
)

MAX_REVIEWS = 1_000  # on one page; the fullest seen has ten
USUAL_BEST = 5.0
NOWHERE = 1_000  # the depth of what belongs to nothing on the page
SHORTEST_CUT = 32  # letters and digits of a copy that is cut

_SYNTAXES = (JSON_LD, MICRODATA, RDFA, MICROFORMATS)
_REVIEWS = frozenset({"review", "userreview", "criticreview", "employerreview", "recommendation"})
_TOTALS = frozenset({"aggregaterating", "employeraggregaterating", "review-aggregate"})
_PLACES = frozenset(
    {"localbusiness", "organization", "restaurant", "hotel", "store", "place", "lodgingbusiness", "dentist"}
)
_RELATED = ("isrelatedto", "issimilarto")  # properties that lead to things the page is not about
_HOLDS = ("aggregaterating", "review", "reviews")
# Properties in the order of trust; the last of each are those of data-vocabulary.org.
_BODY = ("reviewbody", "description", "text")
_TITLE = ("name", "headline", "summary")
_DATES = ("datepublished", "datecreated", "dtreviewed", "datemodified")
_VALUE = ("ratingvalue", "value", "average")
_BEST = ("bestrating", "best")
_WORST = ("worstrating", "worst")
_NOBODY = ("anonymous", "anonym", "anonyme", "anonimo", "anoniem", "guest", "gast", "customer", "user")
_MARK = re.compile(
    r"(-?\d+(?:[.,]\d+)?)\s*(%)?(?:\s*(?:/|of|out of|von|sur|de|di|su|van|av|af|z|из)\s*(\d+))?", re.IGNORECASE
)
_COUNT = re.compile(r"\d[\d.,'’ ]*")
_DIGITS = re.compile(r"\d+")
_MAIL = re.compile(r"\S+@\S+\.\S+")


class SchemaOrgConfig(PagesConfig):
    """Settings of one schema_org source."""


class SchemaOrg(Connector[SchemaOrgConfig]):
    """Read the reviews and the average that pages publish as structured data."""

    Config = SchemaOrgConfig
    default_every = timedelta(hours=6)
    fastest = timedelta(hours=1)
    markup = True
    robots = True
    sees = (
        "The reviews and the average in the source of the page, often the newest 3 to 10 only; no answers, "
        "no deletions, and an edited review looks like a new one."
    )
    sees_answers = "no"
    needs = "pages that are yours, or whose owner allows it"
    proven = "recordings"

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for every page."""
        for address in self.config.addresses:
            yield Request(address)

    def parse(self, response: Response) -> Page:
        """Read one page. Raises ParseError when it holds neither a review nor an average."""
        markup = page_of(response)
        page = described(markup)
        everything = list(_everything(page.things))
        reviews = [found for found in everything if _is_review(found)]
        main = _main_total(everything, reviews)
        reader = _Reader(self.config, address_of(response), site_of(response), main.about if main else None)
        mentions = reader.mentions(reviews[:MAX_REVIEWS])
        total = reader.total(main) if main else None
        if not mentions and total is None:
            raise nothing_found(markup, _why(len(reviews), page))
        return Page(
            mentions,
            totals=(total,) if total else (),
            problems=tuple(_problems(page, len(reviews))),
            repaired=page.mended or breaks_off(markup),
        )


def _why(found: int, page: Described) -> str:
    if found:
        return f"{found} reviews on the page, and not one has a text, a date or a name to know it by"
    if page.unreadable:
        return "the page's JSON-LD cannot be read, and it holds no other reviews"
    return "no reviews found in the page source; the page may build them with JavaScript"


def _problems(page: Described, found: int) -> Iterator[ItemProblem]:
    for block in page.unreadable:
        if "review" in block.lower():
            yield ItemProblem("a JSON-LD block with reviews that is not JSON", raw=block[:2000])
    if found > MAX_REVIEWS:
        yield ItemProblem(f"{found} reviews on one page; those after the first {MAX_REVIEWS} are left out")


# --- finding -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """A thing with its place on the page: what it belongs to, by which property, how deep."""

    thing: Thing
    owner: Thing | None = None
    via: str = ""
    depth: int = 0
    listed: bool = False  # in a list of other things

    @property
    def about(self) -> Thing | None:
        """Return what a review or an average is about."""
        return next(self.thing.things("itemreviewed"), self.owner if self.via in _HOLDS else None)


def _everything(things: Sequence[Thing]) -> Iterator[_Found]:
    """Yield all things, each once and the outermost first, but nothing of what is only related."""
    waiting = deque(_Found(thing) for thing in things)
    seen: set[int] = set()
    while waiting:
        found = waiting.popleft()
        if id(found.thing) in seen:
            continue
        seen.add(id(found.thing))
        yield found
        for via, values in found.thing.props.items():
            if via not in _RELATED:
                listed = found.listed or via == "itemlistelement"
                inside = (value for value in values if isinstance(value, Thing))
                waiting.extend(_Found(value, found.thing, via, found.depth + 1, listed) for value in inside)


def _is_review(found: _Found) -> bool:
    named = bool(found.thing.types & _REVIEWS)
    return found.thing.whole and (named or (not found.thing.types and found.via in ("review", "reviews")))


def _is_total(found: _Found) -> bool:
    named = bool(found.thing.types & _TOTALS)
    return not found.listed and (named or (not found.thing.types and found.via == "aggregaterating"))


def _main_total(everything: Sequence[_Found], reviews: Sequence[_Found]) -> _Found | None:
    """Return the average of what the page is about: pages also show those of other things, or the same one twice."""
    places = {id(found.thing): found for found in everything}
    reviewed = {id(about) for found in reviews if (about := found.about)}

    def rank(found: _Found) -> tuple[bool, bool, bool, int, int]:
        about = found.about
        place = places.get(id(about))
        main = about is not None and ("mainentityofpage" in about.props or (place and place.via == "mainentity"))
        value, _ = _average(found.thing)
        syntax = _SYNTAXES.index(found.thing.syntax)
        return not main, id(about) not in reviewed, value is None, place.depth if place else NOWHERE, syntax

    return min(filter(_is_total, everything), key=rank, default=None)


# --- reading -------------------------------------------------------------------------------------


def _on_scale(value: float, best: float | None, worst: float | None) -> Rating | None:
    """Return a mark, or None where its scale is not known: that is no bad mark."""
    if (best is None and value > USUAL_BEST) or (worst is None and value == 0):
        return None
    best = USUAL_BEST if best is None else best
    if worst is None:  # half a star is on a scale that begins below one
        worst = 0.0 if best <= 1 or 0 < value < 1 else 1.0
    rating = Rating(value, best, worst)
    return rating if rating.stars is not None else None


def _mark(value: Any) -> tuple[float, float | None] | None:
    """Return a number and, where it says so itself ("4 of 5", "80%"), the best there is."""
    if not isinstance(value, str):
        exact = number(value)
        return None if exact is None else (exact, None)
    found = _MARK.search(value[:200])
    if found is None:
        return None
    return float(found[1].replace(",", ".")), 100.0 if found[2] else number(found[3])


def _scaled(holder: Thing, *names: str) -> Rating | None:
    for mark in filter(None, map(_mark, holder.values(*names))):
        best, worst = (next(filter(None, map(_mark, holder.values(*ends))), None) for ends in (_BEST, _WORST))
        return _on_scale(mark[0], best[0] if best else mark[1], worst[0] if worst else None)
    return None


def _rating(review: Thing) -> Rating | None:
    for holder in review.things("reviewrating", "rating"):
        if (rating := _scaled(holder, *_VALUE)) is not None:
            return rating
    return _scaled(review, *_VALUE, "reviewrating", "rating")


def _average(total: Thing) -> tuple[float | None, float]:
    rating = next((found for holder in total.things("rating") if (found := _scaled(holder, *_VALUE))), None)
    rating = rating or _scaled(total, *_VALUE, "rating")
    # Zero with votes is a scale that we do not know, even where the page names its worst mark.
    return (rating.value, rating.best) if rating and rating.value > 0 else (None, USUAL_BEST)


def _count(total: Thing) -> int | None:
    for value in total.values("reviewcount", "ratingcount", "count", "votes"):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
        # "1,234" and "1.234 reviews" are thousands; "12.0" is twelve.
        if isinstance(value, str) and (digits := _COUNT.search(value[:200])):
            return int(re.sub(r"\D", "", re.sub(r"[.,]\d{1,2}$", "", digits[0])))
    return None


def _author(review: Thing) -> Author | None:
    names, url = [], None
    for value in review.values("author", "reviewer", "creator"):
        name = value.text("name", "givenname") if isinstance(value, Thing) else str(value).strip()
        if name and not _MAIL.fullmatch(name) and not name.startswith(("http://", "https://")):
            names.append(name)
            url = url or (value.text("url") if isinstance(value, Thing) else None)
    return Author(", ".join(names), url=safe_link(url)) if names else None


@dataclass(slots=True)
class _Draft:
    """A review that waits for its id. `own` is the id that the page gives it, if it is one."""

    mention: RawMention
    syntax: str
    own: str | None

    @property
    def day(self) -> str:
        when = self.mention.published_at
        return when.date().isoformat() if when else ""

    @property
    def name(self) -> str:
        name = plain(self.mention.author.name if self.mention.author else None)
        return "" if name in _NOBODY else name

    @property
    def words(self) -> str:
        return plain(self.mention.text or self.mention.title)

    @property
    def can_be_known(self) -> bool:
        """Say whether it says something, and is not any review with these stars."""
        says = self.words or self.mention.text or self.mention.rating
        return bool(says and (self.words or self.day or self.name or self.own))

    def is_copy_of(self, other: _Draft) -> bool:
        """Say whether both are one review in two syntaxes: what both tell is the same."""
        if self.syntax == other.syntax or (self.own and other.own and self.own != other.own):
            return False
        pairs = (
            (self.name, other.name),
            (self.day, other.day),
            (self.mention.rating and self.mention.rating.stars, other.mention.rating and other.mention.rating.stars),
        )
        if any(mine and theirs and mine != theirs for mine, theirs in pairs):
            return False
        mine, theirs = self.words, other.words
        return mine.startswith(theirs) or theirs.startswith(mine) if mine and theirs else self.day == other.day != ""

    def take(self, other: _Draft) -> None:
        """Take from a copy what is missing here."""
        mine, theirs = self.mention, other.mention
        self.own = self.own or other.own
        self.mention = replace(
            mine,
            text=max(mine.text, theirs.text, key=len),
            title=mine.title or theirs.title,
            author=mine.author or theirs.author,
            published_at=mine.published_at or theirs.published_at,
            rating=mine.rating or theirs.rating,
            language=mine.language or theirs.language,
        )


class _Reader:
    """Makes mentions of the reviews of one page."""

    def __init__(self, config: SchemaOrgConfig, address: str, site: str, main: Thing | None) -> None:
        self.config = config
        self.address = address
        self.main = main  # what the page is about
        self.site = site

    def mentions(self, reviews: Iterable[_Found]) -> tuple[RawMention, ...]:
        """Return the reviews, each once, JSON-LD before the others."""
        ordered = sorted(reviews, key=lambda found: _SYNTAXES.index(found.thing.syntax))
        ids = _trusted([self._own_id(found) for found in ordered])
        drafts: dict[str, list[_Draft]] = {}
        for found, own in zip(ordered, ids, strict=True):
            draft = _Draft(self._mention(found), found.thing.syntax, own)
            if not draft.can_be_known:
                continue
            # A copy may be cut ("…"), but not so short that it could be the beginning of another review.
            alike = drafts.setdefault(draft.words[:SHORTEST_CUT], [])
            twin = next((other for other in alike if other.is_copy_of(draft)), None)
            if twin is not None:
                twin.take(draft)
            else:
                alike.append(draft)
        known: dict[str, RawMention] = {}
        for draft in (draft for alike in drafts.values() for draft in alike):
            key = draft.own or self._key(draft)
            known.setdefault(key, replace(draft.mention, external_id=key))
        return tuple(known.values())

    def total(self, found: _Found) -> SiteTotal | None:
        """Return the site's own average and count, or None when it tells neither."""
        average, best = _average(found.thing)
        count = _count(found.thing)
        subject = self.subject(found.about)
        name = subject.place or subject.product or (self.address if len(self.config.addresses) > 1 else "")
        return SiteTotal(count, average, best, name) if count is not None or average is not None else None

    def subject(self, about: Thing | None) -> Subject:
        """Return what something is about: as the configuration says, else as the page does."""
        if self.config.place or self.config.product:
            return Subject(place=self.config.place, product=self.config.product)
        name = about.text("name") if about else None
        if about and (about.types & _PLACES or about.props.keys() & {"address", "geo"}):
            return Subject(place=name)
        return Subject(product=name)

    def _mention(self, found: _Found) -> RawMention:
        review = found.thing
        when = (parse_when(value) for name in _DATES if (value := review.text(name)))
        return RawMention(
            external_id="",
            text=review.text(*_BODY) or "",
            title=review.text(*_TITLE),
            url=safe_link(review.text("url"), self.address) or self.address,
            author=_author(review),
            published_at=next(filter(None, when), None),
            rating=_rating(review),
            language=review.text("inlanguage"),
            subject=self.subject(found.about or self.main),
            absent=frozenset({"reply"}),
        )

    def _own_id(self, found: _Found) -> str | None:
        """Return the review's own id or address, unless it is that of the page or of what it is about."""
        about = found.about
        taken = {urldefrag(link)[0] for link in (self.address, about and about.text("url"), about and about.id) if link}
        for name in (found.thing.id, found.thing.text("url")):
            if not name or name.startswith("_:"):
                continue
            link, fragment = urldefrag(safe_link(name, self.address) or name)
            if any(map(str.isdigit, fragment)) or (not fragment and link not in taken):
                return name
        return None

    def _key(self, draft: _Draft) -> str:
        """Return what stands for the id of a review that has none. The site's own words only, so it lasts."""
        mention = draft.mention
        author = plain(mention.author.name) if mention.author else ""
        when = mention.published_at.isoformat() if mention.published_at else ""
        subject = mention.subject.place or mention.subject.product or ""
        stars = f"{mention.rating.value:g}/{mention.rating.best:g}" if mention.rating else ""
        return fingerprint(self.site, author, when, draft.words[:KEY_WORDS] or subject, stars)


def _trusted(ids: list[str | None]) -> list[str | None]:
    """Return the ids, without those that several reviews share or that only count the reviews of a page."""
    times = Counter(ids)
    numbers = [int(found[-1][:18]) for name in ids if name and (found := _DIGITS.findall(name))]
    counted = [list(range(start, start + len(numbers))) for start in (0, 1)]
    if numbers in counted and len(numbers) == sum(map(bool, ids)):
        return [None] * len(ids)
    return [name if times[name] == 1 else None for name in ids]
