"""Whom a TLS connection trusts: the same on every release of Python."""

from __future__ import annotations

import ssl
from pathlib import Path


def client_context() -> ssl.SSLContext:
    """Return a new context: it trusts the system's authorities, or certifi's where a bare container has none.

    `SSL_CERT_FILE` in the environment names others.
    """
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())):
        return alike(ssl.create_default_context())
    import certifi

    return alike(ssl.create_default_context(cafile=certifi.where()))


def alike(context: ssl.SSLContext) -> ssl.SSLContext:
    """Set what releases of Python set differently, and return the context."""
    # With it (3.10 and 3.11, where OpenSSL is 3), an answer cut by a stranger looks complete.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", ssl.Options(0))
    # From 3.13 on: an authority that is named itself is enough; and only certificates without a flaw of form,
    # which those of many a company's own authority have. Nobody's alerts stop because Python became newer.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
