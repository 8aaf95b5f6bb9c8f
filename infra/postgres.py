"""The databases of a stack on PostgreSQL, made when they are not there."""

from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from psycopg import errors, sql

from config.servers import SUFFIXES, beside
from config.settings import SettingsError

_CONNECT_SECONDS = 10


def ensure(url: str) -> None:
    """Make the ledger's database and those beside it, as far as they are not there.

    Raises `SettingsError` when the server cannot be reached or the role may not make databases; no
    message holds the password.
    """
    for needed in (url, *(beside(url, suffix) for suffix in SUFFIXES)):
        if not _is_there(needed):
            _make(needed)


def _is_there(url: str) -> bool:
    try:
        _connect(url).close()
    except psycopg.OperationalError as error:
        if f'database "{_name(url)}" does not exist' in str(error):
            return False
        raise _told(url, error) from None
    return True


def _make(url: str) -> None:
    maintenance = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    try:
        with _connect(maintenance) as connection:
            statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_name(url)))
            connection.execute(statement)
    except errors.DuplicateDatabase:
        return
    except psycopg.Error as error:
        raise _told(url, error) from None


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS)


def _name(url: str) -> str:
    return unquote(urlsplit(url).path.strip("/"))


def _told(url: str, error: psycopg.Error) -> SettingsError:
    parts = urlsplit(url)
    said = str(error).strip()
    for secret in (parts.password or "", unquote(parts.password or "")):
        said = said.replace(secret, "***") if secret else said
    where = f"database {_name(url)!r} on PostgreSQL at {parts.hostname or 'the local socket'}"
    if isinstance(error, errors.InsufficientPrivilege):
        role = parts.username or "the role"
        return SettingsError(
            f"{where} is not there, and {role} may not make it. Let somebody who may run: "
            f'CREATE DATABASE "{_name(url)}" OWNER "{role}"'
        )
    return SettingsError(f"{where} cannot be used: {said}")
