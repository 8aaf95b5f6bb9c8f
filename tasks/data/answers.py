"""What an S3 API's refusals mean: who can mend them, and whether time heals them.

The names of boto3's failures come in with the first failure: whoever keeps everything in folders
does not wait for them.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from tasks.errors import Conflict, RatchetError, Terminal, Transient


class Missing(Terminal):
    """There is no object or table of that key or version, or not any more."""


_MEANINGS: tuple[tuple[type[RatchetError], str, frozenset[str]], ...] = (
    (
        Conflict,
        "somebody else wrote first; read again and decide again",
        frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}),
    ),
    (
        Missing,
        "there is no such object",
        frozenset({"NoSuchKey", "NoSuchVersion", "404"}),
    ),
    (
        Terminal,
        "create the bucket, or correct RATCHET_STORAGE or RATCHET_LANDING",
        frozenset({"NoSuchBucket"}),
    ),
    (
        Terminal,
        "the credentials have expired, renew them",
        frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}),
    ),
    (
        Terminal,
        "the credentials are not known there, correct them",
        frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"}),
    ),
    (
        Terminal,
        "allow these credentials to do it",
        frozenset({"AccessDenied", "AllAccessDisabled", "AccountProblem", "403"}),
    ),
    (
        Transient,
        "it is busy or broken, try again",
        frozenset(
            {
                "InternalError",
                "OperationAborted",
                "RequestTimeout",
                "RequestTimeoutException",
                "ServiceUnavailable",
                "SlowDown",
                "Throttling",
                "ThrottlingException",
                "TooManyRequests",
                "TooManyRequestsException",
            }
        ),
    ),
)
"""What an answer's code stands for, and what to do about it."""

_NO_CREDENTIALS = (
    "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this "
    "machine a role"
)


@contextmanager
def understood(what: str, lost: Collection[str] = ()) -> Iterator[None]:
    """Raise what boto3 raises about `what` as ours.

    `lost` are codes that mean here that somebody else was faster.
    """
    try:
        yield
    except Exception as error:
        from botocore.parsers import ResponseParserError
        from urllib3.exceptions import HTTPError

        if not _is_botos(error) and not isinstance(error, HTTPError | ResponseParserError):
            raise
        raise _ours(what, error, lost) from error


def behind(what: str, error: BaseException) -> RatchetError | None:
    """The failure of S3 that another one was raised for, if it was for one."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Exception) and _is_botos(cause):
            return _ours(what, cause)
        cause = cause.__cause__ or cause.__context__
    return quoted(what, str(error))


def _is_botos(error: Exception) -> bool:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return isinstance(error, ClientError | Boto3Error | BotoCoreError)


def _ours(what: str, error: Exception, lost: Collection[str] = ()) -> RatchetError:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError

    told = _line(str(error))
    if isinstance(error, ClientError):
        answer = error.response["Error"]
        code, said = str(answer.get("Code", "")), str(answer.get("Message", ""))
        status = int(error.response["ResponseMetadata"].get("HTTPStatusCode", 0))
        return meaning(what, "PreconditionFailed" if code in lost else code, said, status)
    if isinstance(error, Boto3Error):
        return quoted(what, told) or Transient(f"{what}: {told}; the network or S3, try again")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return Terminal(f"{what}: {_NO_CREDENTIALS}")
    if isinstance(error, _wayward()):
        return Transient(f"{what}: {told}; the network or S3, try again")
    return Terminal(f"{what}: {told}")


def _wayward() -> tuple[type[Exception], ...]:
    """What says that a request or its answer was lost on the way."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    return (
        exceptions.ConnectionError,
        exceptions.HTTPClientError,
        HTTPError,
        ResponseParserError,
        exceptions.IncompleteReadError,
        exceptions.FlexibleChecksumError,
        exceptions.MetadataRetrievalError,
    )


def meaning(what: str, code: str, said: str, status: int) -> RatchetError:
    """The failure that an answer of this code stands for."""
    told = f"{what}: S3 says {code or status} ({_line(said)})"
    for kind, advice, codes in _MEANINGS:
        if code in codes:
            return kind(f"{told}: {advice}")
    if status >= 500 or status == 429:
        return Transient(f"{told}: it is busy or broken, try again")
    return Terminal(told)


def quoted(what: str, text: str) -> RatchetError | None:
    """The failure behind a message that quotes boto3, if it does."""
    found = re.search(r"\((\w+)\) when calling the \w+ operation[^:]*: ?(.*)", text)
    return meaning(what, found[1], found[2], 0) if found else None


def translated(what: str, text: str) -> RatchetError:
    """A failure told by Delta Lake's own client, which quotes the answer in its message."""
    code = re.search(r"<Code>(\w+)</Code>", text)
    said = re.search(r"<Message>([^<]*)</Message>", text)
    status = re.search(r"\b([45]\d\d) [A-Z][a-z]+", text)
    if code or status:
        return meaning(
            what,
            code[1] if code else status[1] if status else "",
            said[1] if said else text,
            int(status[1]) if status else 0,
        )
    if "credential" in text.lower():
        return Terminal(f"{what}: {_NO_CREDENTIALS} ({_line(text)})")
    return Transient(f"{what}: {_line(text)}; the network or S3, try again")


def _line(text: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return " ".join(plain.split())[:300]
