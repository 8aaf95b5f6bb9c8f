"""Why a logged prediction is what it is: given again, and split into what each input added."""

import math

import click

from deployments import show
from tasks.errors import Corrupt
from tasks.models.contributions import Scale
from tasks.predictions.replay import Replayer, Value
from tasks.records import Interval
from tasks.stores import open_stores
from tasks.tracing.explanations import Explanation, background, explanation

_SHORTEST = 6  # characters of an id


def run(prediction: str, pipeline: str, top: int, as_json: bool) -> None:
    """Explain a prediction by its id or the beginning of it; `Corrupt` if its model disagrees."""
    if len(prediction) < _SHORTEST:
        raise click.BadParameter(f"{prediction!r} is too short: {_SHORTEST} characters at least")
    stores = open_stores(pipeline)
    logged = stores.log.find(prediction.lower())
    replayer = Replayer(stores.definition, stores.lake, stores.log, stores.model)
    replay = replayer.replay(logged, list(stores.reference(logged.version).columns))
    from tasks.models.attribution import attributions

    others = background(stores, replay.version)
    split_up = attributions(stores.model(replay.version), replay.inputs, others)
    found = explanation(stores, replay, split_up)
    if as_json:
        show.document(found)
    else:
        told(found, top)
    if not replay.holds:
        raise Corrupt(
            f"version {replay.version} {replay.told}: the log or the libraries have changed since"
        )


def told(found: Explanation, top: int) -> None:
    """Print an explanation, with so many inputs in its table."""
    key = ", ".join(f"{name} {each}" for name, each in found.key.items())
    show.line(f"prediction {found.prediction_id}: {key}, asked {found.asked_at:%Y-%m-%d %H:%M %Z}")
    show.line(f"v{found.version} ({found.candidate}) answered {found.answer:.4f}; {found.told}")
    for each in found.changed:
        show.line(f"  {each.column}: {_value(each.logged)} then, {_value(each.now)} now")
    split(found, top)


def split(found: Explanation, top: int) -> None:
    """Print what each input added, with so many of them in the table."""
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
        return f"{base:+.4f} (a probability of {Scale.LOG_ODDS.probability(base):.4f})"
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
