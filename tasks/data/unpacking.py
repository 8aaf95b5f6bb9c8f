"""Bytes out of their wrapping, with an end to how many."""

import gzip
import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from tasks.errors import Refused

MAX_BYTES = 2 * 2**30
"""Most that a delivery may hold, unpacked."""


def unpacked(data: bytes, name: str, limit: int = MAX_BYTES) -> bytes:
    """The content of a plain, `.gz` or `.zip` file.

    Raises `Refused`: empty_file, truncated, bad_archive, too_large.
    """
    if not data:
        raise Refused("empty_file", "0 bytes, not even a header; send the file anew")
    if name.endswith(".gz"):
        return _bounded(_gunzipped(data, limit), limit)
    if name.endswith(".zip"):
        return _bounded(_unzipped(data, limit), limit)
    return _bounded(data, limit)


def _gunzipped(data: bytes, limit: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            return file.read(limit + 1)
    except EOFError as error:
        raise Refused(
            "truncated", f"the gzip stream of {len(data)} bytes ends too early; send the file anew"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise Refused("bad_archive", f"not a whole gzip file: {error}") from error


def _unzipped(data: bytes, limit: int) -> bytes:
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = archive.namelist()
            if len(members) != 1:
                told = f"{len(members)} files in the zip, one is expected: {members[:5]}"
                raise Refused("bad_archive", told)
            with archive.open(members[0]) as file:
                return file.read(limit + 1)
    except (BadZipFile, EOFError, zlib.error) as error:
        begins_well = data.startswith(b"PK")
        told = "ends too early; send the file anew" if begins_well else f"is no zip file: {error}"
        code = "truncated" if begins_well else "bad_archive"
        raise Refused(code, f"the archive of {len(data)} bytes {told}") from error
    except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed in a foreign way
        raise Refused("bad_archive", f"the zip cannot be opened: {error}") from error


def _bounded(content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise Refused("too_large", f"more than {limit} bytes unpacked; split the delivery")
    return content
