"""Going on from a model that serves: what it has learned stays, and new rows add to it."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from config.schema import Candidate, Features
from tasks.data import artifact
from tasks.errors import Corrupt, Terminal
from tasks.models.estimators import MODEL_STEP, build, fitted, usable, weighing
from tasks.models.job import Predecessor
from tasks.models.rows import Rows

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Start:
    """The champion, loaded, and the last day that it has seen, in days since 1970."""

    model: Pipeline
    through: int


class NoWarmStart(Terminal):
    """Why a candidate has to start from nothing."""


def start(champion: Predecessor | None, name: str) -> Start:
    """The champion to go on from, verified; `NoWarmStart` when it is not of candidate `name`."""
    if champion is None:
        raise NoWarmStart("there is no champion")
    if champion.candidate != name:
        raise NoWarmStart(f"champion {champion.version} is of candidate {champion.candidate}")
    try:
        model = artifact.load(champion.folder, champion.manifest)
    except (Corrupt, OSError) as error:
        raise NoWarmStart(f"champion {champion.version} cannot be loaded: {error}") from error
    return Start(model, (champion.through - _EPOCH).days)


def learned(
    start: Start | None, candidate: Candidate, features: Features, rows: Rows
) -> tuple[Pipeline, str]:
    """A model of the rows, from the start where that works; and why it does not, if so."""
    cold = ""
    if start is not None:
        try:
            return continued(start, candidate, features, rows), ""
        except NoWarmStart as reason:
            cold = str(reason)
    return fitted(candidate, features, rows.inputs, rows.labels, rows.weights), cold


def continued(start: Start, candidate: Candidate, features: Features, rows: Rows) -> Pipeline:
    """The champion's model with more learned; the champion itself stays as it was.

    The inputs are prepared as the champion prepares them, so that what it has learned means the
    same. An ensemble keeps its trees and adds `max_iter` or `n_estimators` more, grown on all
    rows; another estimator with `warm_start` sets out from the champion's coefficients on all
    rows; one with `partial_fit` sees only the days after the champion's last. Raises
    `NoWarmStart` where columns, preparation or kind of estimator differ, or it cannot go on.
    """
    wanted = build(candidate, usable(features, rows.inputs))
    _same_shape(start.model, wanted)
    inputs = start.model.named_steps["inputs"]
    model = copy.deepcopy(start.model.named_steps[MODEL_STEP])
    asked = wanted.named_steps[MODEL_STEP].get_params(deep=False)
    try:
        if "warm_start" in asked:
            _warmed(model, asked, inputs.transform(rows.inputs), rows)
        else:
            later = np.flatnonzero(rows.days > start.through)
            _taught(model, inputs, rows.at(later))
    except (ValueError, TypeError, AttributeError) as error:
        raise NoWarmStart(f"{type(model).__name__} cannot go on: {error}") from error
    return Pipeline([("inputs", inputs), (MODEL_STEP, model)])


def _warmed(model: Any, asked: dict[str, Any], inputs: Any, rows: Rows) -> None:
    model.set_params(**{**asked, **_more(model, asked), "warm_start": True})
    with _as_it_was_binned(model):
        model.fit(inputs, rows.labels, **weighing(model, rows.weights))
    model.set_params(warm_start=asked["warm_start"])


def _taught(model: Any, inputs: Any, later: Rows) -> None:
    if not hasattr(model, "partial_fit"):
        raise NoWarmStart(f"{type(model).__name__} has neither warm_start nor partial_fit")
    if not len(later.labels):
        raise NoWarmStart("no training day is later than the champion's last")
    weights = weighing(model, later.weights)
    model.partial_fit(inputs.transform(later.inputs), later.labels, **weights)


def _same_shape(ours: Pipeline, wanted: Pipeline) -> None:
    have, want = type(ours.named_steps[MODEL_STEP]), type(wanted.named_steps[MODEL_STEP])
    if have is not want:
        raise NoWarmStart(f"the champion is a {have.__name__}, the candidate a {want.__name__}")
    before, now = _prepared(ours), _prepared(wanted)
    if before != now:
        names = {name for _, _, columns in (*before, *now) for name in columns}
        changed = [
            name
            for name in sorted(names)
            if any(name in columns for _, _, columns in before)
            is not any(name in columns for _, _, columns in now)
        ]
        told = f"columns changed: {', '.join(changed)}" if changed else "inputs are prepared anew"
        raise NoWarmStart(told)


def _prepared(model: Pipeline) -> list[tuple[str, str, tuple[str, ...]]]:
    parts = model.named_steps["inputs"].transformers
    return [(name, type(part).__name__, tuple(columns)) for name, part, columns in parts]


def _more(model: Any, asked: dict[str, Any]) -> dict[str, int]:
    """Sizes of ensembles are counted on top of what is there."""
    if isinstance(model, HistGradientBoostingClassifier):
        return {"max_iter": model.n_iter_ + asked["max_iter"]}
    if "n_estimators" in asked:
        return {"n_estimators": len(model.estimators_) + asked["n_estimators"]}
    return {}


@contextmanager
def _as_it_was_binned(model: Any) -> Iterator[None]:
    """Keep the bins and categories that a histogram model's trees were grown with.

    `HistGradientBoostingClassifier.fit` makes them anew on every call, also on a warm start:
    given other rows than the first time, it then reads its own trees wrongly, without a word
    (scikit-learn 1.9.1; `tests/models/test_warm_start.py` shows it).
    """
    if not isinstance(model, HistGradientBoostingClassifier):
        yield
        return
    bins = model._bin_mapper

    def preprocessed(inputs: Any, *, reset: bool) -> Any:
        known = type(model)._preprocess_X(model, inputs, reset=False)
        return (known, None) if reset else known

    def binned(inputs: Any, _weights: Any, is_training_data: bool) -> Any:
        model._bin_mapper = bins
        found = bins.transform(inputs)
        return found if is_training_data else np.ascontiguousarray(found)

    model._preprocess_X, model._bin_data = preprocessed, binned
    try:
        yield
    finally:
        del model._preprocess_X, model._bin_data
