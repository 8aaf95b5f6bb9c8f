"""Homes of a test's own, a Prefect for the session, and a look at what a test leaves behind."""

import gc
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.settings import Settings, export
from tests.leaks import Traces, left_in
from tests.places import pointing_at
from tests.shop import NAME, Shop, day, night

if TYPE_CHECKING:
    # Imports MLflow and the rest, which most tests do not need.
    from tests.installation import Installation, Templates
    from tests.servers.s3 import RealS3

TRAINED = 19
"""The night, counted in days, in which the first champion of `trained` and `turned` was born."""

TURNED = 20
"""The day from which the world of `turned` is another."""

LATE = 34
"""The night up to which `turned` has lived, its champion answering; days are profiled and judged,
and nobody has measured."""

RENEWAL = "the world turned"
"""Why `renewed` was retrained."""


def pytest_configure(config: pytest.Config) -> None:
    """Prefect reads its settings when it is imported, and that may be while tests are collected.

    Every process of pytest-xdist gets a Prefect of its own.
    """
    folder = tempfile.TemporaryDirectory(prefix="ratchet-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    settings = Settings.from_environment({"RATCHET_HOME": folder.name})
    export({**settings.prefect_environment(), **settings.tracking_environment()})
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name in ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_PROFILE"):
        patch.delenv(name, raising=False)


def pytest_collection_finish() -> None:
    """What has been imported stays: whoever collects garbage need not look at it every time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for temporary files that nobody else uses, so that those left are ours."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def nothing_left_behind(temporary: Path) -> Iterator[None]:
    """Fail a test that leaves threads, processes or temporary files."""
    before = Traces.now()
    yield
    left = before.left()
    assert not left, f"left behind: {'; '.join(left)}"


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port of loopback that is held and not listened on: whoever connects is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="session")
def prefect_here() -> Iterator[None]:
    """The embedded Prefect of this process."""
    from prefect.logging.handlers import APILogWorker
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    # Nobody watches an embedded run's heartbeat, and ending it costs a second a flow.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield
    APILogWorker.drain_all()
    # At exit it would be stopped too, and say so to a stream that pytest has closed by then.
    for server in list(SubprocessASGIServer._instances.values()):
        server.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A home of the test's own, empty, which the environment points at; it must add up later."""
    with pointing_at(tmp_path / "home") as settings:
        yield settings
    left = left_in(settings)
    assert not left, f"left behind: {'; '.join(left)}"


@pytest.fixture
def s3_api(_s3_server: "RealS3") -> Iterator["RealS3"]:
    """An S3 API on loopback, and the credentials for it in the environment."""
    from tests.servers.s3 import credentials

    with credentials():
        yield _s3_server


@pytest.fixture(scope="session")
def _s3_server() -> Iterator["RealS3"]:
    from tests.servers.s3 import s3_server

    with s3_server() as server:
        yield server


@pytest.fixture
def empty(settings: Settings, prefect_here: None) -> "Installation":
    """A shop that is defined, before its first delivery."""
    from tests.installation import Installation

    shop = Installation(settings)
    shop.define()
    return shop


@pytest.fixture
def trained(settings: Settings, _trained: "Installation") -> "Installation":
    """A shop with 18 days of orders and its first champion, born in the night of day 19."""
    from tests.installation import copied

    return copied(_trained, settings.home)


@pytest.fixture
def turned(settings: Settings, _turned: "Installation") -> "Installation":
    """A shop whose customers changed on day 20 and whose champion answered until day 34."""
    from tests.installation import copied

    return copied(_turned, settings.home)


@pytest.fixture
def renewed(settings: Settings, _renewed: "Installation") -> "Installation":
    """The shop of `turned` after a retrain in the night of day 34: v2 serves, v1 did before."""
    from tests.installation import copied

    return copied(_renewed, settings.home)


@pytest.fixture(scope="session")
def _trained(templates: "Templates", prefect_here: None) -> "Installation":
    from flows.ingest import ingest
    from flows.retrain import retrain
    from tests.outcomes import decided

    def live(shop: "Installation") -> None:
        shop.define()
        shop.deliver(1, TRAINED - 1)
        admitted = ingest(NAME, night(day(TRAINED)))
        assert not admitted.refused, admitted.refused
        born = decided(retrain(NAME, night(day(TRAINED)), "first champion"))
        assert born.champion == 1, born.reason

    return templates.lived("trained", live)


@pytest.fixture(scope="session")
def _turned(templates: "Templates", _trained: "Installation") -> "Installation":
    from flows.ingest import ingest
    from flows.score import score
    from tasks.lookout import reign

    def live(shop: "Installation") -> None:
        shop.deliver(TRAINED, LATE - 1)
        ingest(NAME, night(day(LATE)))
        score(NAME, night(day(LATE)))
        before = night(day(LATE - 1))
        shop.stores.patrol.made(reign(shop.stores, before), before)

    return templates.lived("turned", live, _trained, Shop(turns_on=day(TURNED)))


@pytest.fixture(scope="session")
def _renewed(templates: "Templates", _turned: "Installation") -> "Installation":
    from flows.retrain import retrain
    from tests.outcomes import decided

    def live(_: "Installation") -> None:
        renewal = decided(retrain(NAME, night(day(LATE)), RENEWAL))
        assert renewal.champion == 2, renewal.reason

    return templates.lived("renewed", live, _turned)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> "Templates":
    """Homes that are lived in once, by one process of pytest-xdist, and copied by all."""
    from tests.installation import Templates

    folder = tmp_path_factory.getbasetemp()
    return Templates(folder.parent if hasattr(pytestconfig, "workerinput") else folder)
