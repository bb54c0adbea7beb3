"""Mail as people read it: one message's bytes → who wrote, what, which links, and who vouches for the sender.

Nothing here raises for what a stranger sends: what cannot be taken apart is read as far as its headers go. The cost
is bounded before the standard library's parser is asked, whose time grows with lines times parts.
https://www.rfc-editor.org/rfc/rfc5322, rfc2045, rfc2047, rfc3834 (automatic answers), rfc8601 (who vouches).
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import getaddresses
from html import unescape

from monitor.exchange import read_http_date
from monitor.text import decode, fingerprint, from_html, safe_link

MAX_PARTS = 200
MAX_WORK = 3_000_000  # lines times parts that the parser is given
MAX_HEAD = 64 * 1024  # bytes of headers that are read where the rest is not
MAX_HEADERS = 500
MAX_VALUE = 4_000  # characters of one header
MAX_TEXT = 100_000  # characters
MAX_LINKS = 200

_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\s]{0,2000})\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_ID = re.compile(r"<([^<>\s]{1,300})>")
_FLOWED = re.compile(r"(?<!^--)(?<!\n--) \n(?![> ]|$)")
_TAG = re.compile(r"<(img|a)\b([^<>]{0,4000})>", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]{1,60})"|'([^']{1,60})')""", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]{1,2100})"|'([^']{1,2100})')""", re.IGNORECASE)
_BARE = re.compile(r"https?://[^\s<>\"')\]}]{4,2000}")
_LIST_HEADERS = ("list-id", "list-unsubscribe", "list-post")
_BULK = {"bulk", "list", "junk", "auto_reply"}
_MACHINES = re.compile(r"(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)(?:[+.-].*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)  # what cannot be read is kept by its repr, and addresses are not
class Letter:
    """One message. Addresses are lower case; what is unknown is empty."""

    sender: str = ""
    name: str = ""
    subject: str = ""
    message_id: str = ""
    answers: tuple[str, ...] = ()  # the ids it answers: In-Reply-To first, then References from the newest back
    root: str = ""  # the first message of its thread; its own id when it begins one
    sent_at: datetime | None = None
    text: str = ""
    markup: str = ""  # the HTML it was made from, when it was
    links: tuple[str, ...] = ()
    automatic: bool = False  # no person wrote it to us: a list, an answering machine, a bounce, a program
    vouched: tuple[str, ...] = ()  # results of the receiving server, top header first, as it wrote them
    is_whole: bool = True  # False: only its headers could be read
    inner: Letter | None = None  # the message it forwards

    @property
    def domain(self) -> str:
        """Return the sender's domain."""
        return self.sender.rpartition("@")[2]


def read_letter(raw: bytes) -> Letter:
    """Return the letter in some bytes. Never raises."""
    message, whole = _parsed(raw)
    return _letter(message, is_whole=whole)


def key_of(message_id: str) -> str:
    """Return the key of a message id: nobody's address can be read in it, as it can be in some ids."""
    return f"mail-{fingerprint(message_id)}"


def _parsed(raw: bytes) -> tuple[Message, bool]:
    work = (raw.count(b"\n") + 1) * (1 + raw.lower().count(b"boundary"))
    if work <= MAX_WORK:
        try:
            return BytesParser().parsebytes(raw), True
        except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
            pass  # a hundred letters inside one another, a header that breaks the library
    return BytesHeaderParser().parsebytes(raw[:MAX_HEAD]), False


def _letter(message: Message, *, is_whole: bool) -> Letter:
    headers = _headers(message)
    senders = _addresses(headers.get("from", []))
    name, sender = senders[0] if senders else ("", "")
    ids = _ids(headers.get("message-id", []))
    answers = list(
        dict.fromkeys([*_ids(headers.get("in-reply-to", [])), *reversed(_ids(headers.get("references", [])))])
    )
    plain, markup, inner = _bodies(message) if is_whole else ("", "", None)
    text, used = _chosen(plain, markup)
    references = _ids(headers.get("references", [])) or answers[-1:]
    return Letter(
        sender=sender,
        name=name,
        subject=words(_first(headers, "subject")),
        message_id=ids[0] if ids else "",
        answers=tuple(answers[:50]),
        root=references[0] if references else (ids[0] if ids else ""),
        sent_at=read_http_date(_first(headers, "date")[:200]),
        text=text[:MAX_TEXT],
        markup=used,
        links=tuple(_links(markup, plain)),
        automatic=_is_automatic(message, headers, sender),
        vouched=tuple(headers.get("authentication-results", ())[:10]) if len(senders) == 1 else (),
        is_whole=is_whole,
        inner=_letter(inner, is_whole=True) if inner is not None else None,
    )


# --- headers -------------------------------------------------------------------------------------


def _headers(message: Message) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for number, (name, value) in enumerate(message.raw_items()):
        if number >= MAX_HEADERS:
            break
        raw = str(value)[:MAX_VALUE].encode("utf-8", "surrogateescape")
        found.setdefault(name.lower(), []).append(" ".join(decode(raw).split()))
    return found


def _first(headers: dict[str, list[str]], name: str) -> str:
    return next(iter(headers.get(name, ())), "")


def words(value: str) -> str:
    """Return a header with its encoded words decoded; those that are broken stay as they are."""
    return " ".join(_ENCODED.sub(_decoded, _joined(value)).split())


def _joined(value: str) -> str:
    # Between two encoded words space means nothing: https://www.rfc-editor.org/rfc/rfc2047#section-6.2
    return _BETWEEN.sub(r"\1", value)


def _decoded(found: re.Match[str]) -> str:
    charset, way, content = found.groups()
    try:
        if way in "bB":
            raw = base64.b64decode(content + "=" * (-len(content) % 4))
        else:
            raw = quopri.decodestring(content.replace("_", " ").encode("ascii", "replace"), header=False)
    except (binascii.Error, ValueError):
        return found[0]
    return decode(raw, f"text/plain; charset={charset.partition('*')[0]}")


def _addresses(values: Iterable[str]) -> list[tuple[str, str]]:
    """Return names and addresses. Encoded words are decoded last: what they hold is a name, never an address."""
    try:
        pairs = getaddresses(list(values)[:5])
    except (ValueError, TypeError, IndexError, RecursionError):
        return []
    found = [(words(name), address.strip().lower()) for name, address in pairs if address.count("@") == 1]
    return found[:20]


def _ids(values: Iterable[str]) -> list[str]:
    text = " ".join(values)
    return _ID.findall(text) or [text.strip("<> ")[:300]] * bool(text.strip("<> ") and " " not in text.strip())


def _is_automatic(message: Message, headers: dict[str, list[str]], sender: str) -> bool:
    said = _first(headers, "auto-submitted").partition(";")[0].strip().lower()
    return (
        said not in ("", "no")
        or _first(headers, "precedence").strip().lower() in _BULK
        or any(name in headers for name in ("x-auto-response-suppress", "x-autoreply", "x-autorespond", *_LIST_HEADERS))
        or _first(headers, "return-path").strip() == "<>"
        or message.get_content_type() == "multipart/report"
        or _MACHINES.fullmatch(sender.partition("@")[0]) is not None
    )


# --- the words -----------------------------------------------------------------------------------


def _bodies(message: Message) -> tuple[str, str, Message | None]:
    """Return the plain text, the markup, and the first message that is forwarded inside."""
    plain: list[str] = []
    markup: list[str] = []
    inner: Message | None = None
    waiting, count = [message], 0
    while waiting and count < MAX_PARTS:
        part, count = waiting.pop(), count + 1
        kind, inside = part.get_content_type(), part.get_payload()
        if kind == "message/rfc822":
            held = inside[0] if isinstance(inside, list) and inside else None
            inner = inner or (held if isinstance(held, Message) else None)
        elif isinstance(inside, list):
            waiting += [one for one in reversed(inside) if isinstance(one, Message)]
        elif kind in ("text/plain", "text/html") and not _is_attached(part):
            (markup if kind == "text/html" else plain).append(_text(part))
    return "\n".join(filter(None, plain)), "\n".join(filter(None, markup)), inner


def _is_attached(part: Message) -> bool:
    return str(part.get("content-disposition", "")).strip().lower().startswith("attachment")


def _text(part: Message) -> str:
    try:
        raw = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        return ""
    kind = str(part.get("content-type", ""))[:500]
    text = decode(raw, kind).replace("\r\n", "\n").replace("\0", "") if isinstance(raw, bytes) else ""
    return _FLOWED.sub(" ", text) if "flowed" in kind.lower() else text


def _chosen(plain: str, markup: str) -> tuple[str, str]:
    """Return the text to read: the plain one, unless it says far less than the markup, as that of many notices does."""
    shown = shown_text(markup) if markup else ""
    stripped = plain.strip()
    return (shown, markup) if len(shown) > 2 * len(stripped) + 200 or not stripped else (stripped, "")


def shown_text(markup: str) -> str:
    """Return the words of a mail's markup, those of its pictures included: stars often are one."""
    return from_html(_TAG.sub(_picture, markup))


def _picture(tag: re.Match[str]) -> str:
    said = _ALT.search(tag[2]) if tag[1].lower() == "img" else None
    words_ = (said[1] or said[2]).strip() if said else ""
    return f" {words_} " if words_ else tag[0]


def _links(markup: str, plain: str) -> Iterator[str]:
    named = (_HREF.search(tag[2]) for tag in _TAG.finditer(markup) if tag[1].lower() == "a")
    found = [unescape(one[1] or one[2]) for one in named if one]
    found += [link.rstrip(".,;:!?") for link in _BARE.findall(plain)]
    yield from list(dict.fromkeys(filter(None, map(safe_link, found))))[:MAX_LINKS]


# --- only what is new ----------------------------------------------------------------------------

_QUOTE_IN_MARKUP = re.compile(
    r"""<(?:div|blockquote|hr|table)\b[^>]{0,500}?(?:class\s*=\s*["']?[^"'>]{0,200}(?:gmail_quote|moz-cite-prefix|yahoo_quoted)"""
    r"""|type\s*=\s*["']?cite|id\s*=\s*["']?(?:stopSpelling|appendonsend|divRplyFwdMsg))""",
    re.IGNORECASE,
)
_WROTE = r"(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|schreef|escreveu)"
# Who begins so names a day; else what is quoted must follow with its marks, or somebody's own words would be lost.
_DATED = re.compile(rf"(?:On|Am|Le|El|Il|Op|Em|Den|W dniu)\b(?=.*\d).{{3,300}}\b{_WROTE}\b.{{0,100}}:")
_SAYS = re.compile(rf".{{3,200}}\b{_WROTE}\s?:")
_ORIGINAL = re.compile(
    r"\W{2,}\s*(?:Original Message|Original Appointment|Forwarded message|Ursprüngliche Nachricht"
    r"|Weitergeleitete Nachricht|Message d'origine|Mensaje original|Messaggio originale|Oorspronkelijk bericht"
    r"|Mensagem original)\s*\W{2,}",
    re.IGNORECASE,
)
_FROM = re.compile(r"\*?(?:From|Von|De|Da|Van)\s?:\*?\s?\S.*")
_MORE = re.compile(
    r"\*?(?:Sent|Date|To|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Para|Asunto|Inviato|A|Oggetto)\s?:"
)
_DEVICE = re.compile(
    r"(?:Sent|Get Outlook) (?:from|for) (?:my )?[\w .-]{2,40}|Von meinem [\w .-]{2,30} gesendet"
    r"|Envoyé de(?:puis)? mon [\w .-]{2,30}|Enviado desde mi [\w .-]{2,30}|Inviato da(?:l mio)? [\w .-]{2,30}"
)


def new_text(letter: Letter) -> str:
    """Return what the sender wrote now: no quoted history, no signature. All of it where nothing else is left."""
    quote = _QUOTE_IN_MARKUP.search(letter.markup)
    before = _own_lines(shown_text(letter.markup[: quote.start()])) if quote else ""
    return before or _own_lines(letter.text) or letter.text.strip()


def _own_lines(text: str) -> str:
    lines = text[:MAX_TEXT].split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if lines[at] in ("-- ", "--") or _ORIGINAL.fullmatch(line) or _is_head(lines, at):
            break
        length = _attribution(lines, at)
        if length:
            at += length
            if not _quotes_follow(lines, at):
                break  # what follows is quoted without a mark
            continue
        if not line.startswith(">") and not _DEVICE.fullmatch(line):
            kept.append(lines[at].rstrip())
        at += 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _attribution(lines: list[str], at: int) -> int:
    """Return how many lines say who wrote what is quoted next; mail programs break them."""
    for length in (1, 2, 3):
        some = [line.strip() for line in lines[at : at + length]]
        joined = " ".join(some)
        if not all(some) or len(joined) > 400:
            return 0
        if _DATED.fullmatch(joined) or (_SAYS.fullmatch(joined) and _quotes_follow(lines, at + length)):
            return length
    return 0


def _quotes_follow(lines: list[str], at: int) -> bool:
    return any(line.lstrip().startswith(">") for line in lines[at : at + 3])


def _is_head(lines: list[str], at: int) -> bool:
    """Say whether the headers of a quoted mail begin here, as Outlook writes them."""
    return _FROM.fullmatch(lines[at].strip()) is not None and any(
        _MORE.match(line.strip()) for line in lines[at + 1 : at + 4]
    )


# --- who vouches ---------------------------------------------------------------------------------


def is_vouched_for(letter: Letter, server: str | None) -> bool:
    """Say whether our own receiving server found that the mail comes from its sender's domain.

    Only the topmost header that names `server` counts; further ones, and those of others, anybody can write.
    DKIM must pass for the domain, or SPF and DMARC both.
    """
    if not server or not letter.domain:
        return False
    for header in letter.vouched:
        name, *results = _bare(header).split(";")
        if name.split()[:1] == [server.lower()]:
            return _passes(results, letter.domain)
    return False


def vouching_server(letter: Letter) -> str | None:
    """Return the server that the topmost header names as having checked the mail."""
    name = _bare(letter.vouched[0]).split(";")[0].split() if letter.vouched else []
    return name[0] if name and "=" not in name[0] else None


def _passes(results: Iterable[str], domain: str) -> bool:
    spf = dmarc = False
    for result in results:
        fields = result.split()
        given = dict(field.split("=", 1) for field in fields if field.count("=") >= 1)
        if fields[:1] == ["dkim=pass"]:
            signer = given.get("header.d") or given.get("header.i", "").rpartition("@")[2]
            if are_aligned(signer, domain):
                return True
        elif fields[:1] == ["spf=pass"]:
            spf = are_aligned(given.get("smtp.mailfrom", given.get("smtp.from", "")).rpartition("@")[2], domain)
        elif fields[:1] == ["dmarc=pass"]:
            dmarc = True
    return spf and dmarc


def are_aligned(one: str, other: str) -> bool:
    """Say whether two domains are the same, or one lies below the other."""
    one, other = one.strip(".").lower(), other.strip(".").lower()
    if "." not in one or "." not in other:
        return False
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


def _bare(header: str) -> str:
    """Return a header without comments and quoted parts, in lower case: both may hold what a stranger wrote."""
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for letter in header:
        if escaped:
            escaped = False
        elif letter == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = letter != '"'
        elif letter == '"' and not depth:
            quoted = True
            out.append("q")
        elif letter == "(":
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
        elif not depth:
            out.append(letter)
    return "" if depth or quoted else "".join(out).lower()
