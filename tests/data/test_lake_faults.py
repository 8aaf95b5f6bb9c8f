"""A lake in a bucket when S3 fails: whatever its own client says, in our words."""

import pytest

from config.places import Bucket
from tasks.data.bucket import S3
from tasks.data.lake import Lake, LakeTable
from tasks.errors import Conflict, Terminal, Transient
from tests.data.test_lake import FIRST, SECOND, names, rows
from tests.servers.proxy import Fault, Kind, Proxy
from tests.servers.s3 import HASTY, RealS3

pytestmark = pytest.mark.slow


@pytest.fixture
def table(s3_api: RealS3, s3: S3) -> LakeTable:
    """A table with one day, behind the proxy."""
    found = Lake(s3_api.bucket() / "lake", s3).table("orders")
    found.replace_partition("2013-01-01", rows("a"), FIRST)
    return found


@pytest.mark.parametrize("kind", ["500", "503", "reset", "slow"])
def test_what_heals_is_tried_again(table: LakeTable, between: Proxy, kind: Kind) -> None:
    """One failure while it is read and one while it is written change nothing."""
    between.fail(Fault(kind), Fault(kind, path=".parquet"), Fault(kind, method="PUT"))
    table.replace_partition("2013-01-02", rows("b"), SECOND)
    assert names(table) == ["a", "b"]


def test_what_does_not_heal_is_transient(table: LakeTable, between: Proxy) -> None:
    """A failure that stays is told, and the table is as it was."""
    between.fail(Fault("503", count=99))
    with pytest.raises(Transient, match=r"lake/orders: S3 says .*: it is busy or broken"):
        table.read()
    between.fail(Fault("500", count=99, method="PUT"))
    with pytest.raises(Transient, match=r"lake/orders: S3 says .*: it is busy or broken"):
        table.replace_partition("2013-01-01", rows("b"), SECOND)
    between.fail()
    assert names(table) == ["a"]


@pytest.mark.parametrize(("kind", "told"), [("expired", "have expired"), ("denied", "allow these")])
def test_credentials_that_do_not_serve(
    table: LakeTable, between: Proxy, kind: Kind, told: str
) -> None:
    """They are a person's to mend, be it for reading or for writing."""
    between.fail(Fault(kind))
    with pytest.raises(Terminal, match=told):
        table.read()
    between.fail(Fault(kind, method="PUT"))
    with pytest.raises(Terminal, match=told):
        table.replace_partition("2013-01-02", rows("b"), SECOND)


def test_half_a_file_is_no_rows(table: LakeTable, between: Proxy) -> None:
    """A file of the table that is cut off is read again, and never taken for all of it."""
    between.fail(Fault("cut without length", path=".parquet"))
    assert names(table) == ["a"]
    between.fail(Fault("cut without length", count=99, path=".parquet"))
    with pytest.raises(Transient, match=r"\.parquet: "):
        table.read()


def test_a_commit_that_another_was_faster_with(table: LakeTable, between: Proxy) -> None:
    """A refused conditional put is decided by what is there: the same rows are written once."""
    between.fail(Fault("412", method="PUT", path="_delta_log"))
    try:
        table.replace_partition("2013-01-02", rows("b"), SECOND)
    except Conflict:
        assert names(table) == ["a"]
        table.replace_partition("2013-01-02", rows("b"), SECOND)
    assert names(table) == ["a", "b"]


def test_what_is_not_there(s3_api: RealS3, deaf: int) -> None:
    """A bucket that does not exist is a person's to make, a server that is down is waited for."""
    nowhere = Lake(s3_api.bucket() / "lake", S3(f"http://127.0.0.1:{deaf}", HASTY))
    with pytest.raises(Transient, match="the network or S3, try again"):
        nowhere.table("orders").version()
    with pytest.raises(Terminal, match=r"NoSuchBucket.*create the bucket, or correct RATCHET_"):
        Lake(Bucket("no-such-bucket", "lake"), s3_api.s3).table("orders").version()
