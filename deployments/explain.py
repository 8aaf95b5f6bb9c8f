"""Why a logged prediction is what it is: given again, and split into what each input added."""

import math
from dataclasses import dataclass
from datetime import datetime

import click
from scipy.special import expit

from deployments import show
from tasks.errors import Corrupt
from tasks.evaluation.importance import recorded
from tasks.features.query import typed
from tasks.models.attribution import Attribution, NotCheap, Scale, attributions
from tasks.predictions.replay import Changed, Replay, Replayer, Value, value
from tasks.records import Importance, Interval
from tasks.stores import Stores, open_stores

_SHORTEST = 6  # characters of an id
_BACKGROUND = 100  # rows


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


def run(prediction: str, pipeline: str, top: int, as_json: bool) -> None:
    """Explain a prediction by its id or the beginning of it; `Corrupt` if its model disagrees."""
    if len(prediction) < _SHORTEST:
        raise click.BadParameter(f"{prediction!r} is too short: {_SHORTEST} characters at least")
    stores = open_stores(pipeline)
    logged = stores.log.find(prediction.lower())
    replayer = Replayer(stores.definition, stores.lake, stores.log, stores.model)
    replay = replayer.replay(logged, list(stores.reference(logged.version).columns))
    found = explanation(stores, replay)
    if as_json:
        show.document(found)
    else:
        told(found, top)
    if not replay.holds:
        raise Corrupt(
            f"version {replay.version} {replay.told}: the log or the libraries have changed since"
        )


def explanation(stores: Stores, replay: Replay) -> Explanation:
    """What is to be said about a prediction that was given again."""
    background = typed(stores.definition, stores.reference(replay.version))
    background = background.sample(min(len(background), _BACKGROUND), random_state=0)
    found = attributions(stores.model(replay.version), replay.inputs, background)
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
        background=len(background),
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


def told(found: Explanation, top: int) -> None:
    """Print an explanation, with so many inputs in its table."""
    key = ", ".join(f"{name} {each}" for name, each in found.key.items())
    show.line(f"prediction {found.prediction_id}: {key}, asked {found.asked_at:%Y-%m-%d %H:%M %Z}")
    show.line(f"v{found.version} ({found.candidate}) answered {found.answer:.4f}; {found.told}")
    for each in found.changed:
        show.line(f"  {each.column}: {_value(each.logged)} then, {_value(each.now)} now")
    if found.base is None:
        show.line(f"not split into inputs: {found.not_cheap}")
    else:
        show.line(
            f"base {_base(found)}: the mean answer to {found.background} rows that v{found.version}"
            " was trained on"
        )
    shown = found.inputs[:top]
    show.table(
        f"what each input added, in {found.scale}" if found.scale else "inputs",
        ["input", "value", "added", f"importance to v{found.version}"],
        [[e.column, _value(e.value), _added(e.contribution), _loss(e.importance)] for e in shown],
    )
    left = found.inputs[top:]
    if left:
        rest = sum(each.contribution or 0.0 for each in left)
        show.line(f"{len(left)} more inputs" + (f" added {rest:+.4f}" if found.scale else ""))


def _base(found: Explanation) -> str:
    base = found.base or 0.0
    if found.scale == Scale.LOG_ODDS:
        return f"{base:+.4f} (a probability of {expit(base):.4f})"
    return f"{base:.4f}"


def _value(each: Value) -> str:
    if each is None:
        return "-"
    return f"{each:g}" if isinstance(each, float) else each


def _added(contribution: float | None) -> str:
    return "-" if contribution is None else f"{contribution:+.4f}"


def _loss(importance: Interval | None) -> str:
    if importance is None or math.isnan(importance.value):
        return "-"
    return f"{importance.value:+.4f} [{importance.low:+.4f}, {importance.high:+.4f}]"
