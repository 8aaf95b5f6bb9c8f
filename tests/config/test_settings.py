"""Settings come from the environment in one place, with everything embedded under one folder."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

import config
from config.settings import Settings, SettingsError, export, one_connection

ROOT = Path(config.__file__).parents[1]


def test_without_variables_everything_lies_under_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The defaults are absolute, lie under `.ratchet` here, and create nothing."""
    monkeypatch.chdir(tmp_path)
    found = Settings.from_environment({"RATCHET_HOME": ""})
    home = tmp_path / ".ratchet"
    assert found.home == home
    assert [found.landing, found.lake, found.reports, found.models] == [
        home / name for name in ("landing", "lake", "reports", "models")
    ]
    assert found.ledger_url == f"sqlite:///{home}/ledger.db"
    assert found.tracking_uri == f"sqlite:///{home}/mlflow.db"
    assert found.artifacts == f"{home}/mlartifacts"
    assert (found.pipelines / "flights" / "pipeline.yaml").is_file()
    assert list(tmp_path.iterdir()) == []


def test_each_variable_moves_its_own_thing(tmp_path: Path) -> None:
    """Home, landing, pipelines, ledger and tracking can each be put elsewhere."""
    found = Settings.from_environment(
        {
            "RATCHET_HOME": "~/kept",
            "RATCHET_LANDING": str(tmp_path / "in"),
            "RATCHET_PIPELINES": str(tmp_path / "mine"),
            "RATCHET_LEDGER_URL": "postgresql://ledger",
            "MLFLOW_TRACKING_URI": "http://localhost:5000",
        }
    )
    assert found.home == Path("~/kept").expanduser()
    assert (found.landing, found.pipelines) == (tmp_path / "in", tmp_path / "mine")
    assert (found.ledger_url, found.tracking_uri) == (
        "postgresql://ledger",
        "http://localhost:5000",
    )


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the variables of the process count."""
    monkeypatch.setenv("RATCHET_HOME", "/somewhere")
    assert Settings.from_environment().home == Path("/somewhere")


def test_what_the_user_set_is_not_overridden() -> None:
    """Variables for Prefect and MLflow are only those that the user has not set."""
    found = Settings.from_environment({"RATCHET_HOME": "/h", "PREFECT_HOME": "/p"})
    assert "PREFECT_HOME" not in found.prefect_environment()
    assert found.prefect_environment()["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    asked = Settings.from_environment({"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "9"})
    assert asked.tracking_environment() == {"MLFLOW_DISABLE_TELEMETRY": "true"}
    untouched = Settings.from_environment({"RATCHET_HOME": "/h"})
    assert untouched.prefect_environment()["PREFECT_HOME"] == "/h/prefect"


def test_a_bucket_takes_everything_that_is_not_told_otherwise() -> None:
    """Storage moves landing, lake, log and artifacts; pages and local copies stay at home."""
    found = Settings.from_environment({"RATCHET_HOME": "/h", "RATCHET_STORAGE": "s3://data/ours"})
    assert [str(each) for each in (found.landing, found.lake, found.log, found.artifacts)] == [
        f"s3://data/ours/{name}" for name in ("landing", "lake", "log", "mlartifacts")
    ]
    assert found.reports == Path("/h/reports")


def test_secrets_are_not_shown() -> None:
    """Settings can be printed: neither passwords nor the webhook's address are in it."""
    names = (
        "PREFECT_API_AUTH_STRING",
        "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD",
        "RATCHET_WEBHOOK_URL",
    )
    found = Settings.from_environment(dict.fromkeys(names, "planted"))
    assert found.access.prefect == found.access.webhook == "planted"
    assert "planted" not in repr(found)


def test_a_profile_that_does_not_exist_is_named() -> None:
    """A typo in the profile must not mean the unguarded one."""
    with pytest.raises(SettingsError, match="'prodution'; it can be local or production"):
        Settings.from_environment({"RATCHET_PROFILE": "prodution"})


def test_exported_variables_reach_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is exported is what the next settings read."""
    monkeypatch.setenv("RATCHET_HOME", "/before")
    export({"RATCHET_HOME": "/after"})
    assert Settings.from_environment().home == Path("/after")


def test_nothing_else_reads_the_environment() -> None:
    """`config/settings.py` is the only module that touches the environment."""
    pattern = re.compile(r"\bos\.environ|\bgetenv|from os import .*environ")
    readers = [
        path.relative_to(ROOT).as_posix()
        for package in ("config", "deployments", "flows", "infra", "tasks")
        for path in (ROOT / package).rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert readers == ["config/settings.py"]


def test_prefect_still_takes_one_connection_for_our_address() -> None:
    """Prefect opens a single connection to a file whose address mentions `:memory:`."""
    address = one_connection(Path("/a folder/prefect"))
    prefect = find_spec("prefect")  # found, not imported: it reads its settings when it is
    assert prefect is not None
    assert prefect.origin is not None
    configurations = Path(prefect.origin).parent / "server" / "database" / "configurations.py"
    assert 'if ":memory:" in self.connection_url:' in configurations.read_text()
    assert address.startswith("sqlite+aiosqlite:///file:/a%20folder/prefect/prefect.db?")
    assert ":memory:" in address
