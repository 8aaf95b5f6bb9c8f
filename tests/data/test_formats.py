"""Any bytes are rows as delivered, or refused by a code; nothing else ever happens."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.formats import READERS, parsed
from tasks.data.unpacking import unpacked
from tasks.errors import Refused

CSV = b"id,amount\n1,10\n2,\n"


def test_csv_cells_are_text() -> None:
    """Nothing is guessed: zeros in front, `NA` and `1e5` stay text, only an empty cell is null."""
    raw = parsed("day.csv", b'id,country,n\r\n007,NA,1e5\r\n"a ""b"",\nc",null,\r\n')
    assert raw.cells.to_pylist() == [
        {"id": "007", "country": "NA", "n": "1e5"},
        {"id": 'a "b",\nc', "country": "null", "n": None},
    ]
    assert list(raw.numbers) == [0, 1]


def test_rows_keep_their_number_beside_misfits() -> None:
    """A row that does not fit keeps its place and its text, and those after it theirs."""
    raw = parsed("day.csv", b"id,amount\n1,10\n2,20,30\n\nid,amount\n3,30\n")
    assert list(raw.numbers) == [0, 3]
    assert [(each.row, each.reason, each.payload) for each in raw.misfits] == [
        (1, "field_count", {"_line": "2,20,30"}),
        (2, "repeated_header", {"_line": "id,amount"}),
    ]
    assert raw.delivered == 4


def test_json_numbers_keep_their_digits() -> None:
    """No identifier is rounded on its way, a missing key is null, a boolean is a word."""
    raw = parsed("day.jsonl", b'{"id": 9007199254740993, "late": true}\n{"id": 1.10}\n')
    assert raw.cells.to_pylist() == [
        {"id": "9007199254740993", "late": "true"},
        {"id": "1.10", "late": None},
    ]


def test_lookalike_names_are_one() -> None:
    """A header in decomposed Unicode is the composed one, so both at once are a duplicate."""
    assert parsed("day.csv", "cafe\u0301\n1\n".encode()).cells.column_names == ["caf\u00e9"]
    with pytest.raises(Refused, match="duplicate_header: 1 of 2"):
        parsed("day.csv", "cafe\u0301,caf\u00e9\n1,2\n".encode())


def test_unpacking_stops_at_its_limit() -> None:
    """A bomb is refused after the limit's bytes, however small it came."""
    bomb = gzip.compress(b"x" * 10_000)
    assert len(bomb) < 100
    with pytest.raises(Refused, match="too_large: more than 1000 bytes"):
        unpacked(bomb, "day.csv.gz", limit=1000)


@given(data=st.binary(max_size=200), ending=st.sampled_from(sorted(READERS)))
def test_no_bytes_break_a_reader(data: bytes, ending: str) -> None:
    """Arbitrary bytes give rows or a refusal, in every format and wrapping."""
    for name in (f"day{ending}", f"day{ending}.gz", f"day{ending}.zip"):
        try:
            assert parsed(name, data).delivered > 0
        except Refused as refusal:
            assert refusal.code
            assert refusal.message


@given(cut=st.integers(1, len(CSV) - 1))
def test_no_cut_passes_unnoticed(cut: int) -> None:
    """A CSV file or its gzip cut anywhere but at the end of a line is refused."""
    for name, data in (("day.csv", CSV[:cut]), ("day.csv.gz", gzip.compress(CSV)[:cut])):
        try:
            raw = parsed(name, data)
        except Refused:
            continue
        assert data.endswith(b"\n")
        assert raw.delivered == data.count(b"\n") - 1
