"""The killable child in which HTML, XML and feeds are parsed.

What strangers send may take a parser minutes or gigabytes, or crash it. So it is read in another
process, which the kernel ends at a limit of time or memory; the page is then an error, and nothing
else has happened. The process has no secret, no socket but the one to us, and opens no file that
is not code.

There are two kinds of child (`child`). The *nursery* loads the code once and does nothing but fork;
a *parser*, forked from it in milliseconds, reads one page after the other. Both end by themselves
when there has been nothing to do for a while, or when this process has gone. `pool` keeps them,
`speech` is how both sides talk.
"""

from monitor.sandbox.pool import Sandbox

__all__ = ["Sandbox"]
