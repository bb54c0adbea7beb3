"""Pages that stand before the page one asked for: log in, prove that you are human, accept, enable JavaScript.

They come with status 200, and read as "no reviews" by whoever expects a list. A false alarm hides a
good page, so a wall must look like one in two ways: what it says, and that it says little else.
"""

from __future__ import annotations

import re

MAX_READ = 128 * 1024  # bytes looked at
# Characters of readable text. A page with content has more, or words of its own.
WALL_WITH_TITLE = 1500  # its title says what it is
WALL = 600
BARE = 80  # nothing but a frame for scripts
SHELL = 50 * 1024  # bytes of such a frame; a page that brings its data in a script is larger

_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body|title|meta|!--|script|div|form|noscript)", re.IGNORECASE
)
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_PASSWORD = re.compile(r"<input[^<>]{0,500}type\s?=\s?[\"']?password", re.IGNORECASE)
_REVIEWS = re.compile(
    r"reviewBody|ratingValue|aggregateRating|reviewRating|itemprop\s?=\s?[\"']?review|schema\.org/Review\b"
    r"|@type\"\s?:\s?\"Review\"|typeof\s?=\s?[\"'](?:v:|schema:)?Review",
    re.IGNORECASE,
)
# What sites must say when they use it, below anything.
_CREDITS = re.compile(r"(?:is |site )?protected by (?:re|h)?captcha", re.IGNORECASE)


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


_HUMAN = "a proof that we are human"
_LOG_IN = _any(
    r"\b(?:log|sign) ?-?in\b", r"\blogin\b", "anmelden", "einloggen", "se connecter", "iniciar sesión", "accedi"
)
_TITLES = {
    _HUMAN: _any(
        "just a moment",
        "attention required",
        "one more step",
        "pardon our interruption",
        "checking your browser",
        "unusual traffic",
        "captcha",
        "ddos protection",
        "access (?:to this page has been )?denied",
        "are you (?:a )?(?:human|robot)",
        "(?:robot|bot) (?:check|detection|protection)",
        "human verification",
        "verify(?:ing)? (?:that )?you are (?:a )?human",
        "security (?:check|verification)",
        "sicherheitspr(?:ü|ue)fung",
        "vérification de sécurité",
    ),
    "a log-in": _any(
        r"^\W*(?:please )?(?:log|sign) ?-?in\b",
        r"^\W*(?:login|anmelden|einloggen|se connecter|connexion|iniciar sesión|accedi|inloggen)\b",
    ),
    "a consent": _any(
        r"^\W*(?:before you continue|bevor sie fortfahren|avant d'accéder|antes de continuar)",
    ),
}
_WORDS = {
    _HUMAN: _any(
        "captcha",
        "(?:verify|confirm|prove) (?:that )?you(?:'| a)re (?:a )?(?:human|not a (?:ro)?bot)",
        "unusual (?:traffic|activity) from",
        "checking (?:if the site connection is secure|your browser)",
        "automated (?:access|requests|queries)",
        "you have been blocked",
        "kein roboter",
        "n'êtes pas un robot",
        "no (?:soy|eres) un robot",
    ),
    "JavaScript": _any(
        "(?:enable|turn on|activate) (?:your )?java ?script",
        "(?:requires?|needs?|without) java ?script",
        "java ?script (?:is|must be|needs to be|seems to be|has been) (?:disabled|enabled|required|turned|activated)",
        "java ?script (?:aktivieren|ist deaktiviert|est désactivé)",
        "activ(?:er|ar) java ?script",
    ),
    "a consent": _any(
        "(?:accept|agree to|allow|enable|consent to)(?: (?:all|our|the use of|your))* cookies? (?:to|before|and) "
        "(?:continue|proceed|access|view|enter|read)",
        "before you continue",
        "cookies? (?:must be|need to be|are) (?:enabled|accepted|required)",
        "please enable cookies",
    ),
    "a log-in": _any(
        r"(?:please |you (?:must|need to|have to) )(?:log|sign) ?in\b",
        "(?:log|sign) ?in to (?:continue|view|see|your account)",
    ),
}


def wall(body: bytes, content_type: str) -> str | None:
    """Return what a page wants before it shows anything, in words, or None when it is no such page.

    `content_type` is the media type, or "". Looks at HTML only; a page that marks up reviews for machines is no wall.
    """
    if "html" not in content_type and (content_type or not _MARKUP.match(body[:1024])):
        return None
    page = body[:MAX_READ].decode("utf-8", "replace")
    if _REVIEWS.search(page):
        return None
    # bytes.lower() changes ASCII only, so both have the same length.
    text, asides = _readable(page, body[:MAX_READ].lower().decode("utf-8", "replace"))
    title = _TITLE.search(page)
    if title and len(text) < WALL_WITH_TITLE and (wanted := _named(_TITLES, _plain(title[1]))):
        return wanted
    if len(text) < WALL:
        return _said(text, asides, page, shell=len(body) < SHELL)
    return None


def _said(text: str, asides: str, page: str, *, shell: bool) -> str | None:
    if wanted := _named(_WORDS, text):
        return wanted
    if _PASSWORD.search(page) and _LOG_IN.search(text):
        return "a log-in"
    # "Enable JavaScript" in a <noscript> stands on honest pages, too: it counts where nothing else does.
    return _named(_WORDS, asides) if shell and len(text) < BARE else None


def _named(patterns: dict[str, re.Pattern[str]], text: str) -> str | None:
    return next((wanted for wanted, pattern in patterns.items() if pattern.search(text)), None)


def _readable(page: str, lower: str) -> tuple[str, str]:
    """Return the text of a page, and that of its <noscript> parts. One pass, whatever the page does."""
    texts: list[str] = []
    asides: list[str] = []
    into = texts
    at = 0
    while at < len(page):
        start = lower.find("<", at)
        into.append(page[at : start if start >= 0 else len(page)])
        if start < 0:
            break
        if lower.startswith("<noscript", start):
            into = asides
        elif lower.startswith("</noscript", start):
            into = texts
        at = _after(lower, start)
    return _plain(" ".join(texts)), _plain(" ".join(asides))


_SKIPPED = ("script", "style", "template", "title", "svg")


def _after(lower: str, start: int) -> int:
    """Return where the text goes on behind the tag at `start`; what is never closed hides all the rest."""
    if lower.startswith("<!--", start):
        end = lower.find("-->", start + 4)
        return end + 3 if end >= 0 else len(lower)
    for name in _SKIPPED:
        if lower.startswith(f"<{name}", start):
            start = lower.find(f"</{name}", start)
    end = lower.find(">", start) if start >= 0 else -1
    return end + 1 if end >= 0 else len(lower)


_ENTITIES = {"&nbsp;": " ", "&#39;": "'", "&#x27;": "'", "&apos;": "'", "&rsquo;": "'", "’": "'"}


def _plain(text: str) -> str:
    for written, meant in _ENTITIES.items():
        text = text.replace(written, meant)
    return _CREDITS.sub("", " ".join(text.split()))
