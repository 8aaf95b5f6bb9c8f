"""Comma-separated values: every cell is text, and an empty cell is null."""

import csv
from collections.abc import Iterator
from io import StringIO

from tasks.data.raw import MAX_CELL_CHARACTERS, Misfit, Payload, Raw, laid_out, named
from tasks.data.text import decoded, refuse_foreign
from tasks.errors import Refused

JSON = {b"{": "JSON", b"[": "JSON"}


def rows(data: bytes) -> Raw:
    """Rows of a CSV file with a header, RFC 4180, UTF-8.

    A row with too few or too many fields, or that repeats the header, is a misfit. Raises
    `Refused`: empty_file, no_rows, not_csv, encoding, nul_byte, unclosed_quote, truncated,
    duplicate_header, too_large.
    """
    refuse_foreign(data, "not_csv", JSON)
    text = decoded(data)
    records = _records(text)
    header = next(records)
    names = named(header)
    fitting, numbers, misfits = [], [], []
    for number, record in enumerate(records):
        if len(record) == len(names) and record != header:
            fitting.append([cell or None for cell in record])
            numbers.append(number)
        else:
            reason = "repeated_header" if record == header else "field_count"
            misfits.append(Misfit(number, reason, _line(record)))
    if not numbers and not misfits:
        raise Refused("no_rows", f"a header of {len(names)} columns and 0 rows under it")
    _refuse_cut_end(text)
    return Raw(laid_out(names, fitting), numbers, tuple(misfits))


def _records(text: str) -> Iterator[list[str]]:
    """Records that are not blank lines."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        yield from (record for record in reader if record)
    except csv.Error as error:
        if "field limit" in str(error):
            raise Refused(
                "too_large",
                f"a cell in line {reader.line_num} has more than {MAX_CELL_CHARACTERS} characters",
            ) from error
        raise Refused(
            "unclosed_quote",
            f"a quotation mark is not closed, noticed in line {reader.line_num} ({error}); "
            'inside a quoted cell write "" for "',
        ) from error


def _refuse_cut_end(text: str) -> None:
    """The last cell of a line without an end may be half of what it was."""
    if not text.endswith(("\n", "\r")):
        last = text.splitlines()[-1]
        raise Refused(
            "truncated",
            f"the last line has no end: {last[-80:]!r}; send the file anew, or end it with a "
            "newline if it is whole",
        )


def _line(record: list[str]) -> Payload:
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(record)
    return {"_line": line.getvalue()}
