"""Objects in a bucket: which are deliveries, since when, and that each is read once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.places import Bucket, Place
from tasks.data.bucket import S3
from tasks.data.cell import Cell
from tasks.data.index import Entry, Index
from tasks.data.landing import ARRIVED_AT, S3Source
from tasks.errors import Conflict, Refused, Terminal, Transient
from tasks.records import Delivery
from tests.data.test_source import DAILY, MORNING, ONCE
from tests.servers.proxy import Fault, Proxy
from tests.servers.s3 import RealS3

EVER = datetime(2100, 1, 1, tzinfo=UTC)
Put = Callable[..., None]


@pytest.fixture(params=["a folder", "a bucket"])
def index(request: pytest.FixtureRequest, s3_api: RealS3, tmp_path: Path) -> Place:
    """Where the source remembers what it has seen: either place will do."""
    return tmp_path / "index" if request.param == "a folder" else s3_api.bucket() / "index"


@pytest.fixture
def landing(s3_api: RealS3) -> Bucket:
    return s3_api.bucket(versions=True) / "landing"


@pytest.fixture
def source(landing: Bucket, tmp_path: Path, s3: S3) -> S3Source:
    return S3Source(landing, "shop", tmp_path / "index", s3)


@pytest.fixture
def put(landing: Bucket, s3_api: RealS3) -> Put:
    """Puts an object that says to have arrived some hours after the morning, or nothing."""

    def put(name: str, hours: float | None = None, content: bytes = b"day\n1\n") -> None:
        said = {} if hours is None else {ARRIVED_AT: str(MORNING + timedelta(hours=hours))}
        s3_api.s3.put(landing / "shop/orders" / name, content, said)

    return put


def listed(source: S3Source, hours: float = 24) -> list[Delivery]:
    return source.deliveries("orders", DAILY, MORNING + timedelta(hours=hours))


def test_only_new_objects_are_read(
    landing: Bucket, index: Place, s3: S3, between: Proxy, put: Put
) -> None:
    """Each body is read once, also by a source that was opened later, a correction included."""
    put("2013-02-14.csv", 0)
    put("2013-02-15.csv", 1)
    assert len(listed(S3Source(landing, "shop", index, s3))) == 2
    put("2013-02-14.r2.csv", 2)
    between.requests.clear()
    again = listed(S3Source(landing, "shop", index, s3))
    assert [each.name for each in again] == [
        "2013-02-14.csv",
        "2013-02-15.csv",
        "2013-02-14.r2.csv",
    ]
    assert between.count("GET", "orders/2013") == 1
    assert listed(S3Source(landing, "shop", index, s3)) == again
    assert between.count("GET", "orders/2013") == 1


@pytest.mark.parametrize("lost", [b"", b"{", b"[]", b'{"s3://x": {}}'])
def test_a_lost_index_costs_reading_again(source: S3Source, put: Put, lost: bytes) -> None:
    """Without an index, or with one that makes no sense, the listing is the same."""
    put("2013-02-14.csv", 0)
    before = listed(source)
    path = source.index / "orders.json"
    assert isinstance(path, Path)
    path.write_bytes(lost)
    assert listed(source) == before
    assert path.stat().st_size > len(lost)


def test_an_object_arrived_when_s3_says(source: S3Source, put: Put) -> None:
    """Now, unless it says that it had arrived before; what says the future or nonsense is not
    believed.
    """
    put("2013-02-14.csv")
    put("2013-02-15.csv", hours=24 * 365 * 1000)
    source.s3.put(source.folder / "orders/2013-02-16.csv", b"day\n1\n", {ARRIVED_AT: "noon"})
    put("2013-02-17.csv", hours=1)
    found = source.deliveries("orders", DAILY, EVER)
    assert found[0].arrived_at == MORNING + timedelta(hours=1)
    now = datetime.now(UTC)
    assert all(now - timedelta(hours=1) < each.arrived_at <= now for each in found[1:])
    assert len(found) == 4


def test_every_version_is_a_delivery(source: S3Source, put: Put) -> None:
    """An object that was written over is still what it was then, and each version is read as it
    was listed.
    """
    put("2013-02-14.csv", 0, b"day\n1\n")
    put("2013-02-14.csv", 2, b"day\n2\n")
    (then,) = listed(source, hours=1)
    assert listed(source)[0].sha256 == then.sha256
    cells = [source.read(each).cells["day"].to_pylist() for each in listed(source)]
    assert cells == [["1"], ["2"]]
    assert all("?versionId=" in each.path for each in listed(source))


def test_what_was_deleted_is_no_delivery_any_more(source: S3Source, put: Put) -> None:
    """As of before it was, it still is; what comes after it counts again."""
    put("2013-02-14.csv", 0)
    source.s3.client.delete_object(
        Bucket=source.folder.bucket, Key=(source.folder / "orders/2013-02-14.csv").prefix
    )
    assert len(listed(source)) == 1
    assert source.deliveries("orders", DAILY, EVER) == []
    put("2013-02-14.csv", 3, b"day\n2\n")
    assert source.deliveries("orders", DAILY, EVER)[-1].arrived_at == MORNING + timedelta(hours=3)


def test_a_bucket_that_keeps_no_versions(s3_api: RealS3, tmp_path: Path) -> None:
    """What was replaced or deleted after it was listed is refused, and says why."""
    source = S3Source(s3_api.bucket() / "landing", "shop", tmp_path, s3_api.s3)
    for name in ("2013-02-14.csv", "2013-02-15.csv"):
        source.s3.put(source.folder / "orders" / name, b"day\n1\n")
    first, second = source.deliveries("orders", DAILY, EVER)
    assert "?" not in first.path
    source.s3.put(source.folder / "orders/2013-02-14.csv", b"day\n2\n")
    with pytest.raises(Refused, match="changed: the object changed after it was listed"):
        source.read(first)
    source.s3.client.delete_object(
        Bucket=source.folder.bucket, Key=(source.folder / "orders/2013-02-15.csv").prefix
    )
    with pytest.raises(Refused, match=r"unreadable: the object cannot be read: .*NoSuchKey"):
        source.read(second)
    (after,) = source.deliveries("orders", DAILY, EVER)
    assert after.sha256 != first.sha256


def test_names_are_as_of_files(source: S3Source, put: Put) -> None:
    """Unfinished and foreign objects are left alone, and a table may be one object."""
    for name in ("2013-02-14.csv", "x.tmp", "_SUCCESS", ".hidden", "deeper/2013-02-14.csv"):
        put(name, 0)
    bucket, folder = source.folder.bucket, f"{source.folder.prefix}/orders/made-by-a-console/"
    source.s3.client.put_object(Bucket=bucket, Key=folder)
    assert [each.name for each in listed(source)] == ["2013-02-14.csv"]
    one = ONCE.model_copy(update={"deliveries": "orders/2013-02-14.csv"})
    deep = ONCE.model_copy(update={"deliveries": "**/2013-*.csv"})
    as_of = MORNING + timedelta(hours=1)
    assert [each.partition for each in source.deliveries("one", one, as_of)] == ["all"]
    assert len(source.deliveries("deep", deep, as_of)) == 2


def test_a_failure_loses_no_work(source: S3Source, between: Proxy, put: Put) -> None:
    """What was read before S3 gave up is not read again."""
    for day in range(10, 20):
        put(f"2013-02-{day}.csv", 0)
    between.fail(Fault("cut", count=99, path="2013-02-19"))
    with pytest.raises(Transient, match="2013-02-19"):
        listed(source)
    between.fail()
    between.requests.clear()
    assert len(listed(source)) == 10
    assert between.count("GET", "orders/2013") < 10


def test_credentials_expire_while_reading(source: S3Source, between: Proxy, put: Put) -> None:
    """That is nobody's delivery: it is told as what it is, and nothing is refused."""
    put("2013-02-14.csv", 0)
    (delivery,) = listed(source)
    between.fail(Fault("expired", path="2013-02-14"))
    with pytest.raises(Terminal, match="the credentials have expired") as caught:
        source.read(delivery)
    assert not isinstance(caught.value, Refused)


def entry(number: int) -> Entry:
    return Entry(f"etag {number}", number, MORNING, f"{number:064}", MORNING)


def test_two_listers(index: Place, s3: S3) -> None:
    """Eight who add to an index at once lose nothing: who comes second reads again."""

    def add(number: int) -> None:
        Index(Cell(index / "orders.json", s3)).add({f"s3://b/{number}": entry(number)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(8)))
    written = Index(Cell(index / "orders.json", s3)).entries()
    assert written == {f"s3://b/{number}": entry(number) for number in range(8)}


def test_who_never_gets_a_turn(s3: S3, between: Proxy, s3_api: RealS3) -> None:
    """A conditional put that is refused once is repeated, and one that always is, is told."""
    index = Index(Cell(s3_api.bucket() / "orders.json", s3))
    between.fail(Fault("412", method="PUT"))
    index.add({"s3://b/1": entry(1)})
    assert set(index.entries()) == {"s3://b/1"}
    between.fail(Fault("412", count=99, method="PUT"))
    with pytest.raises(Conflict, match="somebody else wrote first"):
        index.add({"s3://b/2": entry(2)})
