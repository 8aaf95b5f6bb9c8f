"""Where things are kept: the only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_PREFECT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",  # the newer page calls a third party when it loads
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"  # in memory, a restart leaks slots
    ),
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # a new database takes up to 25 s
    "PREFECT_LOGGING_EXTRA_LOGGERS": "ratchet",  # our log lines belong to the run
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
    "DO_NOT_TRACK": "true",
}
_DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
_TRACKING = {"MLFLOW_DISABLE_TELEMETRY": "true"}


@dataclass(frozen=True)
class Settings:
    """Folders and addresses of one installation.

    Everything embedded lies under `home`: deleting it is a clean start, copying it a backup.
    Paths are absolute; nothing is created by knowing them.
    """

    home: Path
    landing: Path
    pipelines: Path
    ledger_url: str
    tracking_uri: str
    given: frozenset[str] = frozenset()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read RATCHET_HOME, RATCHET_LANDING, RATCHET_PIPELINES, RATCHET_LEDGER_URL and
        MLFLOW_TRACKING_URI; what is unset or empty lies under home, by default `.ratchet` here.
        """
        source = os.environ if environ is None else environ
        set_by_user = {name: value for name, value in source.items() if value}
        home = _absolute(set_by_user.get("RATCHET_HOME", ".ratchet"))
        packaged = Path(__file__).parent / "pipelines"
        return cls(
            home=home,
            landing=_absolute(set_by_user.get("RATCHET_LANDING", str(home / "landing"))),
            pipelines=_absolute(set_by_user.get("RATCHET_PIPELINES", str(packaged))),
            ledger_url=set_by_user.get("RATCHET_LEDGER_URL", f"sqlite:///{home / 'ledger.db'}"),
            tracking_uri=set_by_user.get("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}"),
            given=frozenset(set_by_user) & {"PREFECT_HOME", _DATABASE, *_PREFECT, *_TRACKING},
        )

    @property
    def lake(self) -> Path:
        """Root of the Delta tables, quarantine among them."""
        return self.home / "lake"

    @property
    def reports(self) -> Path:
        """Root of the pages that people read: data docs, drift reports, status."""
        return self.home / "reports"

    @property
    def models(self) -> Path:
        """Root of verified local copies of registered models."""
        return self.home / "models"

    @property
    def work(self) -> Path:
        """Root of attempts under way; safe to delete when nothing runs."""
        return self.home / "work"

    @property
    def artifacts(self) -> str:
        """Where MLflow keeps the files of its runs."""
        return str(self.home / "mlartifacts")

    def prefect_environment(self) -> dict[str, str]:
        """What an embedded Prefect needs, without the variables that the user has set."""
        home = self.home / "prefect"
        return self._unless_given(
            {"PREFECT_HOME": str(home), _DATABASE: one_connection(home), **_PREFECT}
        )

    def tracking_environment(self) -> dict[str, str]:
        """What an embedded MLflow needs, without the variables that the user has set."""
        return self._unless_given(_TRACKING)

    def _unless_given(self, needed: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in needed.items() if name not in self.given}


def one_connection(prefect_home: Path) -> str:
    """Address of Prefect's SQLite file that makes Prefect open a single connection to it.

    With several, requests of one server lock each other out: flows wait 2 s often and 60 s
    sometimes. Prefect limits itself when `:memory:` occurs in the address; SQLite ignores the
    parameter. See docs/decisions.
    """
    return f"sqlite+aiosqlite:///file:{quote(str(prefect_home))}/prefect.db?pool=:memory:&uri=true"


def export(variables: Mapping[str, str]) -> None:
    """Set environment variables for this process and those that it will start."""
    os.environ.update(variables)


def _absolute(path: str) -> Path:
    return Path(path).expanduser().absolute()
