"""What the programs of a running stack find in their environment, from the settings alone.

Secrets travel here and nowhere else: a command line is public, and so is a file in a backup.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from config.places import POSTGRES
from config.settings import Access, Settings, SettingsError, one_connection

POOL = "ratchet"
"""The work pool of the stack's worker, and of every deployment."""

UNWANTED = frozenset({"PREFECT_API_KEY", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"})
"""Of another Prefect: they would send our programs there."""

SUFFIXES = ("_prefect", "_mlflow", "_mlflow_auth")
"""Of the databases beside the ledger's on PostgreSQL."""

_DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"


@dataclass(frozen=True)
class Listening:
    """Where the servers of a stack listen."""

    host: str = "127.0.0.1"
    prefect_port: int = 4200
    mlflow_port: int = 5000

    @property
    def only_here(self) -> bool:
        """Nobody on another machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def connected_at(self) -> str:
        """The host that this machine connects to."""
        everywhere = ("0.0.0.0", "::")  # noqa: S104 - this one among them
        return "127.0.0.1" if self.host in everywhere else self.host


@dataclass(frozen=True)
class Addresses:
    """Of the servers of a running stack, without secrets."""

    prefect: str
    mlflow: str

    @classmethod
    def of(cls, listening: Listening) -> "Addresses":
        host = listening.connected_at
        host = f"[{host}]" if ":" in host else host
        return cls(
            f"http://{host}:{listening.prefect_port}", f"http://{host}:{listening.mlflow_port}"
        )

    @property
    def api(self) -> str:
        """What PREFECT_API_URL has to be."""
        return f"{self.prefect}/api"


@dataclass(frozen=True)
class Databases:
    """Addresses for SQLAlchemy; they hold a password on PostgreSQL."""

    prefect: str = field(repr=False)
    mlflow: str = field(repr=False)
    auth: str
    """Users of MLflow. Without the password: this one is written to a file."""
    auth_password: str = field(default="", repr=False)

    @classmethod
    def embedded(cls, settings: Settings) -> "Databases":
        """Files under home. Not Prefect's own file: embedded runs have that one to themselves."""
        home = settings.home
        return cls(
            one_connection(home / "prefect", "server.db"),
            settings.tracking_uri,
            f"sqlite:///{home / 'mlflow-auth.db'}",
        )

    @classmethod
    def postgres(cls, url: str) -> "Databases":
        """Three databases beside the ledger's, named after it."""
        prefect, mlflow, auth = (beside(url, suffix) for suffix in SUFFIXES)
        return cls(
            with_driver(prefect, "asyncpg").replace("sslmode=", "ssl="),  # its name for the same
            with_driver(mlflow, "psycopg"),
            with_driver(_without_password(auth), "psycopg"),
            unquote(urlsplit(url).password or ""),
        )


def with_driver(url: str, driver: str = "") -> str:
    """A PostgreSQL address as SQLAlchemy wants it; without a driver, as libpq reads it.

    Raises `SettingsError` for an address of another kind.
    """
    scheme, colon, rest = url.partition("://")
    if scheme.partition("+")[0] not in POSTGRES or not colon:
        raise SettingsError(
            f"the PostgreSQL address begins with {scheme!r}; "
            "it has to be like postgresql://user:password@host:5432/ratchet"
        )
    if not urlsplit(url).path.strip("/"):
        raise SettingsError("the PostgreSQL address names no database: end it with /ratchet")
    return f"postgresql{'+' if driver else ''}{driver}://{rest}"


def beside(url: str, suffix: str) -> str:
    """The address of the database whose name has a suffix."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path}{suffix}"))


def required(access: Access) -> list[str]:
    """The variables that have to be set, and are not, for servers that ask who comes."""
    needed = {
        "PREFECT_API_AUTH_STRING": access.prefect,
        "MLFLOW_TRACKING_USERNAME": access.mlflow_user,
        "MLFLOW_TRACKING_PASSWORD": access.mlflow_password,
    }
    return [name for name, value in needed.items() if not value]


def prefect_server(
    settings: Settings, listening: Listening, databases: Databases
) -> dict[str, str]:
    """Of `prefect server start`: its page and its API are one origin, and no other is let in."""
    own = Addresses.of(listening)
    origins = ",".join(dict.fromkeys((own.prefect, f"http://localhost:{listening.prefect_port}")))
    return {
        **settings.prefect_environment(),
        _DATABASE: databases.prefect,
        "PREFECT_API_URL": own.api,
        "PREFECT_UI_API_URL": own.api,  # by default the page asks whatever PREFECT_API_URL says
        "PREFECT_SERVER_API_HOST": listening.host,
        "PREFECT_SERVER_API_PORT": str(listening.prefect_port),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": origins,
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": str(bool(settings.access.prefect)).lower(),
        "PREFECT_SERVER_API_AUTH_STRING": settings.access.prefect,
        "PREFECT_API_AUTH_STRING": settings.access.prefect,
    }


def mlflow_server(settings: Settings, listening: Listening, databases: Databases) -> dict[str, str]:
    """Of `mlflow server`: clients reach the artifacts themselves, nothing runs on the server."""
    port = listening.mlflow_port
    hosts = dict.fromkeys((listening.connected_at, "127.0.0.1", "localhost"))
    return {
        **settings.tracking_environment(),
        "MLFLOW_BACKEND_STORE_URI": databases.mlflow,
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": settings.artifacts,
        "MLFLOW_SERVE_ARTIFACTS": "false",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(f"{host}:{port}" for host in hosts),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": Addresses.of(listening).mlflow,
        **_mlflow_auth(settings, databases),
    }


def worker(settings: Settings, addresses: Addresses) -> dict[str, str]:
    """Of the worker and of every run that it starts: the same installation as this one's."""
    access = settings.access
    return {
        **settings.prefect_environment(),
        **settings.tracking_environment(),
        "PREFECT_API_URL": addresses.api,
        "PREFECT_API_AUTH_STRING": access.prefect,
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "MLFLOW_TRACKING_URI": addresses.mlflow,
        "MLFLOW_TRACKING_USERNAME": access.mlflow_user,
        "MLFLOW_TRACKING_PASSWORD": access.mlflow_password,
        "RATCHET_HOME": str(settings.home),
        "RATCHET_STORAGE": str(settings.storage),
        "RATCHET_LANDING": str(settings.landing),
        "RATCHET_PIPELINES": str(settings.pipelines),
        "RATCHET_LEDGER_URL": settings.ledger_url,
        "RATCHET_PROFILE": settings.profile,
    }


def auth_file(settings: Settings) -> Path:
    """Where MLflow's basic-auth app reads its settings."""
    return settings.home / "mlflow-auth.ini"


def auth_text(databases: Databases) -> str:
    """What it reads there: no user and no password."""
    address = databases.auth.replace("%", "%%")  # the file's own placeholders begin with one
    return f"[mlflow]\ndefault_permission = READ\ndatabase_uri = {address}\n"


def _mlflow_auth(settings: Settings, databases: Databases) -> dict[str, str]:
    access = settings.access
    if not access.mlflow_user:
        return {}
    secret = access.mlflow_password.encode()
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(auth_file(settings)),
        "MLFLOW_AUTH_ADMIN_USERNAME": access.mlflow_user,
        "MLFLOW_AUTH_ADMIN_PASSWORD": access.mlflow_password,
        # The same after every restart, or forms that are open would be refused.
        "MLFLOW_FLASK_SERVER_SECRET_KEY": hmac.digest(secret, b"forms", hashlib.sha256).hex(),
        **({"PGPASSWORD": databases.auth_password} if databases.auth_password else {}),
    }


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}"))
