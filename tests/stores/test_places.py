"""Where a pipeline's rows, files and decisions are, as the settings say it."""

from pathlib import Path

import pytest

from config.places import Bucket, database
from config.settings import Settings
from tasks.data.landing import S3Source
from tasks.data.source import FilesSource
from tasks.registry.registry import Registry
from tasks.stores import open_stores
from tests.shop import NAME, define


def settings_with(home: Path, **variables: str) -> Settings:
    """Settings of a defined shop, some variables beside."""
    define(home / "pipelines")
    given = {"RATCHET_HOME": str(home), "RATCHET_PIPELINES": str(home / "pipelines")}
    return Settings.from_environment({**given, **variables})


def test_everything_in_a_folder(tmp_path: Path) -> None:
    """Without a word about buckets nothing is in one."""
    stores = open_stores(NAME, settings_with(tmp_path))
    assert isinstance(stores.source, FilesSource)
    assert stores.lake.root == tmp_path / "lake" / NAME
    assert isinstance(stores.registry, Registry)
    assert stores.registry.artifacts == str(tmp_path / "mlartifacts")


def test_everything_in_buckets(tmp_path: Path) -> None:
    """Lake, quarantine, log, artifacts and index follow the storage, and all of them ask one API;
    nothing is opened, and nothing is asked for, before it is used.
    """
    stores = open_stores(
        NAME,
        settings_with(
            tmp_path,
            RATCHET_STORAGE="s3://ours/production",
            RATCHET_LANDING="s3://theirs",
            AWS_ENDPOINT_URL_S3="http://127.0.0.1:9",
        ),
    )
    assert isinstance(stores.source, S3Source)
    assert stores.source.folder == Bucket("theirs", NAME)
    assert stores.source.index == Bucket("ours", f"production/index/{NAME}")
    assert stores.lake.root == stores.quarantine.lake.root == Bucket("ours", "production/lake/shop")
    assert stores.log.lake.root == Bucket("ours", "production/log/shop")
    assert isinstance(stores.registry, Registry)
    assert stores.registry.artifacts == "s3://ours/production/mlartifacts"
    asked = {each.s3.endpoint_url for each in (stores.source, stores.lake, stores.log.lake)}
    assert asked == {"http://127.0.0.1:9"}


def test_landing_in_a_bucket_alone(tmp_path: Path) -> None:
    """What was seen of it is then remembered at home."""
    stores = open_stores(NAME, settings_with(tmp_path, RATCHET_LANDING="s3://theirs/landing"))
    assert isinstance(stores.source, S3Source)
    assert stores.source.index == tmp_path / "index" / NAME
    assert stores.lake.root == tmp_path / "lake" / NAME


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ("postgresql://anna:x@host/ratchet", "postgresql+psycopg://anna:x@host/ratchet"),
        ("postgres://host/ratchet", "postgresql+psycopg://host/ratchet"),
        ("postgresql+pg8000://host/ratchet", "postgresql+pg8000://host/ratchet"),
        ("sqlite:////a/ledger.db", "sqlite:////a/ledger.db"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
    ],
)
def test_databases(given: str, opened: str) -> None:
    """PostgreSQL is spoken with by the driver that is installed, unless another is named."""
    assert database(given) == opened
