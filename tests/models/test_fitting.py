"""One candidate goes wrong; the others, and we, go on."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from config.schema import Budget
from tasks.data import artifact
from tasks.models.fitting import LOG_FILE, fit_within_budget
from tasks.models.job import Job, to_bytes
from tasks.records import Failure, Fit
from tests.leaks import has_ended
from tests.models.conftest import FEATURES

Make = Callable[..., Job]
BAD = "tests.models.misbehaving"
SHORT = Budget(seconds=2, memory_mb=1000, trials=1)


def fitted(job: Job) -> Fit:
    told = fit_within_budget(job)
    assert isinstance(told, Fit), told
    return told


def failed(job: Job) -> Failure:
    told = fit_within_budget(job)
    assert isinstance(told, Failure), told
    return told


def wait_until(happened: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_a_fit_leaves_a_model_that_loads_and_says_what_it_cost(
    job: Make, world: pd.DataFrame
) -> None:
    """A fitted candidate is a verified file that answers with probabilities, and has a price."""
    fit = fitted(job(name="logistic"))
    folder = Path(fit.folder)
    model = artifact.load(folder, artifact.manifest(folder))
    answers = model.predict_proba(world[list(FEATURES.columns)])[:, 1]
    assert ((answers > 0) & (answers < 1)).all()
    assert fit.candidate == "logistic"
    assert len(fit.folds) == 2
    assert fit.score > 0.7
    assert fit.trials == 1
    assert 0 < fit.seconds < 60
    assert fit.cpu_seconds > 0
    assert 20 < fit.peak_mb < 1500


@pytest.mark.parametrize(
    ("estimator", "kind", "said"),
    [
        ("Raises", "error", "RuntimeError: no convergence today"),
        ("Exits", "crashed", "exit code 3"),
        ("Vanishes", "crashed", "exit code 0 without a result"),
        ("IsKilled", "crashed", "signal SIGKILL: about to be killed"),
        ("NotANumber", "invalid", "probabilities are not in [0, 1], the first is nan"),
        ("OutOfRange", "invalid", "probabilities are not in [0, 1]"),
        ("Constant", "invalid", "probabilities are 0.5"),
    ],
)
def test_a_failure_has_a_kind_and_a_reason(job: Make, estimator: str, kind: str, said: str) -> None:
    """However a candidate fails, the failure tells its kind and the reason, and no model stays."""
    made = job(f"{BAD}.{estimator}", name="bad")
    failure = failed(made)
    assert (failure.candidate, failure.kind) == ("bad", kind)
    assert said in failure.reason
    assert not (made.folder / artifact.MODEL_FILE).exists()


def test_a_hanging_candidate_is_killed_with_all_that_it_started(job: Make, tmp_path: Path) -> None:
    """At the end of its budget a candidate and its own processes are gone."""
    marks = tmp_path / "marks"
    budget = Budget(seconds=4, memory_mb=1000, trials=1)
    failure = failed(job(f"{BAD}.Hangs", params={"marks": str(marks)}, budget=budget))
    assert failure.kind == "timeout"
    assert failure.reason.endswith("of 4 s")
    assert 4 <= failure.seconds < 20
    wait_until(lambda: all(has_ended(int(pid)) for pid in marks.read_text().split()))


def test_a_hoarding_candidate_ends_at_its_memory_limit(job: Make) -> None:
    """Asking for more memory than the budget is a failure of kind memory, not of the machine."""
    failure = failed(job(f"{BAD}.Hoards", budget=Budget(seconds=30, memory_mb=300, trials=1)))
    assert failure.kind == "memory"
    assert failure.reason == "more than 300 MB were asked for"


def test_a_budget_of_memory_is_all_the_candidate_s_own(job: Make) -> None:
    """Reading the rows reserves nothing that nobody uses: the model alone is at fault here."""
    budget = Budget(seconds=30, memory_mb=1500, trials=1)
    failure = failed(job(f"{BAD}.Spreads", budget=budget))
    assert failure.kind == "invalid"
    assert failure.reason.endswith("probabilities are 0.5")


def test_a_failure_takes_away_the_model_of_an_earlier_attempt(job: Make) -> None:
    """A folder never keeps an older model under a newer failure."""
    folder = Path(fitted(job()).folder)
    failed(job(f"{BAD}.Raises"))
    assert not (folder / artifact.MODEL_FILE).exists()


def test_an_untrusted_model_is_an_error_that_names_its_type(job: Make) -> None:
    """A model that could be saved but never loaded is refused when it is fitted."""
    failure = failed(job(f"{BAD}.Slow"))
    assert failure.kind == "error"
    assert f"{BAD}.Slow" in failure.reason


def test_three_at_once_do_not_disturb_each_other(job: Make) -> None:
    """One hangs and one dies while the third is fitted, from three threads at the same time."""
    jobs = [
        job(f"{BAD}.Hangs", name="hangs", budget=SHORT),
        job(f"{BAD}.IsKilled", name="killed"),
        job(name="good"),
    ]
    with ThreadPoolExecutor(3) as pool:
        hangs, killed, good = pool.map(fit_within_budget, jobs)
    assert isinstance(hangs, Failure)
    assert hangs.kind == "timeout"
    assert isinstance(killed, Failure)
    assert killed.kind == "crashed"
    assert isinstance(good, Fit)


def test_the_same_job_gives_the_same_answers(job: Make, world: pd.DataFrame) -> None:
    """Seed and rows decide the model; a second fit in another process changes no bit."""
    forest = "sklearn.ensemble.RandomForestClassifier"
    made = [
        job(forest, name=name, params={"n_estimators": 5}, encoding="ordinal")
        for name in ("first", "second")
    ]
    folders = [Path(fitted(each).folder) for each in made]
    inputs = world[list(FEATURES.columns)]
    answers = [
        artifact.load(folder, artifact.manifest(folder)).predict_proba(inputs) for folder in folders
    ]
    np.testing.assert_array_equal(answers[0], answers[1])


def test_relative_paths_are_those_of_the_caller(
    job: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative folder lies where the caller is now, not where the fork server was started."""
    made = job()
    monkeypatch.chdir(tmp_path)
    fit = fitted(
        replace(made, folder=Path("here"), frame_path=made.frame_path.relative_to(tmp_path))
    )
    assert fit.folder == str(tmp_path / "here")
    assert (tmp_path / "here" / artifact.MODEL_FILE).exists()


def test_a_killed_server_is_replaced(job: Make) -> None:
    """When the fork server is killed, the next fit starts another one."""
    fitted(job())
    for child in psutil.Process().children():
        if any("tasks.models.keeper" in word for word in child.cmdline()):
            child.send_signal(signal.SIGKILL)
    fitted(job())


def test_a_killed_caller_leaves_no_process_behind(job: Make, tmp_path: Path) -> None:
    """kill -9 of the caller ends a hanging fit too; the caller may be a bare script."""
    marks = tmp_path / "marks"
    hanging = job(f"{BAD}.Hangs", params={"marks": str(marks)})
    (tmp_path / "job.json").write_bytes(to_bytes(hanging))
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from tasks.models.fitting import fit_within_budget\n"
        "from tasks.models.job import Job, from_bytes\n"
        f"job = from_bytes(Job, Path({str(tmp_path / 'job.json')!r}).read_bytes())\n"
        "fit_within_budget(job)\n"
    )
    start = f"import sys, runpy; sys.path[:] = {sys.path!r}; runpy.run_path({str(script)!r})"
    with subprocess.Popen([sys.executable, "-c", start]) as caller:
        wait_until(marks.exists)
        caller.kill()
    wait_until(lambda: all(has_ended(int(pid)) for pid in marks.read_text().split()))


def test_what_a_candidate_prints_is_kept_in_its_log(job: Make) -> None:
    """A child's output does not reach our terminal; it is kept beside the model."""
    made = job(f"{BAD}.IsKilled")
    failed(made)
    assert "about to be killed" in (made.folder / LOG_FILE).read_text()
