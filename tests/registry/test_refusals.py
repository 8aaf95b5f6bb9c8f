"""A tracking server and a store of files that fail: who can mend it, and whether time does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.errors import Corrupt, Terminal, Transient
from tasks.records import ModelVersion
from tasks.registry.registry import Registry
from tasks.registry.submission import Submission
from tests.servers.proxy import Fault, Kind, Proxy, proxy
from tests.servers.s3 import RealS3


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow asks a server that fails again only once."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")


@pytest.mark.parametrize(
    ("kind", "failure", "told"),
    [
        ("500", Transient, "another writer or the network, try again"),
        ("503", Transient, "another writer or the network, try again"),
        ("reset", Transient, "another writer or the network, try again"),
        ("401", Terminal, "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"),
        ("denied", Terminal, "its administrator has to allow it to MLFLOW_TRACKING_USERNAME"),
    ],
)
def test_a_server_that_fails(kind: Kind, failure: type[Exception], told: str) -> None:
    """A broken server is waited for, and one that asks for a user says which variables it is."""
    with proxy("http://nobody") as server:
        server.fail(Fault(kind, count=99))
        with pytest.raises(failure, match=told):
            Registry(server.url, "").pointed("flights")


def test_nobody_listens(deaf: int) -> None:
    """A server that is down is waited for by whoever tries again."""
    with pytest.raises(Transient, match="another writer or the network, try again"):
        Registry(f"http://127.0.0.1:{deaf}", "").find("flights", "key")


@pytest.fixture
def between(s3_api: RealS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """What stands between MLflow and its files."""
    with proxy(s3_api.url) as made:
        # For minutes MLflow remembers its client, of any address but this variable's.
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", made.url)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        yield made


@pytest.fixture
def on_s3(registry: Registry, s3_api: RealS3, between: Proxy) -> Registry:
    """The same MLflow with its files in a bucket."""
    return Registry(registry.tracking_uri, str(s3_api.bucket() / "artifacts"))


def test_files_on_s3(on_s3: Registry, submission: Submission, tmp_path: Path) -> None:
    """Byte for byte as it was evaluated, there and back."""
    version: ModelVersion = on_s3.register(submission)
    assert (on_s3.fetch(version, tmp_path) / "model.skops").exists()


FAILURES: dict[Kind, tuple[type[Exception], str]] = {
    "503": (Transient, "it is busy or broken, try again"),
    "expired": (Terminal, "the credentials have expired, renew them"),
    "denied": (Terminal, "allow these credentials to do it"),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_files_that_cannot_be_had(
    on_s3: Registry, between: Proxy, submission: Submission, tmp_path: Path, kind: Kind
) -> None:
    """S3's failures are told as everywhere, and damage nobody's model."""
    failure, told = FAILURES[kind]
    version = on_s3.register(submission)
    between.fail(Fault(kind, count=99), Fault(kind, count=99, method="HEAD"))
    with pytest.raises(failure, match=told) as caught:
        on_s3.fetch(version, tmp_path)
    assert not isinstance(caught.value, Corrupt)
    between.fail(Fault(kind, count=99, method="PUT"))
    with pytest.raises(failure, match=told):
        on_s3.register(replace(submission, key="another"))
