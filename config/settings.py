"""Where things are kept and who may reach them: the only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import quote

from config.places import Place, place

Profile = Literal["local", "production"]

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
_TRACKING = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # by default a server that is down is asked for minutes
}
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


class SettingsError(Exception):
    """A variable that cannot mean anything; the message names it."""


@dataclass(frozen=True)
class Access:
    """What servers ask for. None of it is shown, logged, or handed to a flow as a parameter."""

    prefect: str = field(default="", repr=False)
    """`user:password` of the Prefect API."""
    mlflow_user: str = field(default="", repr=False)
    mlflow_password: str = field(default="", repr=False)
    webhook: str = field(default="", repr=False)
    """Where notifications are posted; its address is the secret."""


@dataclass(frozen=True)
class Settings:
    """Folders and addresses of one installation.

    Everything embedded lies under `home`: deleting it is a clean start, copying it a backup.
    Rows, predictions and artifacts lie under `storage`, which is `home` or a bucket.
    Paths are absolute; nothing is created by knowing them.
    """

    home: Path
    storage: Place
    landing: Place
    pipelines: Path
    ledger_url: str = field(repr=False)
    tracking_uri: str = field(repr=False)
    profile: Profile = "local"
    server_url: str = ""
    """The API of a Prefect server of ours; empty: the embedded one."""
    endpoint_url: str = ""
    """An S3 API other than that of AWS; empty: AWS."""
    access: Access = Access()
    given: frozenset[str] = frozenset()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the variables that the README lists; what is unset or empty has its default.

        Raises `SettingsError` for a profile that does not exist.
        """
        source = os.environ if environ is None else environ
        given = {name: value for name, value in source.items() if value}
        home = _absolute(given.get("RATCHET_HOME", ".ratchet"))
        storage = place(given.get("RATCHET_STORAGE", str(home)))
        packaged = Path(__file__).parent / "pipelines"
        return cls(
            home=home,
            storage=storage,
            landing=place(given.get("RATCHET_LANDING", str(storage / "landing"))),
            pipelines=_absolute(given.get("RATCHET_PIPELINES", str(packaged))),
            ledger_url=given.get("RATCHET_LEDGER_URL", f"sqlite:///{home / 'ledger.db'}"),
            tracking_uri=given.get("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}"),
            profile=_profile(given.get("RATCHET_PROFILE", "local")),
            server_url=given.get("PREFECT_API_URL", ""),
            endpoint_url=next((given[name] for name in _ENDPOINTS if name in given), ""),
            access=Access(
                prefect=given.get("PREFECT_API_AUTH_STRING", ""),
                mlflow_user=given.get("MLFLOW_TRACKING_USERNAME", ""),
                mlflow_password=given.get("MLFLOW_TRACKING_PASSWORD", ""),
                webhook=given.get("RATCHET_WEBHOOK_URL", ""),
            ),
            given=frozenset(given) & {"PREFECT_HOME", _DATABASE, *_PREFECT, *_TRACKING},
        )

    @property
    def lake(self) -> Place:
        """Root of the Delta tables, quarantine among them."""
        return self.storage / "lake"

    @property
    def log(self) -> Place:
        """Root of the prediction logs."""
        return self.storage / "log"

    @property
    def golden(self) -> Place:
        """Root of the rows that people pinned."""
        return self.storage / "golden"

    @property
    def index(self) -> Place:
        """Root of what is remembered of deliveries that lie in a bucket."""
        return self.storage / "index"

    @property
    def artifacts(self) -> str:
        """Where MLflow keeps the files of its runs."""
        return str(self.storage / "mlartifacts")

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


def one_connection(prefect_home: Path, file: str = "prefect.db") -> str:
    """Address of Prefect's SQLite file that makes Prefect open a single connection to it.

    With several, requests of one server lock each other out: flows wait 2 s often and 60 s
    sometimes. Prefect limits itself when `:memory:` occurs in the address; SQLite ignores the
    parameter. See docs/decisions.
    """
    return f"sqlite+aiosqlite:///file:{quote(str(prefect_home))}/{file}?pool=:memory:&uri=true"


def inherited() -> dict[str, str]:
    """What this process was given, for the processes that it starts."""
    return dict(os.environ)


def export(variables: Mapping[str, str]) -> None:
    """Set environment variables for this process and those that it will start."""
    os.environ.update(variables)


def _absolute(path: str) -> Path:
    return Path(path).expanduser().absolute()


def _profile(text: str) -> Profile:
    if text not in get_args(Profile):
        known = " or ".join(get_args(Profile))
        raise SettingsError(f"RATCHET_PROFILE is {text!r}; it can be {known}")
    return cast("Profile", text)
