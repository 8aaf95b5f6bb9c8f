"""A stored model that answers in a clean process, and what is left to load for who asks it."""

from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from config.schema import Candidate
from tasks.data import artifact
from tasks.errors import Corrupt
from tasks.models.attribution import attributions
from tasks.models.clean import Stored
from tasks.models.contributions import Attribution, NotCheap
from tasks.models.elsewhere import Elsewhere, Row
from tasks.models.estimators import fitted
from tests.models.conftest import FEATURES, LOGISTIC, small_world

WORLD = small_world()
INPUTS = WORLD[list(FEATURES.columns)]
BACKGROUND = INPUTS.tail(30)


def stored(folder: Path, estimator: str = LOGISTIC) -> Stored:
    candidate = Candidate.model_validate({"estimator": estimator})
    with threadpool_limits(limits=1):
        model = fitted(candidate, FEATURES, INPUTS, WORLD["late"].to_numpy().astype(np.int8))
    artifact.save(model, folder)
    return Stored(folder, artifact.manifest(folder))


def test_answers_and_contributions_are_those_of_this_process(tmp_path: Path) -> None:
    """To the bit, of all rows, and of the one that is explained."""
    kept = stored(tmp_path)
    here = artifact.load(kept.folder, kept.manifest)
    told = Elsewhere(kept).told(INPUTS, Row(7, BACKGROUND))
    assert told.answers.tobytes() == here.predict_proba(INPUTS)[:, 1].tobytes()
    added = attributions(here, INPUTS.iloc[[7]], BACKGROUND)
    assert isinstance(told.added, Attribution)
    assert isinstance(added, Attribution)
    assert (told.added.scale, told.added.columns) == (added.scale, added.columns)
    assert told.added.base == added.base
    assert told.added.contributions.tobytes() == added.contributions.tobytes()
    assert Elsewhere(kept).predict_proba(INPUTS).shape == (len(INPUTS), 2)


def test_what_is_not_cheap_is_told_beside_the_answers(tmp_path: Path) -> None:
    """Neighbours answer, and why they are not explained comes with it."""
    told = Elsewhere(stored(tmp_path, "sklearn.neighbors.KNeighborsClassifier")).told(
        INPUTS, Row(0, BACKGROUND)
    )
    assert len(told.answers) == len(INPUTS)
    assert isinstance(told.added, NotCheap)
    assert "KNeighborsClassifier" in told.added.reason


def test_a_changed_byte_is_corrupt(tmp_path: Path) -> None:
    """Nothing is loaded from it, there as little as here."""
    kept = stored(tmp_path)
    path = kept.folder / artifact.MODEL_FILE
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Corrupt, match=r"does not answer in a clean process: .*1 changed"):
        Elsewhere(kept).told(INPUTS, Row(0, BACKGROUND))
