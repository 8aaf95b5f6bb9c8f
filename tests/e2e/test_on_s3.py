"""The loop on an S3 API: landing, lake, prediction log and artifacts in buckets."""

from datetime import timedelta
from pathlib import Path

import pytest

from config.places import Bucket
from config.settings import Settings
from flows.ingest import ingest
from flows.retrain import retrain
from flows.score import score
from tasks.data.landing import upload
from tasks.stores import open_stores
from tests import shop
from tests.servers.s3 import RealS3
from tests.shop import NAME, Shop, day, night

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def on_s3(
    settings: Settings, s3_api: RealS3, monkeypatch: pytest.MonkeyPatch, prefect_here: None
) -> Settings:
    """An installation whose home holds only ledger, registry and reports."""
    bucket = s3_api.bucket(versions=True)
    monkeypatch.setenv("RATCHET_STORAGE", str(bucket / "ratchet"))
    monkeypatch.setenv("RATCHET_LANDING", str(bucket / "landing"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_api.url)
    shop.define(settings.pipelines)
    return Settings.from_environment()


def deliver(on_s3: Settings, s3_api: RealS3, folder: Path, first: int, last: int) -> None:
    """Let the files of the nth to the mth day arrive in the bucket."""
    assert isinstance(on_s3.landing, Bucket)
    upload(folder, Shop().deliver(folder, day(first), day(last)), on_s3.landing, s3_api.s3)


def test_the_loop(on_s3: Settings, s3_api: RealS3, tmp_path: Path) -> None:
    """Ingest, retrain and score, each twice: the second time nothing changes, and no row, no
    prediction and no artifact lies in the home folder.
    """
    tonight = night(day(19))
    deliver(on_s3, s3_api, tmp_path / "landing", 1, 18)
    admitted = ingest(NAME, tonight)
    assert len(admitted.admissions) == 36
    assert not admitted.refused
    assert ingest(NAME, tonight).admissions == ()

    born = retrain(NAME, tonight, "first champion").decision
    assert born is not None
    assert born.champion == 1, born.reason
    again = retrain(NAME, tonight, "first champion").decision
    assert again == born

    deliver(on_s3, s3_api, tmp_path / "landing", 19, 19)
    later = tonight + timedelta(days=1)
    ingest(NAME, later)
    assert score(NAME, later).rows == 70
    assert score(NAME, later).rows == 0
    stores = open_stores(NAME)
    assert stores.log.counts() == {day(19): 70}
    assert stores.registry.pointed(NAME) == 1
    kept = {path.name for path in on_s3.home.iterdir()}
    assert not kept & {"lake", "log", "landing", "mlartifacts", "index"}, kept
