"""What the tests against servers share: their marker, and a driver."""

from __future__ import annotations

import pytest

from tests.pipeline.conftest import copied_url, drive, empty_file

__all__ = ["copied_url", "drive", "empty_file"]


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line("markers", "server: needs a server that a script in tests/servers starts")
