"""Why a prediction is what it is: given again, and split into what each input added."""

import math
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from tasks.evaluation.recorded import recorded
from tasks.features.query import typed
from tasks.models.contributions import Attribution, NotCheap
from tasks.predictions.replay import Changed, Replay, Value, value
from tasks.records import Importance, Interval
from tasks.stores import Stores

BACKGROUND = 100
"""Rows that answers are explained against, at most."""


@dataclass(frozen=True)
class Input:
    """One input of a prediction: its value, what it added, and how much the version leans on it."""

    column: str
    value: Value
    contribution: float | None
    importance: Interval | None


@dataclass(frozen=True)
class Explanation:
    """A prediction, whether it was reproduced, and the inputs, the most telling first.

    `scale` says what `base` and contributions are counted in; `base` is the mean answer to
    `background` rows that the version was trained on. Where `not_cheap` says why there are none,
    the inputs are in order of importance.
    """

    prediction_id: str
    key: dict[str, str]
    asked_at: datetime
    version: int
    candidate: str
    answer: float
    again: float
    rebuilt: float
    changed: tuple[Changed, ...]
    told: str
    scale: str
    base: float | None
    background: int
    not_cheap: str
    inputs: tuple[Input, ...]


def background(stores: Stores, version: int) -> pd.DataFrame:
    """The rows that a version's answers are explained against: some that it was trained on."""
    rows = typed(stores.definition, stores.reference(version))
    return rows.sample(min(len(rows), BACKGROUND), random_state=0)


def explanation(stores: Stores, replay: Replay, found: Attribution | NotCheap) -> Explanation:
    """What is to be said about a prediction that was given again, and what its inputs added."""
    added = found if isinstance(found, Attribution) else None
    return Explanation(
        prediction_id=replay.prediction_id,
        key=replay.key,
        asked_at=replay.asked_at.to_pydatetime(),
        version=replay.version,
        candidate=stores.ledger.version(stores.name, replay.version).candidate,
        answer=replay.logged,
        again=replay.again,
        rebuilt=replay.rebuilt,
        changed=replay.changed,
        told=replay.told,
        scale=added.scale.value if added else "",
        base=added.base if added else None,
        background=min(BACKGROUND, len(stores.reference(replay.version))),
        not_cheap=found.reason if isinstance(found, NotCheap) else "",
        inputs=_inputs(replay, added, _importances(stores, replay.version)),
    )


def _importances(stores: Stores, version: int) -> tuple[Importance, ...]:
    """Those that the version was judged with; none for one that was registered without."""
    judged = [d for d in stores.ledger.decisions(stores.name) if d.version == version and d.judged]
    return recorded(judged[0].evidence) if judged else ()


def _inputs(
    replay: Replay, added: Attribution | None, importances: tuple[Importance, ...]
) -> tuple[Input, ...]:
    names = [str(name) for name in replay.inputs]
    losses = {each.column: each.loss for each in importances}
    made = [
        Input(
            column=name,
            value=value(replay.inputs[name].iloc[0]),
            contribution=float(added.contributions[0, number]) if added else None,
            importance=losses.get(name),
        )
        for number, name in enumerate(names)
    ]
    return tuple(sorted(made, key=_weight, reverse=True))


def _weight(each: Input) -> float:
    if each.contribution is not None:
        return abs(each.contribution)
    loss = each.importance.value if each.importance else math.nan
    return -math.inf if math.isnan(loss) else loss
