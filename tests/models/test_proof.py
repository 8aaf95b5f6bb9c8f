"""A stored model is what was judged when a process that never saw it gives the same answers."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from config.schema import Candidate
from tasks.data import artifact
from tasks.data.artifact import REFERENCE
from tasks.models.clean import Answered, Exam, Stored
from tasks.models.estimators import build
from tasks.models.keeper import Limits
from tasks.models.proof import examine, proved, same, unfit
from tasks.records import Status
from tests.models.conftest import FEATURES, LOGISTIC, small_world

INPUTS = small_world()[list(FEATURES.columns)]


def kept(model: Any, folder: Path) -> dict[str, str]:
    """The manifest of a model that was fitted on the small world and saved."""
    world = small_world()
    artifact.save(model.fit(world[list(FEATURES.columns)], world["late"]), folder)
    return artifact.manifest(folder)


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    candidate = Candidate(estimator=LOGISTIC)
    folder = tmp_path / "model"
    return Stored(folder, kept(build(candidate, FEATURES), folder))


@pytest.fixture
def answers(stored: Stored) -> np.ndarray:
    model = artifact.load(stored.folder, stored.manifest)
    given: np.ndarray = model.predict_proba(INPUTS)[:, 1]
    return given


def test_the_same_to_the_bit(stored: Stored, answers: np.ndarray) -> None:
    """A model that answers elsewhere as it did here passes, and its folder stays as it was."""
    check = proved(stored.folder, stored.manifest, INPUTS, answers)
    assert (check.code, check.status) == ("load", Status.PASS), check.reason
    assert check.numbers == {"rows": 600.0, "differ": 0.0}
    artifact.verify(stored.folder, stored.manifest)


def test_a_flipped_bit(stored: Stored, answers: np.ndarray) -> None:
    """One bit of the model's file, and it is not loaded; the file is named."""
    path = stored.folder / artifact.MODEL_FILE
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    check = proved(stored.folder, stored.manifest, INPUTS, answers)
    assert check.blocks
    assert "Corrupt: 1 changed: model.skops" in check.reason


def test_fit_to_serve(stored: Stored) -> None:
    """A model that answers the sample it keeps is fit; one that keeps no row is not."""
    INPUTS.head(50).to_parquet(stored.folder / REFERENCE)
    assert unfit(stored.folder, artifact.manifest(stored.folder)) == ""
    INPUTS.head(0).to_parquet(stored.folder / REFERENCE)
    told = unfit(stored.folder, artifact.manifest(stored.folder))
    assert told == "it keeps 0 rows to be asked about"


def test_answers_of_another_model(stored: Stored, answers: np.ndarray) -> None:
    """What was judged is not what would serve: told is how many answers differ, and how far."""
    judged = answers.copy()
    judged[3] = np.nextafter(judged[3], 1)
    judged[5] += 0.25
    check = proved(stored.folder, stored.manifest, INPUTS, judged)
    assert check.blocks
    assert "2 of 600 answers differ in a clean process, by up to 0.25" in check.reason


def test_answers_that_follow_the_process(tmp_path: Path) -> None:
    """A model that draws its answers from the process's own luck does not pass."""
    lottery = DummyClassifier(strategy="stratified", random_state=None)
    manifest = kept(lottery, tmp_path / "model")
    given = lottery.predict_proba(INPUTS)[:, 1]
    check = proved(tmp_path / "model", manifest, INPUTS, given)
    assert check.blocks
    assert check.numbers["differ"] > 100


class Trap:
    """A cell of a frame that does something as soon as another process reads it."""

    def __init__(self, does: Callable[..., object], *arguments: object) -> None:
        self.does = does, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.does


def killed() -> None:
    """End this process as the system would."""
    print("about to be killed", flush=True)  # noqa: T201 - the log's last line
    os.kill(os.getpid(), signal.SIGKILL)


TRAPS = {
    "killed": (Trap(killed), "died of signal SIGKILL: about to be killed"),
    "gone": (Trap(os._exit, 0), "died of exit code 0 without a result"),
    "hanging": (Trap(time.sleep, 60), "killed after 0."),
    "hoarding": (Trap(bytearray, 10**11), "more memory than it may have"),
    "raising": (Trap(int, "x"), "ValueError: invalid literal"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_process_that_does_not_come_back(stored: Stored, answers: np.ndarray, name: str) -> None:
    """However the clean process ends, the check fails with what happened, and we go on."""
    trap, told = TRAPS[name]
    cells: list[Any] = [trap, *INPUTS["carrier"].tolist()[1:]]
    inputs = INPUTS.assign(carrier=cells)
    limits = Limits(seconds=0.5 if name == "hanging" else 60, memory_mb=1000)
    check = proved(stored.folder, stored.manifest, inputs, answers, limits)
    assert check.blocks
    assert told in check.reason


def test_nothing_to_ask(stored: Stored) -> None:
    """Without a row nothing has been proved."""
    told = Answered(answers=np.empty(0))
    assert same(told, np.empty(0)).status is Status.NO_EVIDENCE
    assert same(told, np.ones(1)).status is Status.FAIL


def test_bits_are_compared() -> None:
    """Not a number equals itself here, and minus zero is not zero."""
    odd = np.array([np.nan, 0.0])
    assert same(Answered(answers=odd.copy()), odd).status is Status.PASS
    assert same(Answered(answers=np.array([np.nan, -0.0])), odd).status is Status.FAIL


def test_single_answers_are_timed_in_turns(stored: Stored, answers: np.ndarray) -> None:
    """An exam with rounds tells milliseconds of both models, memory, and the same answers."""
    told = examine(Exam(stored, INPUTS, rounds=8, rival=stored))
    assert (told.problem, told.rival_problem) == ("", "")
    assert len(told.own_ms) == len(told.rival_ms) == 8
    assert (told.own_ms > 0).all()
    assert 0 <= told.memory_mb < 500
    np.testing.assert_array_equal(told.answers, answers)


def test_a_rival_that_does_not_load(stored: Stored, tmp_path: Path) -> None:
    """Is no fault of the model: its own answers and times are there."""
    told = examine(Exam(stored, INPUTS, rounds=2, rival=Stored(tmp_path / "none", {})))
    assert "no manifest" in told.rival_problem
    assert (told.problem, len(told.own_ms), len(told.rival_ms)) == ("", 2, 0)


def test_relative_folders(
    stored: Stored, answers: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative folder lies where the caller is now, not where the fork server was started."""
    monkeypatch.chdir(stored.folder.parent)
    assert proved(Path("model"), stored.manifest, INPUTS, answers).status is Status.PASS


def test_rows_keep_their_kinds(stored: Stored) -> None:
    """None, missing numbers and nullable integers reach the clean process as they are."""
    odd = INPUTS.astype({"maker": object})
    odd["maker"] = odd["maker"].where(pd.notna(odd["maker"]), None)
    model = artifact.load(stored.folder, stored.manifest)
    given = model.predict_proba(odd)[:, 1]
    assert proved(stored.folder, stored.manifest, odd, given).status is Status.PASS
