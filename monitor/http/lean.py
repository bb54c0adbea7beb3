"""httpx without its command line, and silent. The other modules of this room take it from here."""

from __future__ import annotations

import logging
import sys

# `import httpx` loads its command line, and with it click, rich and Pygments: twice the time, 4 MB more. What
# stands as None cannot be imported, and httpx is ready for that.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx  # noqa: E402 - the line above comes first

# httpx writes every address into its log, with the keys in it; httpcore writes headers, with cookies and tokens.
# A log that somebody turns on again, to look for a fault, is still empty.
logging.getLogger("httpx").disabled = True
logging.getLogger("httpx").addFilter(lambda _: False)
logging.getLogger("httpcore").setLevel(logging.WARNING)

__all__ = ["httpx"]
