"""A throwaway PostgreSQL cluster on a free port of loopback, with a password."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from infra.ports import free

USER = "ratchet"
_INSTALLED = Path("/usr/lib/postgresql")
_SYSTEM_USER = "postgres"
"""Who runs the cluster when we are root: PostgreSQL refuses to be run by that one."""

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=100")
_NUMBERS = count(1)


@dataclass(frozen=True)
class RealPostgres:
    """A running cluster; databases are cheap, so that no test needs another's."""

    port: int
    password: str

    def url(self, database: str = "postgres", password: str = "") -> str:
        """The address of one of its databases, as people write it."""
        return f"postgresql://{USER}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The address of a new and empty database."""
        name = f"database_{next(_NUMBERS)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)


@contextmanager
def postgres_server() -> Iterator[RealPostgres]:
    """A cluster that ends with the context, its files too.

    Raises FileNotFoundError naming the package to install when there are no binaries.
    """
    binaries = _binaries()
    # Not in pytest's own folder: nobody else may look into that one.
    folder = Path(tempfile.mkdtemp(prefix="ratchet-postgres-", dir="/tmp"))
    try:
        cluster = _Cluster(binaries, folder, free(), secrets.token_urlsafe(16))
        cluster.start()
        try:
            yield RealPostgres(cluster.port, cluster.password)
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class _Cluster:
    binaries: Path
    folder: Path
    port: int
    password: str

    def start(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                shutil.chown(path, _SYSTEM_USER)
        self._run(
            "initdb",
            f"--pgdata={self._data}",
            f"--username={USER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        )
        secret.unlink()
        self._control("start", "-o", " ".join(self._options()))

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _options(self) -> Sequence[str]:
        listening = (
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self.folder}",
        )
        return [f"-c {setting}" for setting in (*listening, *_FAST)]

    def _control(self, *arguments: str) -> None:
        self._run(
            "pg_ctl", f"--pgdata={self._data}", f"--log={self.folder}/log", "-w", "-s", *arguments
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            user=_SYSTEM_USER if os.geteuid() == 0 else None,
            cwd=self.folder,
            capture_output=program != "pg_ctl",  # the server would keep our pipes open
            text=True,
            check=False,
        )
        if done.returncode:
            log = self.folder / "log"
            told = log.read_text() if log.exists() else done.stderr
            raise RuntimeError(f"{program} {' '.join(arguments)}: {told}")


def _binaries() -> Path:
    found = sorted(_INSTALLED.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not found:
        raise FileNotFoundError(
            f"no PostgreSQL server under {_INSTALLED}: apt-get install postgresql"
        )
    return found[-1].parent
