"""What has been said, as files for other programs and as figures for people."""

from __future__ import annotations

from monitor.reports.everything import export_all, import_all
from monitor.reports.files import FORMATS, as_csv, export, rows
from monitor.reports.month import Month, monthly
from monitor.reports.reading import read_csv
from monitor.store.export import COLUMNS
from monitor.text.cells import guard, unguard

__all__ = [
    "COLUMNS",
    "FORMATS",
    "Month",
    "as_csv",
    "export",
    "export_all",
    "guard",
    "import_all",
    "monthly",
    "read_csv",
    "rows",
    "unguard",
]
