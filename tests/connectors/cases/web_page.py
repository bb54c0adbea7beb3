"""A shop's own review list; the other ways of marking stars, dates and ids have tests of their own."""

from __future__ import annotations

from typing import Any

from tests.connectors.kit import Answer, Cases

ADDRESS = "https://shop.example/reviews?page={page}"

OPTIONS: dict[str, Any] = {
    "url": ADDRESS,
    "pages": 3,
    "item": "li.review",
    "id": {"take": "attr:data-id"},
    "author": ".who",
    "title": "h3",
    "text": ".words",
    "date": "time",
    "rating": {"select": ".stars", "take": "attr:aria-label", "rule": "x of y"},
    "link": {"select": "a.more", "take": "attr:href"},
    "reply": ".answer",
}


def review(number: int = 1, text: str = "The kettle leaks.", stars: str = "2 of 5 stars", more: str = "") -> str:
    return (
        f"<li class='review' data-id='r-{number}'><h3>Review {number}</h3><b class='who'>Nia</b>"
        f"<time datetime='2026-11-2{number}T09:00:00Z'>yesterday</time><i class='stars' aria-label='{stars}'></i>"
        f"<p class='words'>{text}</p><a class='more' href='/r/{number}'>more</a>{more}</li>"
    )


def page(*items: str, before: str = "", head: str = "") -> Answer:
    return Answer(
        f"<!doctype html><html><head><title>Shop</title>{head}</head><body>{before}"
        f"<ul>{''.join(items)}</ul></body></html>",
        content_type="text/html; charset=utf-8",
    )


GOOD = (review(2, "Boils in a minute.", "5 of 5 stars"), review(1))

CASES = Cases(
    options=OPTIONS,
    bad_options=(
        {},
        {"url": "https://shop.example/reviews", "item": "li"},
        {"url": "https://shop.example/reviews", "text": "p"},
        {**OPTIONS, "url": "https://www.amazon.de/product-reviews/B0?page={page}"},
        {**OPTIONS, "url": "https://shop.example/reviews"},
        {**OPTIONS, "pages": 0},
        {**OPTIONS, "item": "li..review"},
        {**OPTIONS, "text": "p:unheard-of"},
        {**OPTIONS, "text": {"select": "p", "take": "colour"}},
        {**OPTIONS, "text": {"select": "p", "pattern": "(a"}},
        {**OPTIONS, "text": {"select": "p", "pattern": r"(?<=look)behind"}},
        {**OPTIONS, "text": {"selector": "p"}},
        {**OPTIONS, "date": {"select": "time", "format": "%d.%m."}},
        {**OPTIONS, "date": {"select": "time", "format": "%Q %Y"}},
        {**OPTIONS, "date": {"select": "time", "timezone": "CEST"}},
        {**OPTIONS, "rating": {"select": "i", "rule": "guess"}},
        {**OPTIONS, "rating": {"select": "i", "rule": "class"}},
        {**OPTIONS, "rating": {"rule": "count"}},
        {**OPTIONS, "rating": {"select": "i", "best": 1, "worst": 5}},
    ),
    first=page(*GOOD),
    first_ids=("r-2", "r-1"),
    next=page(review(3, "Arrived with a dent.")),
    empty="A list without a review is more often a selector that no longer fits: it is an error on purpose.",
    broken=page(*GOOD, "<li class='review'>Advertisement</li>"),
    unknown=page(*(item.replace("<h3>", "<svg></svg><h3 lang='en'>") for item in GOOD), before="<nav>Home</nav>"),
    drift=(
        page(*(item.replace("class='review'", "class='rv'") for item in GOOD)),
        page("<li class='review'>Home</li>", "<li class='review'>Shop</li>"),
        page(*["<li class='review'><p class='words'>Read more</p></li>"] * 20),
        page(*[f"<li class='review'><p class='words'>{number}</p></li>" for number in range(501)]),
    ),
    edited=page(GOOD[0], review(1, "The kettle leaks. Still.", "1 of 5 stars")),
    gone="A page only shows what is there; it never says that a review was deleted.",
    own="Pages name authors, but have no accounts; a name alone proves nothing.",
    answered=page(GOOD[0], review(1, more="<div class='answer'>We are sorry.</div>")),
)
