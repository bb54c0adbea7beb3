"""A café's page with JSON-LD; the other ways of writing it, and everything broken, have tests of their own."""

from __future__ import annotations

import json
from typing import Any

from tests.connectors.kit import Answer, Cases

ADDRESS = "https://cafe.example/reviews"


def review(number: int = 1, body: str = "Cold coffee, cold shoulder.", /, **changes: Any) -> dict[str, Any]:
    """Return a review; a key given as None is left out."""
    fields = {
        "@type": "Review",
        "@id": f"{ADDRESS}#review-90{number}",
        "author": {"@type": "Person", "name": "Nia"},
        "datePublished": "2026-11-23",
        "reviewBody": body,
        "reviewRating": {"@type": "Rating", "ratingValue": "2", "bestRating": "5"},
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def cafe(*reviews: Any, count: int = 12, **changes: Any) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "CafeOrCoffeeShop",
        "name": "Acme Coffee",
        "address": "1 Mill Lane",
        "aggregateRating": {"@type": "AggregateRating", "ratingValue": 4.1, "reviewCount": count},
        "review": list(reviews),
        **changes,
    }


def page(*blocks: Any) -> Answer:
    """Return a page with JSON-LD blocks, each an object or a text as it stands."""
    scripts = "".join(
        f'<script type="application/ld+json">{block if isinstance(block, str) else json.dumps(block)}</script>'
        for block in blocks
    )
    return html(f"<h1>Acme Coffee</h1>{scripts}")


def html(body: str) -> Answer:
    return Answer(
        f"<!doctype html><html><head><title>Acme</title></head><body>{body}</body></html>",
        content_type="text/html; charset=utf-8",
    )


GOOD = (review(2, "Best flat white in town.", reviewRating={"ratingValue": 5}), review(1))

CASES = Cases(
    options={"url": ADDRESS},
    bad_options=(
        {},
        {"urls": []},
        {"url": "cafe.example/reviews"},
        {"url": "ftp://cafe.example/reviews"},
        {"url": "https://nia:secret@cafe.example/reviews"},
        {"url": "https://www.tripadvisor.co.uk/Restaurant_Review-1.html"},
    ),
    first=page(cafe(*GOOD)),
    first_ids=(f"{ADDRESS}#review-902", f"{ADDRESS}#review-901"),
    next="Each page is named in the configuration; none leads to another.",
    empty=page(cafe(count=0, aggregateRating={"@type": "AggregateRating", "ratingValue": 0, "reviewCount": 0})),
    broken=page(cafe(*GOOD), "{'@type': 'Review', 'reviewBody': 'in quotes that JSON has not'}"),
    unknown=page(cafe(*(entry | {"mood": {"@type": "Mood"}} for entry in GOOD), weather="rain"), {"@type": "Sun"}),
    drift=(
        page({"@type": "CafeOrCoffeeShop", "opinion": [{**entry, "@type": "Opinion"} for entry in GOOD]}),
        page(cafe(aggregateRating=None)),
        page([]),
        page("null"),
        html("<div class='review'>Cold coffee.</div>"),
        html("<div itemprop='review'>Cold coffee.</div>"),
    ),
    edited=page(cafe(GOOD[0], review(1, "Cold coffee, cold shoulder, no refund."))),
    gone="A page lists its newest reviews; it never says that one was deleted.",
    own="Pages name authors, but have no accounts; a name alone proves nothing.",
    answered="The vocabulary has no place for the answer of a business; a comment may be anybody's.",
)
