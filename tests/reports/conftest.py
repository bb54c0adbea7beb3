"""Mentions in a database, with as much around them as a test asks for."""

from __future__ import annotations

from tests.store.conftest import (  # noqa: F401  # fixtures
    file_store,
    full_url,
    store,
    templates,
)
