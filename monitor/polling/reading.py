"""What a connector stumbles over in an answer becomes an error that names the key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from monitor.errors import ParseError


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Read something a site sent: `what` names it, as in "the answer". Raises ParseError for another shape."""
    try:
        yield
    except KeyError as error:
        key = str(error.args[0])[:80] if error.args else ""
        raise ParseError(f"{what} has no `{key}`; the site may have changed its shape") from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ParseError(f"{what} has another shape than expected ({type(error).__name__})") from error
