"""What every source of deliveries promises, tried on every one that there is."""

import gzip
import importlib
import inspect
import os
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tasks.data
from config.schema import Column, Table
from tasks.data.bucket import S3
from tasks.data.landing import S3Source, upload
from tasks.data.source import FilesSource, Source
from tasks.errors import Refused
from tests.servers.s3 import HASTY, RealS3

ARRIVALS = [datetime(2013, 2, 14, hour, tzinfo=UTC) for hour in (6, 7, 8)]
CONTENTS = [b"day,known_at\n2013-02-1%d,2013-02-14T00:00:00Z\n" % day for day in (3, 4, 5)]
TABLE = Table(
    deliveries="orders/*.csv.gz",
    partition="day",
    key=("day",),
    known_at="known_at",
    columns={
        "day": Column.model_validate("date"),
        "known_at": Column.model_validate("timestamp"),
    },
    extra_columns="refuse",
    max_held_share=0,
)


def files(home: Path, _: RealS3) -> Source:
    """Three days that arrived one an hour, as files."""
    folder = home / "shop" / "orders"
    folder.mkdir(parents=True)
    for at, content in zip(ARRIVALS, CONTENTS, strict=True):
        path = folder / f"{content.decode().splitlines()[1][:10]}.csv.gz"
        path.write_bytes(gzip.compress(content))
        os.utime(path, (at.timestamp(), at.timestamp()))
    return FilesSource(home, "shop")


def objects(home: Path, api: RealS3) -> Source:
    """The same days, moved to a bucket later on."""
    files(home, api)
    landing, s3 = api.bucket() / "landing", S3(api.url, HASTY)
    upload(home, sorted(home.rglob("*.gz")), landing, s3)
    return S3Source(landing, "shop", home / "index", s3)


FILLED: dict[type, Callable[[Path, RealS3], Source]] = {FilesSource: files, S3Source: objects}
"""How to make a source of each class that holds `CONTENTS`, arrived at `ARRIVALS`."""


def found() -> list[type]:
    """Every class in tasks.data that is a source."""
    modules = [
        importlib.import_module(f"tasks.data.{each.name}")
        for each in pkgutil.iter_modules(tasks.data.__path__)
    ]
    classes = {
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if each.__module__.startswith("tasks.data") and each is not Source
    }
    return sorted((c for c in classes if issubclass(c, Source)), key=lambda c: c.__name__)


@pytest.fixture(params=found(), ids=lambda source: source.__name__)
def source(request: pytest.FixtureRequest, tmp_path: Path, s3_api: RealS3) -> Source:
    """A source with three deliveries; a new class without an entry here fails."""
    return FILLED[request.param](tmp_path, s3_api)


def test_sources_are_found() -> None:
    """Discovery finds the sources there are, and each has an entry to try it by."""
    assert {FilesSource, S3Source} <= set(found())
    assert set(found()) == set(FILLED)


def test_only_what_had_arrived_is_listed(source: Source) -> None:
    """As of any time: what arrived until then, in order, each with its digest and partition."""
    for count, at in enumerate(ARRIVALS, start=1):
        listed = source.deliveries("orders", TABLE, at)
        assert [each.arrived_at for each in listed] == ARRIVALS[:count]
    assert source.deliveries("orders", TABLE, ARRIVALS[0] - timedelta(seconds=1)) == []
    assert [each.partition for each in listed] == ["2013-02-13", "2013-02-14", "2013-02-15"]
    assert len({each.sha256 for each in listed}) == len(listed)
    assert {each.table for each in listed} == {"orders"}


def test_listing_and_reading_change_nothing(source: Source) -> None:
    """Twice the same listing, twice the same rows."""
    listed = source.deliveries("orders", TABLE, ARRIVALS[-1])
    read = [source.read(each) for each in listed]
    assert len(read) == len(CONTENTS)
    assert source.deliveries("orders", TABLE, ARRIVALS[-1]) == listed
    assert [source.read(each).cells for each in listed] == [raw.cells for raw in read]


def test_rows_come_as_delivered(source: Source) -> None:
    """Columns and cells are the delivery's own, and every row has its number."""
    listed = source.deliveries("orders", TABLE, ARRIVALS[-1])
    assert len(listed) == len(CONTENTS)
    for delivery in listed:
        raw = source.read(delivery)
        assert raw.cells.column_names == ["day", "known_at"]
        assert raw.cells["day"].to_pylist() == [delivery.partition]
        assert (list(raw.numbers), raw.delivered) == ([0], 1)


def test_other_bytes_than_listed_are_refused(source: Source) -> None:
    """A delivery whose digest is not that of its bytes is refused, not read."""
    first = source.deliveries("orders", TABLE, ARRIVALS[0])[0]
    with pytest.raises(Refused, match="changed"):
        source.read(replace(first, sha256="0" * 64))
