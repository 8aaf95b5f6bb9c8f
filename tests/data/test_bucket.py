"""S3 when it fails: what heals is retried and told as such, the rest says who can mend it."""

from hashlib import sha256
from io import BytesIO

import pytest
from boto3.s3.transfer import TransferConfig

from config.places import Bucket
from tasks.data.answers import Missing
from tasks.data.bucket import S3, Stored, split
from tasks.errors import Conflict, Terminal, Transient
from tests.servers.proxy import Fault, Kind, Proxy
from tests.servers.s3 import HASTY, RealS3

BODY = b"day,known_at\n" * 1000

HEALING: list[Kind] = [
    "500",
    "503",
    "reset",
    "slow",
    "stall",
    "cut",
    "cut without length",
    "flipped",
]


@pytest.fixture
def place(s3_api: RealS3) -> Bucket:
    """An object."""
    found = s3_api.bucket() / "orders.csv"
    s3_api.s3.put(found, BODY)
    return found


def listed(s3: S3, place: Bucket) -> Stored:
    (stored,) = s3.states(place.bucket, place.prefix)
    assert isinstance(stored, Stored)
    return stored


@pytest.mark.parametrize("kind", HEALING)
def test_what_heals_is_tried_again(s3: S3, between: Proxy, place: Bucket, kind: Kind) -> None:
    """One failure of each kind, in the answer or in its body, and the second attempt is whole."""
    between.fail(Fault(kind, path="orders.csv"))
    assert s3.read(str(place))[0] == BODY
    assert between.count("GET", "orders.csv") == 2


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("500", r"orders.csv: S3 says InternalError \(as ordered\): it is busy or broken"),
        ("503", r"orders.csv: S3 says SlowDown \(as ordered\): it is busy or broken"),
        ("reset", "orders.csv: .*; the network or S3, try again"),
        ("slow", "orders.csv: Read timeout.*; the network or S3, try again"),
        ("stall", "orders.csv: Read timeout.*; the network or S3, try again"),
        ("cut", "orders.csv: .*; the network or S3, try again"),
        ("cut without length", "orders.csv: cut off after 6500 of 13000 bytes, try again"),
        ("flipped", "orders.csv: "),
    ],
)
def test_what_does_not_heal_is_transient(
    s3: S3, between: Proxy, place: Bucket, kind: Kind, told: str
) -> None:
    """A failure that stays is told after few attempts, and half a body is never an answer."""
    stored = listed(s3, place)
    between.fail(Fault(kind, count=99, path="orders.csv"))
    with pytest.raises(Transient, match=told):
        s3.content(stored)
    assert between.count("GET", "orders.csv") == HASTY.attempts + 1  # one was the listing


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("expired", "ExpiredToken .*: the credentials have expired, renew them"),
        ("denied", "AccessDenied .*: allow these credentials to do it"),
    ],
)
def test_credentials_that_do_not_serve(
    s3: S3, between: Proxy, place: Bucket, kind: Kind, told: str
) -> None:
    """Nobody tries again with credentials that are refused, be it to list, to read or to write."""
    between.fail(Fault(kind), Fault(kind), Fault(kind, method="PUT"))
    with pytest.raises(Terminal, match=told):
        listed(s3, place)
    with pytest.raises(Terminal, match=told):
        s3.read(str(place))
    with pytest.raises(Terminal, match=told):
        s3.put(place, BODY)
    assert len(between.requests) == 3


def test_no_credentials(s3: S3, place: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, the message says where they would be looked for."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(Terminal, match="no credentials were found; set AWS_ACCESS_KEY_ID"):
        s3.read(str(place))


def test_what_is_not_there(s3: S3, place: Bucket) -> None:
    """A missing key, version and bucket are told apart."""
    with pytest.raises(Missing, match="NoSuchKey"):
        s3.read(f"s3://{place.bucket}/other.csv")
    with pytest.raises(Terminal, match=r"NoSuchBucket .*: create the bucket, or correct RATCHET_"):
        list(s3.states("no-such-bucket", "orders"))


def test_nobody_listens(s3_api: RealS3, deaf: int) -> None:
    """An endpoint that is down is waited for by whoever tries again."""
    s3 = S3(f"http://127.0.0.1:{deaf}", HASTY)
    with pytest.raises(Transient, match="Could not connect to the endpoint"):
        s3.read("s3://bucket/orders.csv")


def test_replacing_what_was_seen(s3: S3, between: Proxy, place: Bucket) -> None:
    """Only who has seen the latest state may replace it, and a first state is made once."""
    _, etag = s3.read(str(place))
    s3.replace(place, b"first", etag)
    with pytest.raises(Conflict, match=r"PreconditionFailed .*: somebody else wrote first"):
        s3.replace(place, b"second", etag)
    with pytest.raises(Conflict, match="somebody else wrote first"):
        s3.replace(place, b"third", "")
    with pytest.raises(Conflict, match="somebody else wrote first"):
        s3.replace(place / "gone", b"fourth", etag)
    assert s3.read(str(place))[0] == b"first"
    between.fail(Fault("412", method="PUT"))
    with pytest.raises(Conflict):
        s3.replace(place / "new", b"fifth", "")


def test_what_was_listed_is_read_or_nothing(s3: S3, place: Bucket) -> None:
    """An object that was replaced after it was listed is a lost race."""
    stored = listed(s3, place)
    assert s3.content(stored).sha256 == sha256(BODY).hexdigest()
    s3.put(place, b"another")
    with pytest.raises(Conflict):
        s3.content(stored)


def test_an_upload_in_parts(s3: S3, s3_api: RealS3) -> None:
    """Its ETag is the MD5 of no bytes that anybody has; length and digest still are checked."""
    place = s3_api.bucket() / "large.csv"
    contents = b"x" * (5 * 2**20) + b"the end"
    in_parts = TransferConfig(multipart_threshold=1, multipart_chunksize=5 * 2**20)
    s3.client.upload_fileobj(BytesIO(contents), place.bucket, place.prefix, Config=in_parts)
    stored = listed(s3, place)
    assert stored.etag.endswith('-2"')
    assert s3.content(stored).sha256 == sha256(contents).hexdigest()


def test_addresses() -> None:
    """An address names a version only where there is one."""
    assert split("s3://b/a/b.csv") == ("b", "a/b.csv", "")
    assert split("s3://b/a/b.csv?versionId=x") == ("b", "a/b.csv", "x")
