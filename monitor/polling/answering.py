"""An answer of ours, posted in public: checked, written down by the caller, sent once, and what the site said to it."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.config import SourceSettings
from monitor.errors import FetchError, LookError, UsageError
from monitor.exchange import Request
from monitor.models import Mention, Reply
from monitor.polling.asking import Asking
from monitor.polling.tools import Tools


@dataclass(frozen=True, slots=True)
class Posted:
    """How posting ended: an answer as the site took it, or an error. `maybe`: it may stand there all the same."""

    reply: Reply | None = None
    error: LookError | None = None
    maybe: bool = False


def prepared(source: SourceSettings, mention: Mention, text: str) -> Request:
    """Return what would post an answer. Raises UsageError where the site takes none, or it is too long."""
    connector = source.build()
    limit = connector.reply_limit
    if limit is None:
        raise UsageError(f"{source.name}: I cannot answer there for you; use the link of the mention")
    if not text.strip():
        raise UsageError("an answer needs words")
    if len(text) > limit:
        raise UsageError(
            f"the answer has {len(text):,} characters, and {connector.title or source.name} takes {limit:,}: "
            f"shorten it by {len(text) - limit:,}"
        )
    return connector.reply(mention, text)


def post(source: SourceSettings, request: Request, tools: Tools) -> Posted:
    """Send an answer, once. Never raises for what a site does."""
    asking = Asking(source, source.build(), tools)
    try:
        return Posted(asking.answer(request))
    except FetchError as error:
        return Posted(error=error, maybe=error.sent)
    except LookError as error:
        # Refused before it had any effect; an answer nobody can read comes after it had.
        return Posted(error=error, maybe=error.code == "shape")
    finally:
        asking.close()
