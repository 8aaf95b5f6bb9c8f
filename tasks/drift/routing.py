"""What is behind a drop or a shift, told by what has to be done about it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tasks.drift.symptoms import Symptoms
from tasks.signs import Reading, Route, Routed

_HALF = 0.5
_NAMED = 3  # streams in a sentence


@dataclass(frozen=True)
class Limits:
    """What is too little to name a cause, and what a retrain is suggested to be run with.

    `held_share`: of a table's rows in the window. `label_nights`: one night in so many may tell
    falsely of moved labels; `label_share`: of the labels that are missing more than usual. `auc`:
    above one half, of the classifier that tells the window from the days before. `train_days`:
    the recent window that a changed concept is trained on.
    """

    held_share: float = 0.02
    label_nights: int = 90
    label_share: float = 0.05
    auc: float = 0.05
    train_days: int = 28


_LIMITS = Limits()
_Found = Routed | None


def routed(symptoms: Symptoms, limits: Limits = _LIMITS) -> Routed:
    """The first of these that the symptoms show, each by its own evidence.

    1. Broken data: a delivery that is still refused, or many rows held; or an alarm about a
       column with nulls, a unit or a category that no day before had, on a minority of the days;
       or, without one, a unit that takes a day beyond every value before.
    2. Labels: fewer are there after some night than used to be.
    3. Concept: a drop, with realised performance below what the same rows promised, beyond the
       interval for what would turn out.
    4. Covariate: the estimate fell, and there is an alarm about an input, or a classifier tells the
       window's rows from those before.
    5. Nothing, without a drop; and for one that is within what was expected of the same rows, whose
       inputs are known to be like those before: some days are harder, for any model.
    6. Any other drop is unexplained.

    Whatever could make later evidence worthless comes before it: broken rows move every other
    symptom, missing labels those that need labels. The estimate is blind to a changed concept,
    so that what it expected of the same inputs separates the two (Kivimaki et al., ACM TIST 2025;
    Cai, Namkoong and Yadlowsky, "Diagnosing model performance under distribution shift", 2023).
    """
    causes: tuple[Callable[[Symptoms, Limits], _Found], ...] = (
        _broken_data,
        _moved_labels,
        _concept,
        _covariate,
    )
    found = (cause(symptoms, limits) for cause in causes)
    return next((each for each in found if each is not None), _rest(symptoms, limits))


def density_needed(symptoms: Symptoms, limits: Limits = _LIMITS) -> bool:
    """Whether the route hangs on `density`, which is dear: nothing else tells of a drop or fall."""
    if symptoms.density is not None:
        return False
    route = routed(symptoms, limits).route
    compared = symptoms.dropped and not math.isnan(symptoms.worst_expected)
    falls = compared or symptoms.fallen is not None
    return falls and route in (Route.NOTHING, Route.UNEXPLAINED)


def _broken_data(symptoms: Symptoms, limits: Limits) -> _Found:
    refused = symptoms.refused
    if refused:
        told = f"{len(refused)} deliveries are refused and not replaced: {refused[0].message}"
        return _told(Route.BROKEN_DATA, told, {"refused": len(refused), "code": refused[0].code})
    for table, (held, rows) in symptoms.held.items():
        if held > limits.held_share * rows:
            told = f"{held} of {rows} rows of {table} are held, over {limits.held_share:.0%}"
            return _told(Route.BROKEN_DATA, told, {"table": table, "held_share": held / rows})
    fault = min(symptoms.broken, key=lambda each: each.days, default=None)
    if fault is None:
        return None
    days = ", ".join(map(str, fault.days))
    told = f"{fault.told}; on {days} of {fault.window} days, the others are whole"
    numbers = {"column": fault.column, "fault": str(fault.kind)}
    return _told(Route.BROKEN_DATA, told, {**numbers, "now": fault.now, "usual": fault.usual})


def _moved_labels(symptoms: Symptoms, limits: Limits) -> _Found:
    move = symptoms.labels
    if move is None or not move.p * limits.label_nights <= 1:
        return None
    if not move.effect >= limits.label_share:
        return None
    told = (
        f"{move.share:.1%} of the labels are there {move.nights} nights after, {move.usual:.1%} "
        f"usual, since {move.first_day} (p {move.p:.2g})"
    )
    numbers = {"p": move.p, "nights": move.nights, "share": move.share, "usual": move.usual}
    return _told(Route.LABELS, told, numbers)


def _concept(symptoms: Symptoms, limits: Limits) -> _Found:
    realised, expected = symptoms.realised, symptoms.expected
    if realised is None or expected is None:
        return None
    if not symptoms.dropped or not symptoms.worse_than_expected:
        return None
    told = (
        f"{realised.metric} {realised.measured.value:.3f} turned out where "
        f"{_limits_of(expected)} was expected of the same rows"
    )
    return _told(Route.CONCEPT, told, symptoms.numbers, {"train_days": limits.train_days})


def _covariate(symptoms: Symptoms, limits: Limits) -> _Found:
    fallen, moved = symptoms.fallen, _how_inputs_moved(symptoms, limits)
    if fallen is None or not moved:
        return None
    told = f"{moved}; {_limits_of(fallen)} is expected of them, {symptoms.bar:.3f} is the bar"
    numbers, density = symptoms.numbers, symptoms.density
    if density is not None:
        numbers = {**numbers, "density_auc": density.auc, "density_auc_low": density.low}
    return _told(Route.COVARIATE, told, numbers)


def _how_inputs_moved(symptoms: Symptoms, limits: Limits) -> str:
    """What shows that the inputs are not what they were, empty where nothing does."""
    density = symptoms.density
    if density is not None and density.low > _HALF + limits.auc:
        certain = f"AUC {density.auc:.3f}, at least {density.low:.3f}"
        return f"the window's inputs are told from those before ({certain})"
    inputs = symptoms.alarmed_inputs
    return f"alarms about {_listed(inputs)}" if inputs else ""


def _rest(symptoms: Symptoms, limits: Limits) -> Routed:
    if symptoms.dropped:
        return _unmoved(symptoms, limits)
    streams = symptoms.alarmed
    if streams:
        told = f"alarms about {_listed(streams)}, without a known loss"
        return _told(Route.NOTHING, told, {"alarmed": len(streams)})
    return _told(Route.NOTHING, "no drop and no shift that is known of", {})


def _unmoved(symptoms: Symptoms, limits: Limits) -> Routed:
    """A drop without a cause: of chance and harder days, where that is known."""
    expected, density = symptoms.expected, symptoms.density
    told = "a drop that neither broken data, labels, concept nor inputs explain"
    if expected is None or math.isnan(symptoms.worst_expected):
        told = f"{told}; what was expected of the same rows is not known"
        return _told(Route.UNEXPLAINED, told, symptoms.numbers)
    was = f"{_limits_of(expected)} was expected of the same rows"
    moved = _how_inputs_moved(symptoms, limits)
    if moved:
        return _told(Route.UNEXPLAINED, f"{told}; {moved}, yet {was}", symptoms.numbers)
    if density is None or math.isnan(density.low):
        told = f"{told}; {was}, and whether they differ from those before is not known"
        return _told(Route.UNEXPLAINED, told, symptoms.numbers)
    told = (
        f"a drop, but {was}, and their inputs are not told from those before "
        f"(AUC {density.auc:.3f}): harder days, or chance"
    )
    return _told(Route.NOTHING, told, symptoms.numbers)


def _told(
    route: Route,
    reason: str,
    numbers: Mapping[str, float | str],
    suggested: Mapping[str, int | str] | None = None,
) -> Routed:
    """A route with what is known of its evidence: an undefined number is left out."""
    known = {
        name: value
        for name, value in numbers.items()
        if isinstance(value, str) or math.isfinite(value)
    }
    return Routed(route, reason, known, suggested or {})


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _limits_of(reading: Reading) -> str:
    measured = reading.measured
    return f"{reading.metric} {measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}]"
