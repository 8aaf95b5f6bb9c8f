"""The one door to S3: requests with time limits and retries, and its failures in our words."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import md5, sha256
from re import fullmatch
from typing import TYPE_CHECKING, Any, TypeVar

from config.places import Bucket
from tasks.data.answers import understood
from tasks.errors import Transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

T = TypeVar("T")

UNVERSIONED = "null"
"""What S3 calls the version of an object whose bucket keeps one state of it."""

_BLOCK = 2**20
_MD5 = r'"[0-9a-f]{32}"'
_VERSION = "?versionId="


@dataclass(frozen=True)
class Patience:
    """How long an S3 API is waited for before a failure is told."""

    connect_seconds: float = 5
    read_seconds: float = 30
    """Without a byte of an answer or of its body."""
    attempts: int = 5
    pause_seconds: float = 0.5
    """Before the second attempt at a body; then doubled each time, and each by chance shorter."""


@dataclass(frozen=True)
class Stored:
    """One state of one object, as listed."""

    place: Bucket
    version: str
    etag: str
    size: int
    modified: datetime
    latest: bool

    @property
    def path(self) -> str:
        """Its address, with a version where the key alone would not find it."""
        plain = self.version == UNVERSIONED and self.latest
        return str(self.place) if plain else f"{self.place}{_VERSION}{self.version}"


@dataclass(frozen=True)
class Deleted:
    """A key that was deleted in a bucket that keeps versions, and when."""

    place: Bucket
    at: datetime
    latest: bool


@dataclass(frozen=True)
class Content:
    """What an object holds: its digest, and what was said of it when it was put."""

    sha256: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class S3:
    """Any S3 API; without an address that of AWS. Region and credentials are found as usual.

    A failure that time may heal is `Transient`, any other `Terminal`, a lost race `Conflict`, a
    key that is not there `Missing`.
    """

    endpoint_url: str = ""
    patience: Patience = Patience()

    def __reduce__(self) -> "tuple[type[S3], tuple[str, Patience]]":
        """To another process it goes without its connections."""
        return S3, (self.endpoint_url, self.patience)

    @cached_property
    def client(self) -> "S3Client":
        """The client: opened when first used, and safe to share between threads."""
        import boto3  # by the first request: who keeps everything in folders does not wait for it
        from botocore.config import Config

        config = Config(
            connect_timeout=self.patience.connect_seconds,
            read_timeout=self.patience.read_seconds,
            # Retries 5xx, throttling and lost connections, each time after a random pause.
            retries={"mode": "standard", "total_max_attempts": self.patience.attempts},
            # Other makers' APIs refuse checksums that they do not know.
            request_checksum_calculation="when_required",
            max_pool_connections=32,
        )
        with understood("S3"):
            client: S3Client = boto3.session.Session().client(
                "s3", endpoint_url=self.endpoint_url or None, config=config
            )
            return client

    @property
    def delta(self) -> dict[str, str]:
        """The same for Delta Lake, which has a client of its own."""
        options = {
            # Of two who write the same table version, one is refused.
            "conditional_put": "etag",
            "connect_timeout": f"{self.patience.connect_seconds:g}s",
            "timeout": f"{self.patience.read_seconds:g}s",
            "max_retries": str(self.patience.attempts - 1),
        }
        if self.endpoint_url:
            options["endpoint"] = self.endpoint_url
        if self.endpoint_url.startswith("http://"):
            options["allow_http"] = "true"
        return options

    def states(self, bucket: str, prefix: str) -> Iterator[Stored | Deleted]:
        """Every state of every object whose key begins so, of each key the newest first.

        A bucket that keeps no versions has one state of each.
        """
        pages = self.client.get_paginator("list_object_versions")
        with understood(f"s3://{bucket}/{prefix}"):
            for page in pages.paginate(Bucket=bucket, Prefix=prefix):
                for gone in page.get("DeleteMarkers", ()):
                    place = Bucket(bucket, gone["Key"])
                    yield Deleted(place, gone["LastModified"].astimezone(UTC), gone["IsLatest"])
                for found in page.get("Versions", ()):
                    yield Stored(
                        place=Bucket(bucket, found["Key"]),
                        version=found["VersionId"],
                        etag=found["ETag"],
                        size=found["Size"],
                        modified=found["LastModified"].astimezone(UTC),
                        latest=found["IsLatest"],
                    )

    def content(self, stored: Stored) -> Content:
        """Digest and metadata of exactly the listed state; `Conflict` when it is another by now."""

        def taken(response: "GetObjectOutputTypeDef") -> Content:
            digest = sha256()
            for block in self._blocks(stored.path, response, stored.size):
                digest.update(block)
            return Content(digest.hexdigest(), response["Metadata"])

        return self._patiently(lambda: self._opened(stored.path, IfMatch=stored.etag), taken)

    def read(self, path: str, size: int | None = None) -> tuple[bytes, str]:
        """The bytes of an object at an address, every one of them, and their ETag.

        `size` is how many there should be if the answer does not say so itself.
        """

        def taken(response: "GetObjectOutputTypeDef") -> tuple[bytes, str]:
            blocks = self._blocks(path, response, response.get("ContentLength", size))
            return b"".join(blocks), response["ETag"]

        return self._patiently(lambda: self._opened(path), taken)

    def put(self, place: Bucket, content: bytes, metadata: dict[str, str] | None = None) -> None:
        """Write an object, whatever was there."""
        with understood(str(place)):
            self.client.put_object(
                Bucket=place.bucket, Key=place.prefix, Body=content, Metadata=metadata or {}
            )

    def replace(self, place: Bucket, content: bytes, etag: str) -> None:
        """Write an object where one of that ETag is, or none if it is empty; else `Conflict`."""
        condition: Any = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        with understood(str(place), lost=("NoSuchKey",)):
            self.client.put_object(Bucket=place.bucket, Key=place.prefix, Body=content, **condition)

    def _opened(self, path: str, **condition: Any) -> "GetObjectOutputTypeDef":
        bucket, key, version = split(path)
        if version:
            condition["VersionId"] = version
        with understood(path):
            return self.client.get_object(Bucket=bucket, Key=key, **condition)

    def _blocks(
        self, path: str, response: "GetObjectOutputTypeDef", size: int | None
    ) -> Iterator[bytes]:
        """The body, block by block; `Transient` at its end when it is not what was announced."""
        digest, received = md5(usedforsecurity=False), 0
        with closing(response["Body"]) as body, understood(path):
            while block := body.read(_BLOCK):
                digest.update(block)
                received += len(block)
                yield block
        if size is not None and received != size:
            raise Transient(f"{path}: cut off after {received} of {size} bytes, try again")
        if _is_md5(response) and digest.hexdigest() != response["ETag"].strip('"'):
            raise Transient(
                f"{path}: its {received} bytes do not have the MD5 of its ETag, try again"
            )

    def _patiently(
        self,
        opened: Callable[[], "GetObjectOutputTypeDef"],
        taken: Callable[["GetObjectOutputTypeDef"], T],
    ) -> T:
        """What is taken from a body: boto3 repeats a request, but not the reading of its answer."""
        for number in range(1, self.patience.attempts):
            response = opened()
            try:
                return taken(response)
            except Transient:
                longest = self.patience.pause_seconds * 2 ** (number - 1)
                time.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - spreads load
        return taken(opened())


def split(path: str) -> tuple[str, str, str]:
    """Bucket, key and version of an address; the version is empty where there is none.

    >>> split("s3://landing/shop/orders.csv?versionId=x1")
    ('landing', 'shop/orders.csv', 'x1')
    """
    address, _, version = path.partition(_VERSION)
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key, version


def _is_md5(response: "GetObjectOutputTypeDef") -> bool:
    """Whether the ETag is the MD5 of the bytes: neither uploaded in parts nor with a key."""
    encrypted = response.get("ServerSideEncryption", "AES256") != "AES256"
    with_key = "SSECustomerAlgorithm" in response
    return not (encrypted or with_key) and bool(fullmatch(_MD5, response["ETag"]))
