"""Tables of results: models named in a file, trained and measured where they are not yet, and written down."""

from vampcore.results.markdown import report, write_report
from vampcore.results.paired import stored_difference
from vampcore.results.table import Estimate, Table, TableError, read_table
from vampcore.results.work import Status, complete

__all__ = [
    "Estimate",
    "Status",
    "Table",
    "TableError",
    "complete",
    "read_table",
    "report",
    "stored_difference",
    "write_report",
]
