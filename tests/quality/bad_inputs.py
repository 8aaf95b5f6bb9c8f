"""What can come in: how to build it, and what must become of it. Ids are those of the list."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from tests.quality.orders import ORDERS, TODAY, Row, row, rows, written

CSV = f"{TODAY}.csv"
DAY = written(rows())
LINES = DAY.decode().splitlines()


@dataclass(frozen=True)
class Case:
    """A delivery and its verdict: a code when refused, else rows kept and held by reason."""

    id: str
    build: Callable[[], bytes]
    code: str = ""
    says: tuple[str, ...] = ()
    kept: int = 0
    held: tuple[str, ...] = ()
    warns: str = ""
    name: str = CSV


def refused(case: str, build: Callable[[], bytes], code: str, *says: str, name: str = CSV) -> Case:
    return Case(case, build, code, says, name=name)


def accepted(case: str, build: Callable[[], bytes], warns: str = "", name: str = CSV) -> Case:
    return Case(case, build, kept=ORDERS, warns=warns, name=name)


def holds(case: str, build: Callable[[], bytes], *held: str, kept: int = ORDERS - 1) -> Case:
    return Case(case, build, kept=kept, held=held)


def one(number: int = 3, **cells: str) -> Callable[[], bytes]:
    """A day with one order changed."""
    return lambda: written(rows(changed={number: cells}))


def every(**cells: str) -> Callable[[], bytes]:
    """A day with every order changed."""
    return lambda: written([order | cells for order in rows()])


def lines(*changed: str) -> Callable[[], bytes]:
    return ("\n".join(changed) + "\n").encode


def scaled(factor: float) -> Callable[[], bytes]:
    """A day with its amounts in another unit."""
    return lambda: written([o | {"amount": str(int(o["amount"]) * factor)} for o in rows()])


def renamed(**names: str) -> Callable[[], bytes]:
    return lambda: written([{names.get(n, n): c for n, c in order.items()} for order in rows()])


def with_column(name: str) -> Callable[[], bytes]:
    return lambda: written([order | {name: "1"} for order in rows()])


def without_column(name: str) -> Callable[[], bytes]:
    return lambda: written([{n: c for n, c in o.items() if n != name} for o in rows()])


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def parquet(changes: Mapping[str, pa.Array] | None = None) -> bytes:
    """The day with types, some columns changed."""
    day: list[Row] = rows()
    at = pa.timestamp("us", "UTC")
    table = {name: pa.array([order[name] for order in day]) for name in day[0]}
    table["note"] = pa.nulls(ORDERS)
    table["day"] = table["day"].cast(pa.date32())
    table["amount"] = pa.array([float(order["amount"]) for order in day])
    table["quantity"] = pa.array([int(order["quantity"]) for order in day])
    table["late"] = pa.array([order["late"] == "true" for order in day])
    for name in ("placed_at", "known_at"):
        table[name] = table[name].cast(at)
    file = io.BytesIO()
    pq.write_table(pa.table(table | dict(changes or {})), file)
    return file.getvalue()


def jsonl(changes: Mapping[int, Mapping[str, object]] | None = None) -> bytes:
    day = [order | {"amount": 10.5, "quantity": 2, "late": None} for order in rows()]
    changed = [order | dict((changes or {}).get(i, {})) for i, order in enumerate(day)]
    return "".join(json.dumps(order) + "\n" for order in changed).encode()


def naive_times() -> pa.Array:
    return pa.array([f"{TODAY}T10:00:00"] * ORDERS).cast(pa.timestamp("us"))


def bomb() -> bytes:
    """Three hundred million cells in a few kilobytes."""
    file = io.BytesIO()
    pq.write_table(pa.table({f"c{i}": pa.nulls(10**6) for i in range(300)}), file)
    return file.getvalue()


PARQUET, JSONL = f"{TODAY}.parquet", f"{TODAY}.jsonl"

FILES = [
    refused("D01-empty-file", lambda: b"", "empty_file", "0 bytes"),
    refused("D02-header-only", lines(LINES[0]), "no_rows", "10 columns", "0 rows"),
    refused("D03-white-space", lambda: b" \n\n", "empty_file", "white space"),
    refused("D06-utf16", lambda: DAY.decode().encode("utf-16"), "encoding", "UTF-16"),
    refused("D06-latin1", lambda: DAY + "é".encode("latin-1"), "encoding", f"byte {len(DAY)}"),
    refused("D13-nul", lambda: DAY.replace(b"toys", b"to\0s", 1), "nul_byte", "line 2"),
    refused("D11-cut", lambda: DAY[:-30], "truncated", "last line"),
    refused("D11-cut-cell", lambda: DAY[:-1], "truncated", "newline"),
    refused("D12-quote", lambda: DAY.replace(b"toys", b'"toys', 1), "unclosed_quote", "line"),
    refused("D65-parquet-cut", lambda: parquet()[:-100], "truncated", "Parquet", name=PARQUET),
    refused("D65-parquet-empty", lambda: b"", "empty_file", name=PARQUET),
    refused("D65-parquet-junk", lambda: parquet() + b"x", "truncated", name=PARQUET),
    refused("D65-csv-as-parquet", lambda: DAY, "bad_parquet", name=PARQUET),
    refused("D67-parquet-bomb", bomb, "too_large", "cells", name=PARQUET),
    refused("D68-gzip-cut", lambda: gzip.compress(DAY)[:-9], "truncated", name=CSV + ".gz"),
    refused("D68-not-gzip", lambda: DAY, "bad_archive", name=CSV + ".gz"),
    refused(
        "D68-nested", lambda: gzip.compress(gzip.compress(DAY)), "not_csv", name=CSV + ".gz"
    ),
    refused("D68-zip-of-two", lambda: zipped(a=DAY, b=DAY), "bad_archive", "2 files",
            name=CSV + ".zip"),
    refused("D68-zip-cut", lambda: zipped(a=DAY)[:-30], "truncated", name=CSV + ".zip"),
    refused("D69-html", lambda: b"<html>503</html>", "not_csv", "HTML", "503"),
    refused("D69-json", lambda: b'{"error": 503}', "not_csv", "JSON"),
    refused("D69-parquet-as-csv", parquet, "not_csv", "Parquet"),
    refused("D71-huge-cell", one(note="x" * (2**20 + 1)), "too_large", "line 5", "1048576"),
    refused("D72-columns", lambda: b",".join(b"c%d" % i for i in range(5000)) + b"\n",
            "too_large", "5000 columns"),
    refused("unknown-format", lambda: DAY, "unknown_format", ".xlsx", name=f"{TODAY}.xlsx"),
    refused("bad-name", lambda: DAY, "bad_name", "'today'", "day", name="today.csv"),
    refused("json-list", lambda: b"[1, 2]\n", "not_json", "1 of 1", name=JSONL),
    accepted("D05-byte-order-mark", lambda: b"\xef\xbb\xbf" + DAY),
    accepted("D75-cr-only", lambda: written(rows(), end="\r")),
    accepted("gzip", lambda: gzip.compress(DAY), name=CSV + ".gz"),
    accepted("zip", lambda: zipped(any=DAY), name=CSV + ".zip"),
    accepted("parquet", parquet, name=PARQUET),
    accepted("json-lines", jsonl, name=JSONL),
]  # fmt: skip

HEADERS = [
    refused("D04-semicolons", lambda: written(rows(), ";"), "columns_mismatch",
            "10 of 10 columns missing", "semicolons"),
    refused("D04-tabs", lambda: written(rows(), "\t"), "columns_mismatch", "tabs"),
    refused("D07-twice", renamed(note="country"), "columns_mismatch", "'note'"),
    refused("D07-twice-in-file", lambda: DAY.replace(b"note", b"country", 1),
            "duplicate_header", "1 of 10", "'country'"),
    refused("D28-invisible", renamed(amount="amo\u200bunt"), "columns_mismatch",
            r"amo\u200bunt", "rename 'amo" r"\u200bunt' to 'amount'"),
    refused("D30-space", renamed(amount=" Amount"), "columns_mismatch",
            "rename ' Amount' to 'amount'"),
    refused("D31-index", with_column("Unnamed: 0"), "columns_mismatch", "index column"),
    refused("D32-added", with_column("colour"), "columns_mismatch",
            "1 of 11 columns not declared: 'colour'", "extra_columns"),
    refused("D33-missing", without_column("amount"), "columns_mismatch",
            "1 of 10 columns missing: 'amount'"),
    refused("D10-field-more", lines(LINES[0], *[line + ",1" for line in LINES[1:]]),
            "field_count", "20 of 20", "index column"),
    accepted("D34-order", lambda: written([dict(reversed(o.items())) for o in rows()])),
]  # fmt: skip

CELLS = [
    holds("D08-header-again", lines(*LINES[:5], LINES[0], *LINES[5:]), "repeated_header",
          kept=ORDERS),
    holds("D09-one-field-more", lines(*LINES[:5], LINES[5] + ",1", *LINES[6:]), "field_count"),
    holds("D11-short-row", lines(*LINES[:5], "a,b", *LINES[6:]), "field_count"),
    refused("D14-decimal-comma", every(amount="12,5"), "type_error", "20 of 20", "'amount'",
            "row 0, amount = '12,5'", "decimal point"),
    holds("D14-one-decimal-comma", one(amount="12,5"), "type:amount"),
    holds("text-in-a-number", one(quantity="three"), "type:quantity"),
    holds("D17-too-large", one(quantity=str(2**63)), "type:quantity"),
    holds("D20-infinite", one(amount="-Infinity"), "not_finite:amount"),
    holds("D20-overflow", one(amount="1e400"), "not_finite:amount"),
    refused("D21-hexadecimal", every(quantity="0x10"), "type_error", "'0x10'"),
    refused("D21-underscore", every(quantity="1_000"), "type_error", "'1_000'"),
    holds("D22-other-date-format", one(placed_at="14/02/2013 10:00"), "type:placed_at"),
    refused("D22-all-other-dates", every(placed_at="14/02/2013"), "type_error", "ISO 8601"),
    holds("D23-end-of-time", one(placed_at="9999-12-31T00:00:00Z"), "out_of_range_time:placed_at"),
    holds("D23-start-of-time", one(placed_at="0001-01-01T00:00:00+14:00"),
          "out_of_range_time:placed_at"),
    accepted("D24-mixed-offsets", one(placed_at="2013-02-14T05:00:00-05:00")),
    refused("D25-naive", every(placed_at="2013-02-14T10:00:00"), "naive_timestamp", "20 of 20",
            "placed_at = '2013-02-14T10:00:00'", "offset"),
    refused("D25-one-naive", one(known_at="2013-02-14 10:00"), "naive_timestamp", "1 of 20",
            "row 3"),
    holds("D27-future-event", one(placed_at="2023-02-14T00:00:00Z"), "out_of_range_time:placed_at"),
    holds("D27-known-in-future", one(known_at="2013-02-15T01:06:00Z"), "known_in_future"),
    refused("D27-all-in-future", every(known_at="2013-02-16T00:00:00Z"), "known_in_future",
            "20 of 20", "row 0, known_at = '2013-02-16T00:00:00Z'"),
    holds("D36-not-available", one(amount="N/A"), "type:amount"),
    refused("D35-type-flip", every(amount="cheap"), "type_error", "amount = 'cheap'"),
    refused("D38-boolean-number", every(quantity="true"), "type_error", "'quantity'"),
    accepted("D39-label-as-float", every(late="1.0")),
    refused("D40-label-as-words", every(late="yes"), "type_error", "'late'", "true or false"),
    accepted("D41-label-unknown", every(late="")),
    accepted("D42-one-class", every(late="true")),
    refused("D43-numeric-null", every(amount=""), "all_null_column", "20 of 20", "'amount'"),
    refused("D44-category-null", every(country=""), "all_null_column", "'country'", "sparse"),
    refused("D45-some-null", lambda: written(rows(changed={i: {"amount": ""} for i in range(6)})),
            "too_many_held", "6 of 20", "null:amount 6", "row 0, amount = None"),
    holds("one-null", one(category=""), "null:category"),
    accepted("D47-new-category", one(category="games"), "in_set:category: 1 of 20 rows"),
    refused("D48-only-new-category", every(category="games"), "expectation", "in_set:category",
            "20 of 20", "'games'"),
    refused("D50-thousandfold", scaled(1000), "unit_change", "19500", "1000 times the 19.5",
            "2013-02-13", "row 0, amount = '10000.0'"),
    refused("D51-hundredth", scaled(0.01), "unit_change", "0.01 times"),
    holds("D52-sign", one(quantity="-2"), "expect:column_values_to_be_between:quantity"),
    refused("D53-keys-twice", lambda: written(rows() + rows()[:10]), "too_many_held",
            "10 of 30", "duplicate_row 10"),
    holds("D53-one-key-twice", lambda: written([*rows(), row(5)]), "duplicate_row", kept=ORDERS),
    holds("D53-key-conflict", lambda: written([*rows(), row(5, amount="99")]), "conflicting_key",
          "conflicting_key", kept=ORDERS - 1),
    refused("D57-volume", lambda: written([row(i) for i in range(200)]), "expectation",
            "row_count", "found 200"),
    refused("D59-one-row", lambda: written([row(0)]), "expectation", "found 1"),
    refused("D64-other-day", lambda: written(rows("2013-02-13")), "partition_mismatch", "20 of 20",
            "row 0, day = '2013-02-13'"),
    refused("D64-one-of-other-day", one(day="2013-02-13"), "partition_mismatch", "1 of 20",
            "row 3"),
    accepted("D73-markup", one(note="<script>alert(1)</script>=1+1\x1b[31m")),
]  # fmt: skip

TYPED = [
    refused("D25-naive-typed", lambda: parquet({"placed_at": naive_times()}), "naive_timestamp",
            "placed_at", name=PARQUET),
    refused("D35-type-flip-typed", lambda: parquet({"amount": pa.array(["10"] * ORDERS)}),
            "type_error", "arrived as string", "declared float", "row 0", name=PARQUET),
    refused("D38-boolean-typed", lambda: parquet({"quantity": pa.array([True] * ORDERS)}),
            "type_error", "arrived as bool", name=PARQUET),
    refused("D74-null-type", lambda: parquet({"amount": pa.nulls(ORDERS)}), "all_null_column",
            "'amount'", name=PARQUET),
    accepted("D15-integer-as-float", lambda: parquet({"quantity": pa.array([2.0] * ORDERS)}),
             name=PARQUET),
    Case("D16-rounded-identifier", lambda: parquet({"quantity": pa.array(
        [2.0**53] + [1.0] * (ORDERS - 1))}), kept=19, held=("type:quantity",), name=PARQUET),
    Case("D70-nested", lambda: jsonl({3: {"note": {"a": 1}}}), kept=19, held=("nested:note",),
         name=JSONL),
    Case("not-json-line", lambda:
         b"".join([*jsonl().splitlines(True)[:19], b"oops\n"]), kept=19, held=("not_json",),
         name=JSONL),
    refused("json-cut", lambda: jsonl()[:-10], "truncated", "last line", name=JSONL),
]  # fmt: skip

CASES = [*FILES, *HEADERS, *CELLS, *TYPED]
