"""Every candidate of every shipped pipeline keeps the promises that the loop relies on."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

import config
from config.load import load_pipeline
from config.schema import Candidate, Features
from tasks.data import artifact
from tasks.models.estimators import build, fitted
from tasks.models.rows import Rows
from tasks.models.search import probability
from tasks.models.warm import Start, learned

SHIPPED = sorted(Path(config.__file__).parent.glob("pipelines/*/pipeline.yaml"))
FOUND = [
    pytest.param(candidate, pipeline.features, id=f"{pipeline.name}.{name}")
    for pipeline in (load_pipeline(path.parent) for path in SHIPPED)
    for name, candidate in pipeline.candidates.items()
]
every_candidate = pytest.mark.parametrize(("candidate", "features"), FOUND)
ROWS = 3000


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in a candidate's own process; on busy cores pools of threads mostly wait."""
    with threadpool_limits(limits=1):
        yield


def inputs_and_labels(features: Features) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows whose label depends on the first numeric column, with a tenth of all values null."""
    rng = np.random.default_rng(2)
    columns: dict[str, object] = {}
    for name in features.numeric:
        columns[name] = pd.Series(rng.normal(size=ROWS)).mask(rng.uniform(size=ROWS) < 0.1)
    for name in features.categorical:
        words = pd.Series(rng.choice(["a", "b", "c"], ROWS))
        columns[name] = words.mask(rng.uniform(size=ROWS) < 0.1)
    inputs = pd.DataFrame(columns)
    signal = inputs[features.columns[0]]
    known = signal.fillna(0.0) if features.numeric else (signal == "a").astype(float)
    return inputs, (known + rng.normal(0, 0.5, ROWS) > 0.2).to_numpy().astype(np.int8)


def answers(candidate: Candidate, features: Features, ask: pd.DataFrame) -> np.ndarray:
    inputs, labels = inputs_and_labels(features)
    return probability(fitted(candidate, features, inputs, labels), ask)


def test_candidates_are_found() -> None:
    """Discovery finds shipped candidates: an empty list would pass every test below."""
    assert len(FOUND) >= 3


@every_candidate
def test_answers_are_probabilities(candidate: Candidate, features: Features) -> None:
    """A tiny training set with nulls gives finite probabilities that differ."""
    ask, _ = inputs_and_labels(features)
    given = answers(candidate, features, ask)
    assert given.shape == (ROWS,)
    assert ((given >= 0) & (given <= 1)).all()


@every_candidate
def test_the_seed_decides_everything(candidate: Candidate, features: Features) -> None:
    """Two fits with one seed answer the same to the last bit."""
    ask, _ = inputs_and_labels(features)
    first, second = (answers(candidate, features, ask) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@every_candidate
def test_unseen_categories_and_rows_of_nulls_get_an_answer(
    candidate: Candidate, features: Features
) -> None:
    """Scoring never fails on a category that training has not seen, or on missing values."""
    ask, _ = inputs_and_labels(features)
    for name in features.categorical:
        ask.loc[ask.index[:50], name] = "never seen"
    for name in features.numeric:
        ask.loc[ask.index[25:75], name] = np.nan
    for name in features.categorical:
        ask.loc[ask.index[50:75], name] = None
    assert np.isfinite(answers(candidate, features, ask)).all()


@every_candidate
def test_a_saved_candidate_answers_the_same(
    candidate: Candidate, features: Features, tmp_path: Path
) -> None:
    """Saving with the trusted list and loading after verification changes no bit."""
    inputs, labels = inputs_and_labels(features)
    model = fitted(candidate, features, inputs, labels)
    artifact.save(model, tmp_path)
    loaded = artifact.load(tmp_path, artifact.manifest(tmp_path))
    np.testing.assert_array_equal(probability(model, inputs), probability(loaded, inputs))


@every_candidate
def test_every_value_that_may_be_searched_is_accepted(
    candidate: Candidate, features: Features
) -> None:
    """A search value that the estimator would refuse is found here and not at night."""
    for name, values in candidate.search.items():
        for value in values:
            params = {**candidate.params, name: value}
            model = build(candidate.model_copy(update={"params": params}), features)
            model.named_steps["model"]._validate_params()


@every_candidate
def test_going_on_from_a_champion(candidate: Candidate, features: Features) -> None:
    """A warm start either goes on from what was learned, reproducibly, or says why it cannot."""
    inputs, labels = inputs_and_labels(features)
    days = np.repeat(np.arange(10), ROWS // 10)
    half = Rows(inputs, labels, days).at(np.flatnonzero(days < 5))
    start = Start(fitted(candidate, features, half.inputs, half.labels), through=4)
    before = probability(start.model, inputs)
    (one, cold), (two, _) = (
        learned(start, candidate, features, Rows(inputs, labels, days)) for _ in range(2)
    )
    assert cold == ""
    np.testing.assert_array_equal(probability(one, inputs), probability(two, inputs))
    assert (probability(one, inputs) != before).any()
    np.testing.assert_array_equal(probability(start.model, inputs), before)
