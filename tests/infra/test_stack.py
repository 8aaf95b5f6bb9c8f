"""One stack a home, on ports that are free, behind doors that are not open."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from config.servers import Addresses, Databases, Listening
from config.settings import Access, Settings, SettingsError
from infra import ports, postgres
from infra.stack import Stack, running, stack

SECRETS = Access("ops:open sesame", "ops", "another sesame")


def at(home: Path, access: Access | None = None) -> Settings:
    """Settings of a home in which nothing is running."""
    settings = Settings.from_environment({"RATCHET_HOME": str(home)})
    return replace(settings, access=access or Access())


def anywhere(host: str = "127.0.0.1") -> Listening:
    """Ports that are free."""
    return Listening(host, ports.free(), ports.free())


@contextmanager
def nothing_started(settings: Settings, listening: Listening) -> Iterator[Stack]:
    """A stack whose programs have not been started."""
    with stack(settings, listening, Databases.embedded(settings), lambda _: None) as opened:
        yield opened


@pytest.mark.parametrize("option", ["--prefect-port", "--mlflow-port"])
def test_a_port_in_use_is_named(tmp_path: Path, option: str) -> None:
    """The error says which port, which process listens there, and how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        where = {"--prefect-port": "prefect_port", "--mlflow-port": "mlflow_port"}[option]
        listening = replace(anywhere(), **{where: taken})
        with pytest.raises(SettingsError) as error, nothing_started(at(tmp_path), listening):
            pass
    assert f"port {taken} of 127.0.0.1 is in use by" in str(error.value)
    assert f"process {os.getpid()}; choose another with {option}" in str(error.value)


def test_a_host_that_is_not_ours_is_named(tmp_path: Path) -> None:
    """An address that no interface has is told as such."""
    listening = anywhere("192.0.2.1")
    with (
        pytest.raises(SettingsError, match=r"cannot listen on 192\.0\.2\.1 port \d+"),
        nothing_started(at(tmp_path, SECRETS), listening),
    ):
        pass


def test_a_home_has_one_stack(tmp_path: Path) -> None:
    """A second one of the same home is refused, and the first one's file stays."""
    told = json.dumps({"prefect": "http://here:1", "mlflow": "", "pid": 7, "started": 0.0})
    with nothing_started(at(tmp_path), anywhere()):
        (tmp_path / "stack.json").write_text(told)
        with (
            pytest.raises(SettingsError, match="is up already by process 7, at http://here:1"),
            nothing_started(at(tmp_path), anywhere()),
        ):
            pass
        assert (tmp_path / "stack.json").exists()
    assert not (tmp_path / "stack.json").exists()
    with nothing_started(at(tmp_path), anywhere()):
        pass


def test_others_find_a_stack_that_lives(tmp_path: Path) -> None:
    """`running` gives the addresses while the process lives that wrote them, and no longer."""
    me = psutil.Process()
    told = {"prefect": "http://a", "mlflow": "http://b", "pid": me.pid, "started": me.create_time()}
    file = tmp_path / "stack.json"
    assert running(at(tmp_path)) is None
    file.write_text(json.dumps(told))
    assert running(at(tmp_path)) == Addresses("http://a", "http://b")
    file.write_text(json.dumps({**told, "started": me.create_time() - 100}))
    assert running(at(tmp_path)) is None
    file.write_text("{")
    assert running(at(tmp_path)) is None


@pytest.mark.parametrize(
    ("settings", "host", "said"),
    [
        ({"profile": "production"}, "127.0.0.1", "set PREFECT_API_AUTH_STRING, MLFLOW_TRACKING_U"),
        (
            {"profile": "production", "access": replace(SECRETS, mlflow_password="")},
            "127.0.0.1",
            "set MLFLOW_TRACKING_PASSWORD",
        ),
        ({}, "0.0.0.0", "lets other machines in"),
        ({}, "somewhere.example", "lets other machines in"),
        ({"access": Access(mlflow_user="ops")}, "127.0.0.1", "belong together"),
        ({"access": Access(mlflow_password="ops")}, "127.0.0.1", "belong together"),
        ({"access": Access("no colon", "a", "b")}, "127.0.0.1", "like user:password"),
    ],
)
def test_open_doors_are_refused(
    tmp_path: Path, settings: dict[str, object], host: str, said: str
) -> None:
    """Without its passwords no production stack starts, and none that other machines reach."""
    chosen = replace(at(tmp_path), **settings)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=said), nothing_started(chosen, anywhere(host)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_ends_a_stack_that_starts(tmp_path: Path) -> None:
    """Ctrl-C before everything is up ends what is, and the terminal is as it was."""
    with pytest.raises(KeyboardInterrupt), nothing_started(at(tmp_path), anywhere()):
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    with nothing_started(at(tmp_path), anywhere()):
        pass


def test_an_unreachable_postgres_is_told_without_its_password(deaf: int) -> None:
    """The message names the database and the server; the password is not in it."""
    url = f"postgresql://ratchet:planted@127.0.0.1:{deaf}/ratchet"
    with pytest.raises(SettingsError) as error:
        postgres.ensure(url)
    assert "database 'ratchet' on PostgreSQL at 127.0.0.1 cannot be used" in str(error.value)
    assert "planted" not in str(error.value)
