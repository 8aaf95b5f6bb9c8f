"""What is otherwise than on record, in words."""

import math
from collections.abc import Mapping, Sequence

from tasks.records import Failure, Fit
from tasks.registry.recipe import Recipe
from tasks.reproduction.outcome import WITHIN

_LISTED = 5


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Every name whose value is another, with both."""
    return [
        f"{name} {now.get(name, 'gone')} (was {then.get(name, 'not there')})"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def listed(changed: Sequence[str]) -> str:
    """The first few, and how many more; empty for none."""
    more = f" and {len(changed) - _LISTED} more" if len(changed) > _LISTED else ""
    return f"{', '.join(changed[:_LISTED])}{more}"


def otherwise(recipe: Recipe, found: Fit | Failure) -> str:
    """How a search ended otherwise than on record; empty when it did not."""
    if isinstance(found, Failure):
        return f"{found.candidate} {found.kind}: {found.reason}; fitted as on record"
    chosen = changes(_texts(recipe.params), _texts(found.params))
    if chosen:
        tried = f"{found.trials} of {recipe.trials} trials"
        return f"{tried}, and another choice: {listed(chosen)}; fitted as on record"
    if len(found.folds) != len(recipe.folds) or any(map(_apart, found.folds, recipe.folds)):
        return f"the folds score {_scores(found.folds)}; on record {_scores(recipe.folds)}"
    return ""


def _texts(params: Mapping[str, object]) -> dict[str, str]:
    return {name: repr(value) for name, value in params.items()}


def _apart(now: float, then: float) -> bool:
    return not (abs(now - then) <= WITHIN or (math.isnan(now) and math.isnan(then)))


def _scores(folds: Sequence[float]) -> str:
    return ", ".join(f"{each:.6g}" for each in folds)
