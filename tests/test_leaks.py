"""The leak check finds what it looks for, and the homes that are copied are what they seem."""

import os
import subprocess
import tempfile
import threading
from pathlib import Path

from tasks.registry.registry import Registry
from tests.installation import Installation
from tests.leaks import Traces, left_in
from tests.shop import NAME


def test_a_thread_a_process_and_a_file_are_found() -> None:
    """Each is named while it is there, and no longer when it is gone."""
    before = Traces.now()
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="forgotten")
    thread.start()
    process = subprocess.Popen(["sleep", "60"])
    descriptor, name = tempfile.mkstemp()
    assert before.left() == ["thread forgotten", "process sleep 60", f"file {name}"]
    done.set()
    thread.join()
    process.kill()
    process.wait()
    Path(name).unlink()
    os.close(descriptor)
    assert before.left() == []


def test_a_dangling_alias_and_an_open_run_are_found(trained: Installation) -> None:
    """An alias that the ledger does not vouch for, and a run that nobody ended."""
    assert left_in(trained.settings) == []
    trained.forge("UPDATE decisions SET champion = 7")
    assert left_in(trained.settings) == ["alias of shop points at 1, the ledger says 7"]
    trained.forge("UPDATE decisions SET champion = 1")
    registry = trained.stores.registry
    assert isinstance(registry, Registry)
    client = registry._client
    experiment = client.get_experiment_by_name(NAME)
    assert experiment is not None
    run = client.create_run(experiment.experiment_id, run_name="open")
    assert left_in(trained.settings) == ["MLflow run open still running"]
    client.set_terminated(run.info.run_id)


def test_a_copied_home_is_on_its_own(trained: Installation, _trained: Installation) -> None:
    """Nothing in a copy points back at the home it was copied from."""
    assert trained.state()["ledger"] == _trained.state()["ledger"]
    assert str(_trained.home) not in repr(trained.state()["mlflow"])
