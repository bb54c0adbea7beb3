"""Rows as an Excel workbook: text cells hold text, whatever it looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any

from monitor.errors import UsageError
from monitor.store.export import COLUMNS

MAX_CELL = 32_767  # UTF-16 units; https://support.microsoft.com, "Excel specifications and limits"
MAX_ROWS = 1_048_576  # with the header; what is beyond goes to further sheets
NAME = "mentions"

Page = Sequence[Sequence[Any]]


def write_xlsx(pages: Iterable[Page], stream: IO[bytes]) -> int:
    """Write all rows, numbers as numbers and everything else as text. Returns how many.

    A text that is too long for a cell is cut, with a mark that says how long it was.
    """
    try:
        import xlsxwriter
    except ModuleNotFoundError as error:
        raise UsageError("Excel files need one more package: pip install 'review-monitor[xlsx]'") from error
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(stream, options)
    sheets = _Sheets(workbook)
    for page in pages:
        for row in page:
            sheets.write(row)
    workbook.close()
    return sheets.count


def fitted(text: str) -> str:
    """Return the text as it fits into a cell of Excel, which counts an astral character as two."""
    size = len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
    if size <= MAX_CELL:
        return text
    mark = f" [shortened, {len(text)} characters]"
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (MAX_CELL - len(mark))].decode("utf-16-le", "ignore")
    return f"{kept}{mark}"


class _Sheets:
    """Sheets that are filled one after the other."""

    def __init__(self, workbook: Any) -> None:
        self.count = 0
        self._workbook = workbook
        self._number = 0
        self._begin()

    def write(self, row: Sequence[Any]) -> None:
        if self._row == MAX_ROWS:
            self._begin()
        for column, (value, write) in enumerate(zip(row, self._writers, strict=True)):
            if value is not None:
                write(self._row, column, value)
        self._row += 1
        self.count += 1

    def _begin(self) -> None:
        self._number += 1
        sheet = self._workbook.add_worksheet(NAME if self._number == 1 else f"{NAME} {self._number}")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, COLUMNS)
        self._row = 1
        self._writers = [_write_cell(sheet, kind) for kind in COLUMNS.values()]


def _write_cell(sheet: Any, kind: str) -> Callable[[int, int, Any], object]:
    if kind in ("integer", "float"):
        write: Callable[[int, int, Any], object] = sheet.write_number
        return write
    if kind == "boolean":
        return lambda row, column, value: sheet.write_boolean(row, column, value == "true")
    return lambda row, column, value: sheet.write_string(row, column, fitted(value))
