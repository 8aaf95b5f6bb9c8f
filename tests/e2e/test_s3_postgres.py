"""The main job on S3 and PostgreSQL: the same flights, the same decisions, the same answers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import pandas as pd
import pytest
from rich.progress import Progress

from config.load import pipeline as load_definition
from config.settings import Settings
from deployments.demo import FIRST_CHAMPION, PIPELINE, Replay
from infra.airline import Airline
from tasks.records import Decision
from tasks.stores import Stores, open_stores
from tests.servers.postgres import postgres_server
from tests.servers.s3 import RealS3

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

NIGHTS = 2
"""After that of the first champion."""


@contextmanager
def installed(environment: Mapping[str, str]) -> Iterator[Settings]:
    """This process's environment with these variables and nothing else of ours."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RATCHET_PIPELINES", "RATCHET_STORAGE", "RATCHET_LANDING"):
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield Settings.from_environment()


@pytest.fixture(scope="module")
def airline() -> Airline:
    return Airline()


def lived(settings: Settings, airline: Airline) -> Stores:
    """The stores after the first champion and a few nights."""
    schedule = load_definition(settings, PIPELINE).pipeline.schedule
    through = FIRST_CHAMPION + timedelta(days=NIGHTS)
    with Progress(disable=True) as progress:
        Replay(settings, schedule, airline, through).run(progress)
    return open_stores(PIPELINE, settings)


def answers(stores: Stores) -> pd.DataFrame:
    """The prediction log, in order of id."""
    found = stores.log.read(date(2013, 1, 1), date(2013, 12, 31))
    return found.sort_values("prediction_id", ignore_index=True)


def decided(stores: Stores) -> list[tuple[object, ...]]:
    """The decisions with all that they rest on, but for times and paths."""
    return [_told(decision) for decision in stores.ledger.decisions(PIPELINE)]


def _told(decision: Decision) -> tuple[object, ...]:
    rests_on = ("snapshot", "training", "holdout", "measured", "importances", "candidate")
    checks = cast("list[dict[str, object]]", decision.evidence["checks"])
    return (
        decision.sequence,
        decision.kind,
        decision.as_of,
        decision.version,
        decision.champion,
        decision.reason,
        *(decision.evidence[name] for name in rests_on),
        # What the clock says of serving is another each time.
        *(check for check in checks if not str(check["code"]).startswith("serving:")),
    )


def test_the_same_loop_in_both_profiles(
    airline: Airline, s3_api: RealS3, tmp_path: Path, prefect_here: None
) -> None:
    """Embedded, and with landing, lake, log and artifacts on S3 and ledger and MLflow on
    PostgreSQL: predictions, decisions and measurements are equal to the last bit.
    """
    bucket = s3_api.bucket(versions=True)
    with installed({"RATCHET_HOME": str(tmp_path / "embedded")}) as settings:
        embedded = lived(settings, airline)
        expected = answers(embedded)
    with postgres_server() as postgres:
        environment = {
            "RATCHET_HOME": str(tmp_path / "production"),
            "RATCHET_STORAGE": str(bucket / "ratchet"),
            "RATCHET_LANDING": str(bucket / "landing"),
            "RATCHET_LEDGER_URL": postgres.database(),
            "MLFLOW_TRACKING_URI": postgres.database(),
            "AWS_ENDPOINT_URL": s3_api.url,
        }
        with installed(environment) as settings:
            production = lived(settings, airline)
            assert len(expected) > 1000
            pd.testing.assert_frame_equal(answers(production), expected, check_exact=True)
            assert decided(production) == decided(embedded)
            assert production.ledger.verify(PIPELINE) == []
            assert production.registry.pointed(PIPELINE) == embedded.registry.pointed(PIPELINE)
            measured = production.ledger.performances(PIPELINE)
            assert measured == embedded.ledger.performances(PIPELINE)
            kept = {path.name for path in settings.home.iterdir()}
            assert not kept & {"lake", "log", "landing", "mlartifacts", "ledger.db", "mlflow.db"}
