"""Which cause is told for which symptoms, and that what is not known speaks for none."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tasks.drift.faults import Kind
from tasks.drift.maturity import LabelMove
from tasks.drift.routing import Limits, density_needed, routed
from tasks.drift.symptoms import Symptoms
from tasks.records import Interval, Outcome
from tasks.signs import Route
from tests.drift.symptomatic import (
    BAR,
    DROPPED,
    FIRST,
    LOST_LABELS,
    QUIET,
    UNDEFINED_LABELS,
    admission,
    density,
    estimate,
    fault,
    reading,
    signal,
)

REFUSED = admission(Outcome.REFUSED)
ALARMED_FAULT: Mapping[str, Any] = {"faults": [fault()], "signals": [signal("feature amount")]}
CONCEPT: Mapping[str, Any] = {"expected": estimate(0.74)}
COVARIATE: Mapping[str, Any] = {"expected": estimate(0.66), "density": density(0.7)}


@pytest.mark.parametrize(
    ("changes", "route"),
    [
        ({}, Route.UNEXPLAINED),
        ({"admissions": [REFUSED]}, Route.BROKEN_DATA),
        ({"admissions": [REFUSED, admission()]}, Route.UNEXPLAINED),
        ({"admissions": [admission(), REFUSED]}, Route.BROKEN_DATA),
        ({"admissions": [REFUSED, admission(partition="2024-03-05")]}, Route.BROKEN_DATA),
        ({"admissions": [admission(held=3)]}, Route.BROKEN_DATA),
        ({"admissions": [admission(held=2), admission(partition="2024-03-05")]}, Route.UNEXPLAINED),
        (ALARMED_FAULT, Route.BROKEN_DATA),
        ({"faults": [fault()]}, Route.UNEXPLAINED),
        ({"faults": [replace(fault(), beyond=True)]}, Route.BROKEN_DATA),
        ({"faults": [replace(fault(days=4), beyond=True)]}, Route.UNEXPLAINED),
        ({"faults": [fault()], "signals": [signal("feature price")]}, Route.UNEXPLAINED),
        (
            {"faults": [fault()], "signals": [signal("feature amount", False, False)]},
            Route.UNEXPLAINED,
        ),
        ({**ALARMED_FAULT, "faults": [fault(days=3)]}, Route.BROKEN_DATA),
        ({**ALARMED_FAULT, "faults": [fault(days=4)]}, Route.UNEXPLAINED),
        ({"labels": LOST_LABELS}, Route.LABELS),
        ({"labels": replace(LOST_LABELS, share=0.88)}, Route.UNEXPLAINED),
        ({"labels": replace(LOST_LABELS, p=0.02)}, Route.UNEXPLAINED),
        ({"labels": UNDEFINED_LABELS}, Route.UNEXPLAINED),
        ({"labels": replace(LOST_LABELS, share=0.9, usual=0.4)}, Route.UNEXPLAINED),
        (CONCEPT, Route.CONCEPT),
        ({"expected": estimate(0.66)}, Route.UNEXPLAINED),
        ({"expected": estimate(math.nan)}, Route.UNEXPLAINED),
        ({"expected": replace(estimate(0.74), version=2)}, Route.UNEXPLAINED),
        (
            {"expected": replace(estimate(0.74), last_day=FIRST + timedelta(5))},
            Route.UNEXPLAINED,
        ),
        (COVARIATE, Route.COVARIATE),
        ({**COVARIATE, "density": density(0.55)}, Route.NOTHING),
        ({**COVARIATE, "density": density(0.55), "realised": reading(0.63)}, Route.CONCEPT),
        ({**COVARIATE, "density": None}, Route.UNEXPLAINED),
        ({**COVARIATE, "density": density(math.nan)}, Route.UNEXPLAINED),
        ({"expected": estimate(0.66), "signals": [signal("prediction")]}, Route.UNEXPLAINED),
        ({"expected": estimate(0.66), "signals": [signal("feature amount")]}, Route.COVARIATE),
        ({"expected": estimate(0.72, 0.1), "density": density(0.5)}, Route.NOTHING),
        ({"expected": estimate(0.72, 0.1), "density": density(0.7)}, Route.UNEXPLAINED),
        (
            {
                "expected": estimate(0.72, 0.1),
                "density": density(0.5),
                "signals": [signal("feature amount")],
            },
            Route.UNEXPLAINED,
        ),
        (
            {"expected": replace(estimate(0.72, 0.1), version=2), "density": density(0.5)},
            Route.UNEXPLAINED,
        ),
        ({"latest": estimate(0.6), "density": density(0.7)}, Route.COVARIATE),
        ({"realised": None}, Route.UNEXPLAINED),
    ],
)
def test_a_drop(changes: Mapping[str, Any], route: Route) -> None:
    """Each symptom beside a drop is routed by what it stands for, and by nothing less."""
    assert routed(replace(DROPPED, **changes)).route is route


@pytest.mark.parametrize(
    ("changes", "route"),
    [
        ({}, Route.NOTHING),
        ({"admissions": [REFUSED]}, Route.BROKEN_DATA),
        (ALARMED_FAULT, Route.BROKEN_DATA),
        ({"labels": LOST_LABELS}, Route.LABELS),
        ({"realised": reading(0.7)}, Route.NOTHING),
        ({"latest": estimate(0.65)}, Route.NOTHING),
        ({"latest": estimate(0.65), "density": density(0.7)}, Route.COVARIATE),
        ({"latest": estimate(0.7, reach=0.1), "density": density(0.7)}, Route.COVARIATE),
        ({"latest": estimate(0.725, reach=0.01), "density": density(0.7)}, Route.NOTHING),
        ({"latest": estimate(0.65), "density": density(0.55)}, Route.NOTHING),
        ({"latest": estimate(0.65), "signals": [signal("feature amount")]}, Route.COVARIATE),
        ({"latest": estimate(0.65), "signals": [signal("label")]}, Route.NOTHING),
        ({"density": density(0.9), "signals": [signal("feature amount")]}, Route.NOTHING),
        ({"expected": estimate(0.6), "density": density(0.9)}, Route.NOTHING),
    ],
)
def test_without_a_drop(changes: Mapping[str, Any], route: Route) -> None:
    """Broken data, missing labels and a certain fall of the estimate are told without a drop."""
    assert routed(replace(QUIET, **changes)).route is route


def test_order() -> None:
    """Of several causes the one is told that makes the evidence of the others worthless."""
    each: list[tuple[Route, dict[str, Any]]] = [
        (Route.BROKEN_DATA, {"admissions": [REFUSED]}),
        (Route.LABELS, {"labels": LOST_LABELS}),
        (Route.CONCEPT, {"expected": estimate(0.74)}),
        (Route.COVARIATE, {"latest": estimate(0.6), "density": density(0.7)}),
    ]
    for first, second in itertools.combinations(each, 2):
        both = {**second[1], **first[1]}
        assert routed(replace(DROPPED, **both)).route is first[0]


def test_metrics_that_fall_when_things_get_better() -> None:
    """A log-loss above what was expected is a concept, one below is not; shifts likewise."""
    lost = Symptoms("log_loss", dropped=True, bar=0.45, allowed=0.02, realised=reading(0.55))
    assert routed(replace(lost, expected=estimate(0.47))).route is Route.CONCEPT
    assert routed(replace(lost, expected=estimate(0.70))).route is Route.UNEXPLAINED
    shifted = replace(lost, expected=estimate(0.54), density=density(0.7))
    assert routed(shifted).route is Route.COVARIATE
    early = replace(QUIET, metric="log_loss", bar=0.45, density=density(0.7))
    assert routed(replace(early, latest=estimate(0.5))).route is Route.COVARIATE
    assert routed(replace(early, latest=estimate(0.3))).route is Route.NOTHING


def test_what_is_told() -> None:
    """Every route says on which numbers it was chosen, and a concept what to retrain on."""
    concept = routed(replace(DROPPED, **CONCEPT), Limits(train_days=30))
    assert concept.suggested == {"train_days": 30}
    assert concept.evidence["realised"] == 0.65
    assert concept.evidence["expected_low"] == pytest.approx(0.72)
    assert "roc_auc 0.650 turned out where roc_auc 0.740 [0.720, 0.760] was" in concept.reason
    broken = routed(replace(QUIET, **ALARMED_FAULT))
    assert broken.evidence["column"] == "amount"
    assert broken.evidence["fault"] == Kind.NULLS
    assert "on 2024-03-01 of 7 days, the others are whole" in broken.reason
    refused = routed(replace(QUIET, admissions=[REFUSED]))
    assert "rows are of another day" in refused.reason
    labels = routed(replace(QUIET, labels=LOST_LABELS))
    assert "40.0% of the labels are there 1 nights after, 90.0% usual" in labels.reason
    shifted = routed(replace(QUIET, signals=[signal("feature amount"), signal("prediction")]))
    assert shifted.reason == "alarms about feature amount, prediction, without a known loss"
    assert not routed(QUIET).suggested


def test_only_what_a_retrain_may_mend_asks_for_one() -> None:
    """Broken data and missing labels never retrain, whatever else is seen."""
    assert not Route.BROKEN_DATA.retrains
    assert not Route.LABELS.retrains
    everything = replace(DROPPED, **CONCEPT, admissions=[REFUSED], density=density(0.9))
    assert not routed(everything).route.retrains


def test_nothing_known() -> None:
    """No symptom is no cause; a drop of which nothing else is known is unexplained."""
    assert routed(Symptoms("roc_auc")).route is Route.NOTHING
    told = routed(Symptoms("roc_auc", dropped=True))
    assert told.route is Route.UNEXPLAINED
    assert "what was expected of the same rows is not known" in told.reason
    assert told.evidence == {"metric": "roc_auc"}


_NAN = Interval(math.nan, math.nan, math.nan)


@pytest.mark.parametrize("dropped", [True, False])
@pytest.mark.parametrize("hole", ["realised", "expected", "latest", "labels", "density", "bar"])
def test_undefined_numbers_speak_for_no_cause(hole: str, dropped: bool) -> None:
    """A symptom that is nan changes a route to one that needs it less, never raises, never leaks.

    Evidence goes to the ledger and into events, which have no nan.
    """
    undefined: Mapping[str, Any] = {
        "realised": replace(reading(0.65), measured=_NAN),
        "expected": replace(estimate(0.7), measured=_NAN),
        "latest": replace(estimate(0.6), measured=_NAN),
        "labels": LabelMove(math.nan),
        "density": density(math.nan),
        "bar": math.nan,
    }
    told = routed(replace(DROPPED, dropped=dropped, **{hole: undefined[hole]}))
    assert told.route is (Route.UNEXPLAINED if dropped else Route.NOTHING)
    assert all(not isinstance(v, float) or math.isfinite(v) for v in told.evidence.values())


def test_hostile_symptoms() -> None:
    """Infinite readings, empty tables and half a limit decide nothing that they do not show."""
    endless = replace(
        DROPPED, expected=replace(estimate(0.7), measured=Interval(0.7, -math.inf, 9))
    )
    assert routed(endless).route is Route.UNEXPLAINED
    half = replace(DROPPED, expected=replace(estimate(0.7), measured=Interval(0.74, 0.7, math.nan)))
    assert routed(half).route is Route.CONCEPT
    empty = replace(DROPPED, admissions=[admission(rows=0)])
    assert routed(empty).route is Route.UNEXPLAINED
    all_held = replace(QUIET, admissions=[admission(rows=0, held=5)])
    assert routed(all_held).route is Route.BROKEN_DATA


def test_density_is_asked_for_only_where_it_decides() -> None:
    """The classifier is trained when an estimate fell and nothing dearer to trust has told."""
    assert not density_needed(QUIET)
    assert not density_needed(DROPPED)
    assert density_needed(replace(QUIET, latest=estimate(0.65), density=None))
    assert density_needed(replace(DROPPED, expected=estimate(0.66)))
    assert not density_needed(replace(DROPPED, **CONCEPT, latest=estimate(0.6)))
    assert not density_needed(replace(QUIET, latest=estimate(0.6), admissions=[REFUSED]))
    assert replace(DROPPED, realised=None).bar == BAR
