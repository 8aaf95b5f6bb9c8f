"""Where data is kept: a folder, or a prefix in a bucket of an S3 API. Both go on with `/`."""

from dataclasses import dataclass
from pathlib import Path

SCHEME = "s3://"
POSTGRES = ("postgresql", "postgres")
"""How an address of PostgreSQL may begin."""


@dataclass(frozen=True)
class Bucket:
    """A prefix in a bucket, written `s3://bucket/prefix`; the empty prefix is all of it."""

    bucket: str
    prefix: str = ""

    def __truediv__(self, name: str) -> "Bucket":
        return Bucket(self.bucket, f"{self.prefix}/{name}".strip("/"))

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def name(self) -> str:
        """The last part of the prefix, as of a path."""
        return self.prefix.rpartition("/")[2]


Place = Path | Bucket


def place(text: str) -> Place:
    """`s3://bucket/prefix` as a `Bucket`, anything else as an absolute path."""
    if text.startswith(SCHEME):
        bucket, _, prefix = text.removeprefix(SCHEME).partition("/")
        return Bucket(bucket, prefix.strip("/"))
    return Path(text).expanduser().absolute()


def database(url: str) -> str:
    """A PostgreSQL address by the driver that we have, unless it names one; others as they are.

    >>> database("postgresql://anna@host/ratchet")
    'postgresql+psycopg://anna@host/ratchet'
    """
    scheme, colon, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if colon and scheme in POSTGRES else url
