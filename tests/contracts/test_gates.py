"""Every check of the gate, found by discovery, passes a good model and stops a sabotaged one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from config.gate import Fairness, Gate, Golden
from tasks.evaluation.gate import CHECKS, GateCheck, judge
from tasks.evaluation.trial import Bench, Pinned, Trial
from tasks.records import Check, Choice, Status
from tests.evaluation.worlds import FIRST_DAY, GATE, SUPERIORITY, bets, trial

Case = tuple[Trial, Gate]
Sabotage = Callable[[Trial], Case]


def _rows(old: Trial, chosen: np.ndarray) -> Trial:
    """The same trial on some of its rows."""
    assert old.champion is not None
    assert old.inputs is not None
    return replace(
        old,
        y=old.y[chosen],
        days=old.days[chosen],
        challenger=old.challenger[chosen],
        champion=old.champion[chosen],
        baselines={name: p[chosen] for name, p in old.baselines.items()},
        slices={name: values[chosen] for name, values in old.slices.items()},
        sensitive={name: values[chosen] for name, values in old.sensitive.items()},
        inputs=old.inputs[chosen],
    )


def _backwards(old: Trial, rows: np.ndarray) -> Trial:
    """A challenger that says the opposite on some rows."""
    return replace(old, challenger=np.where(rows, 1 - old.challenger, old.challenger))


def _with_nan(old: Trial) -> Trial:
    scores = old.challenger.copy()
    scores[17] = np.nan
    return replace(old, challenger=scores)


def _pinned(old: Trial) -> Pinned:
    assert old.golden is not None
    return old.golden


def _golden(old: Trial, **changes: Any) -> Trial:
    """The same trial with something else on the pinned rows."""
    return replace(old, golden=replace(_pinned(old), **changes))


def _inputs(old: Trial) -> pd.DataFrame:
    assert old.inputs is not None
    return old.inputs


def _far(old: Trial) -> np.ndarray:
    """Rows of a group that no gate declares."""
    return np.asarray(_inputs(old)["distance"] > 1500)


def _women(old: Trial) -> np.ndarray:
    return np.asarray(old.sensitive["sex"] == "female")


def _raised(old: Trial) -> np.ndarray:
    odds = np.log(old.challenger / (1 - old.challenger)) + 0.8
    return np.asarray(1 / (1 + np.exp(-odds)))


def _everywhere(old: Trial) -> np.ndarray:
    return np.ones(len(old.y), dtype=bool)


SABOTAGES: Mapping[str, Mapping[str, Sabotage]] = {
    "evidence": {
        "too few rows": lambda good: (_rows(good, np.arange(len(good.y)) % 10 == 0), GATE),
        "one class only": lambda good: (_rows(good, ~good.y.astype(bool)), GATE),
        "two days": lambda good: (_rows(good, good.days < FIRST_DAY + 2), GATE),
        "no rows": lambda good: (_rows(good, good.days < 0), GATE),
    },
    "separation": {
        "trained on a judged day": lambda good: (
            replace(good, challenger_through=FIRST_DAY + 3),
            GATE,
        ),
        "champion trained on a judged day": lambda good: (
            replace(good, champion_through=FIRST_DAY),
            GATE,
        ),
        "champion of unknown training": lambda good: (replace(good, champion_through=None), GATE),
        "selected on the judged rows": lambda good: (
            replace(good, used_digests=("b" * 64, good.holdout_digest)),
            GATE,
        ),
    },
    "valid_scores": {
        "one nan": lambda good: (_with_nan(good), GATE),
        "scores that are no probabilities": lambda good: (
            replace(good, challenger=good.challenger * 4 - 2),
            GATE,
        ),
        "always the same": lambda good: (
            replace(good, challenger=np.full(len(good.y), 0.3)),
            GATE,
        ),
        "too few scores": lambda good: (replace(good, challenger=good.challenger[:-5]), GATE),
    },
    "floor": {
        "says the opposite": lambda good: (_backwards(good, _everywhere(good)), GATE),
        "a bar too high": lambda good: (
            good,
            GATE.model_copy(update={"floors": {"log_loss": 0.2}}),
        ),
        "one nan": lambda good: (_with_nan(good), GATE),
        "no bar at all": lambda good: (
            replace(good, baselines={}),
            GATE.model_copy(update={"floors": {}}),
        ),
    },
    "baseline": {
        "the baseline itself": lambda good: (
            replace(good, challenger=good.baselines["rule"]),
            GATE,
        ),
        "a baseline as good": lambda good: (
            replace(good, baselines={"rule": good.challenger}),
            GATE,
        ),
        "a baseline of nan": lambda good: (
            replace(good, baselines={"rule": np.full(len(good.y), np.nan)}),
            GATE,
        ),
    },
    "champion": {
        "worse than the champion": lambda good: (
            replace(good, challenger=good.baselines["rule"]),
            GATE,
        ),
        "champion without answers": lambda good: (replace(good, champion=None), GATE),
        "champion with broken answers": lambda good: (
            replace(good, champion=np.full(len(good.y), np.nan)),
            GATE,
        ),
        "worse, whatever others have won": lambda good: (
            replace(good, challenger=good.baselines["rule"]),
            SUPERIORITY,
        ),
        "worse by a number": lambda good: (
            replace(good, challenger=good.baselines["rule"]),
            GATE.model_copy(update={"mode": "point"}),
        ),
    },
    "wealth": {
        "equal where better is asked": lambda good: (
            replace(good, bets=bets([0.01, -0.01] * 20)),
            SUPERIORITY,
        ),
        "no night yet": lambda good: (replace(good, bets=()), SUPERIORITY),
        "nights that say nothing": lambda good: (
            replace(good, bets=bets([float("nan")] * 40)),
            SUPERIORITY,
        ),
        "nights without a scale": lambda good: (
            replace(good, bets=bets([0.01] * 40, scale=0.0)),
            SUPERIORITY,
        ),
        "one night that won it all": lambda good: (replace(good, bets=bets([1e9])), SUPERIORITY),
    },
    "slice": {
        "opposite for one carrier": lambda good: (
            _backwards(good, good.slices["carrier"] == "UA"),
            GATE,
        ),
        "a slice that is not there": lambda good: (replace(good, slices={}), GATE),
        "no group large enough": lambda good: (
            good,
            GATE.model_copy(update={"min_slice_rows": 1500}),
        ),
        "one carrier of one class": lambda good: (
            replace(good, y=good.y & (good.slices["carrier"] != "UA")),
            GATE,
        ),
    },
    "golden": {
        "says the opposite there": lambda good: (
            _golden(good, challenger=1 - _pinned(good).challenger),
            GATE,
        ),
        "worse than the approved": lambda good: (
            _golden(good, reference=np.where(_pinned(good).y, 0.99, 0.01)),
            GATE,
        ),
        "trained on a pinned row": lambda good: (_golden(good, reused=1), GATE),
        "one nan": lambda good: (_golden(good, challenger=_with_nan(good).challenger), GATE),
        "too few answers": lambda good: (
            _golden(good, challenger=_pinned(good).challenger[:-5]),
            GATE,
        ),
        "one class only": lambda good: (_golden(good, y=_pinned(good).y & False), GATE),
        "too few rows": lambda good: (good, GATE.model_copy(update={"min_rows": 9000})),
        "pinned before a feature was added": lambda good: (
            _golden(good, lacking=("seats",)),
            GATE,
        ),
        "champion without answers": lambda good: (_golden(good, champion=None), GATE),
        "approved version without answers": lambda good: (_golden(good, reference=None), GATE),
        "nothing is pinned and it has to be": lambda good: (
            replace(good, golden=None),
            GATE.model_copy(update={"golden": Golden(required=True)}),
        ),
    },
    "weak": {
        "opposite on long ways": lambda good: (_backwards(good, _far(good)), GATE),
        "champion without answers": lambda good: (replace(good, champion=None), GATE),
        "no inputs": lambda good: (replace(good, inputs=None), GATE),
        "inputs of other rows": lambda good: (replace(good, inputs=_inputs(good)[:-5]), GATE),
        "one nan": lambda good: (_with_nan(good), GATE),
    },
    "fairness": {
        "always no for one sex": lambda good: (
            replace(good, challenger=np.where(_women(good), 0.01, good.challenger)),
            GATE,
        ),
        "one sex alone": lambda good: (
            replace(good, sensitive={"sex": np.full(len(good.y), "male")}),
            GATE,
        ),
        "sexes of other rows": lambda good: (
            replace(good, sensitive={"sex": good.sensitive["sex"][:-5]}),
            GATE,
        ),
        "too few of one sex": lambda good: (
            good,
            GATE.model_copy(update={"fairness": Fairness(min_group_rows=2000)}),
        ),
        "one nan": lambda good: (_with_nan(good), GATE),
    },
    "calibration": {
        "promises too much": lambda good: (
            replace(good, challenger=np.sqrt(good.challenger)),
            GATE,
        ),
        "promises a little too much, on few rows": lambda good: (
            replace(_rows(good, np.arange(len(good.y)) % 4 == 0), challenger=_raised(good)[::4]),
            GATE,
        ),
        "one nan": lambda good: (_with_nan(good), GATE),
    },
}

CASES = [
    pytest.param(check, sabotage, id=f"{check.code}: {name}")
    for check in CHECKS
    for name, sabotage in SABOTAGES.get(check.code, {}).items()
]


def _by(check: GateCheck, made: tuple[Check, ...]) -> list[Check]:
    return [each for each in made if each.code.split(":")[0] == check.code]


def test_every_check_has_its_sabotage() -> None:
    """A check that nobody has tried to fool is not finished."""
    assert {check.code for check in CHECKS} == {code for code, ways in SABOTAGES.items() if ways}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_a_good_model_passes(check: GateCheck) -> None:
    """Each check passes a model that is better, calibrated, and judged on clean rows."""
    gate = SUPERIORITY if check.code == "wealth" else GATE
    made = check.judge(Bench(trial(), gate, "roc_auc"))
    assert made
    assert {each.status for each in made} == {Status.PASS}
    assert _by(check, made) == list(made)
    assert all(each.reason and each.title for each in made)


@pytest.mark.parametrize(("check", "sabotage"), CASES)
def test_a_sabotaged_model_does_not(check: GateCheck, sabotage: Sabotage) -> None:
    """Each check stops what it is there to stop, in a sentence, and nothing is promoted."""
    bad, gate = sabotage(trial())
    verdict = judge(bad, gate, "roc_auc")
    against = [each for each in _by(check, verdict.checks) if each.blocks]
    assert against
    assert verdict.choice is not Choice.PROMOTE
    assert against[0].reason in verdict.reason
