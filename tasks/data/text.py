"""Bytes that should be text: decoded, or refused at the byte that is not."""

from tasks.errors import Refused

FOREIGN = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip file",
    b"<": "HTML or XML, perhaps a server's error page",
}


def decoded(data: bytes) -> str:
    """UTF-8 text without byte order mark. Raises `Refused`: empty_file, encoding, nul_byte."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = data[error.start]
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        found = "the file is UTF-16" if utf16 else "perhaps Latin-1"
        raise Refused(
            "encoding", f"byte {error.start} (0x{bad:02x}) is not UTF-8, {found}; save it as UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        count = text.count("\0")
        raise Refused("nul_byte", f"{count} NUL characters, the first in line {line}")
    if not text.strip():
        raise Refused("empty_file", f"{len(data)} bytes of white space, no header and no rows")
    return text


def refuse_foreign(data: bytes, code: str, also: dict[bytes, str]) -> None:
    """Refuse content that begins like another format, for it would be read as odd rows."""
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    for signature, name in (FOREIGN | also).items():
        if start.startswith(signature):
            raise Refused(code, f"the content is {name}: it begins with {start[:40]!r}")
