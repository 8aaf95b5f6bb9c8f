"""What MLflow's failures mean: who can mend them, and whether time heals them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from tasks.data.answers import behind, understood
from tasks.errors import RatchetError, Terminal, Transient

if TYPE_CHECKING:
    from mlflow.exceptions import MlflowException

_BROKEN = re.compile(
    r"is locked|failed with exception|failed with timeout exception|error code (5\d\d|429)\b"
)
_NOT_KNOWN = re.compile(r"error code 401\b")
_NOT_ALLOWED = re.compile(r"error code 403\b")


@contextmanager
def translated(what: str = "MLflow") -> Iterator[None]:
    """Raise what MLflow, its database and its store of files raise as ours."""
    from mlflow.exceptions import MlflowException

    try:
        with understood(what):
            yield
    except MlflowException as error:
        raise _meaning(what, error) from error
    except OperationalError as error:
        raise Transient(f"{what}: {error.orig}; its database, try again") from error


def _meaning(what: str, error: "MlflowException") -> RatchetError:
    code, told = error.error_code, f"{what}: {error.message}"
    of_files = behind(what, error)
    if of_files:
        return of_files
    if code == "UNAUTHENTICATED" or _NOT_KNOWN.search(told):
        return Terminal(
            f"{told}; it asks for a user: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    if code == "PERMISSION_DENIED" or _NOT_ALLOWED.search(told):
        return Terminal(f"{told}; its administrator has to allow it to MLFLOW_TRACKING_USERNAME")
    if code == "TEMPORARILY_UNAVAILABLE" or _BROKEN.search(told):
        return Transient(f"{told}; another writer or the network, try again")
    return Terminal(told)
