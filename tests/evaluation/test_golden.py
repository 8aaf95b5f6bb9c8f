"""The golden set refuses what a poisoned stream promotes, and lets everything else pass."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks.evaluation.contest import Beside
from tasks.evaluation.golden import golden, pinned
from tasks.evaluation.metrics import measure
from tasks.evaluation.trial import Bench, Pinned, Trial
from tasks.predictions.scorer import Model
from tasks.records import Check, Choice, Severity, Status
from tests.evaluation.poisoned import Attack, orders, version
from tests.evaluation.worlds import GATE, trial
from tests.features.lakes import defined

SEEDS = range(8)


def attack(folder: Path, seed: int) -> Attack:
    return Attack(defined(folder), seed)


def poisoned_night(shop: Attack, flipped: float) -> Trial:
    """A challenger of 10 clean and 15 later days meets the champion on the 7 days after."""
    champion = version(1, shop.model(orders(shop.seed, 21, 40)), 40)
    recent = orders(shop.seed, 41, 55, flipped)
    training = pd.concat([orders(shop.seed, 31, 40), recent], ignore_index=True)
    holdout = orders(shop.seed, 56, 62, flipped)
    return shop.trial(training, holdout, champion, Beside(golden=shop.golden, approved=champion))


def area(found: Trial | Pinned) -> tuple[float, float]:
    """ROC AUC of the champion, and of the challenger."""
    assert found.champion is not None
    return (
        measure("roc_auc", found.y, found.champion),
        measure("roc_auc", found.y, found.challenger),
    )


def the(checks: tuple[Check, ...], code: str) -> Check:
    (found,) = [check for check in checks if check.code == code]
    return found


def made(trial: Trial, **rules: object) -> tuple[Check, ...]:
    return golden(Bench(trial, GATE.model_copy(update=rules), "log_loss"))


def test_a_targeted_attack(tmp_path: Path) -> None:
    """Four in five labels of one category flipped: up on fresh rows, down on the golden set.

    In every one of the seeded streams the gate promotes the poison on the stream alone, and none
    of it with the golden set.
    """
    for seed in SEEDS:
        shop = attack(tmp_path, seed)
        night = poisoned_night(shop, flipped=0.8)
        assert night.golden is not None
        (was, became), (stood, fell) = area(night), area(night.golden)
        assert became > was + 0.03
        assert fell < stood - 0.01
        assert shop.judged(night, with_golden=False).choice is Choice.PROMOTE
        verdict = shop.judged(night)
        assert verdict.choice is Choice.KEEP
        assert [check.code for check in verdict.checks if check.blocks] == ["golden:champion"]


@pytest.mark.slow
def test_a_clean_stream_is_not_held_up(tmp_path: Path) -> None:
    """Without poison the same challengers pass: the golden set costs no promotion."""
    for seed in SEEDS:
        shop = attack(tmp_path, seed)
        night = poisoned_night(shop, flipped=0.0)
        assert shop.judged(night, with_golden=False).choice is Choice.PROMOTE
        assert shop.judged(night).choice is Choice.PROMOTE


def walked(shop: Attack, steps: int, stops: bool) -> tuple[list[int], float]:
    """Three more in a hundred labels flipped before each retrain: who was promoted, at what cost.

    The cost is the last champion's loss on the golden set beyond the approved version's.
    """
    approved = champion = version(1, shop.model(orders(shop.seed, 21, 40)), 40)
    promoted = []
    for step in range(1, steps + 1):
        first, share = 11 + 30 * step, 0.03 * step
        training = orders(shop.seed, first, first + 22, share)
        holdout = orders(shop.seed, first + 23, first + 29, share)
        beside = Beside(golden=shop.golden, approved=approved if stops else None)
        night = shop.trial(training, holdout, champion, beside)
        if shop.judged(night).choice is Choice.PROMOTE:
            promoted.append(step)
            champion = version(step + 1, shop.model(training), first + 22)
    frame = shop.golden.frame
    inputs = frame[list(shop.definition.pipeline.features.columns)]
    losses = [
        measure("log_loss", frame["returned"], each.model.predict_proba(inputs)[:, 1])
        for each in (champion, approved)
    ]
    return promoted, losses[0] - losses[1]


@pytest.mark.slow
def test_many_small_steps(tmp_path: Path) -> None:
    """Steps within the margin of the champion walk away; from the approved version they cannot."""
    shop = attack(tmp_path, seed=1)
    free, cost = walked(shop, 12, stops=False)
    assert free == list(range(1, 13))
    assert cost > 0.02
    held, cost = walked(shop, 12, stops=True)
    assert 0 < len(held) < 6
    assert cost <= shop.definition.pipeline.gate.golden.margin


def test_reasons() -> None:
    """Each comparison says by how much, with its interval, on how many rows of which version."""
    champion, approved = made(trial())
    assert (champion.code, approved.code) == ("golden:champion", "golden:approved")
    assert "on 2,000 rows of golden v1, 0.01 worse allowed" in champion.reason
    assert "better" in champion.reason
    assert "than v2, the last that was approved" in approved.reason
    assert champion.numbers["low"] < champion.numbers["difference"] < champion.numbers["high"]
    assert champion.numbers["golden"] == 1


def changed(**values: object) -> Trial:
    """The good trial with something else on its pinned rows."""
    good = trial()
    assert good.golden is not None
    return replace(good, golden=replace(good.golden, **values))  # type: ignore[arg-type]


def test_the_approved_is_the_champion() -> None:
    """Then one comparison is enough."""
    assert [each.code for each in made(changed(reference_version=3))] == ["golden:champion"]


def test_the_estimate_decides() -> None:
    """Worse by less than the margin passes, by more fails, however wide the interval is."""
    good = trial()
    assert good.golden is not None
    assert good.golden.champion is not None
    lead = the(made(good), "golden:champion").numbers["difference"]
    swapped = changed(challenger=good.golden.champion, champion=good.golden.challenger)
    for margin, status in ((lead + 0.001, Status.PASS), (lead - 0.001, Status.FAIL)):
        rules = GATE.golden.model_copy(update={"margin": margin})
        assert the(made(swapped, golden=rules), "golden:champion").status is status


def test_the_pipelines_metric_warns() -> None:
    """It is compared as well, and a loss there alone stops nobody."""
    rng = np.random.default_rng(1)
    noisy = np.where(rng.uniform(size=2000) < 0.5, 0.3, 0.31)
    found = made(changed(challenger=noisy, champion=noisy[::-1], metric="roc_auc"))
    assert {each.code for each in found} == {
        "golden:champion",
        "golden:approved",
        "golden:champion:roc_auc",
        "golden:approved:roc_auc",
    }
    warning = the(found, "golden:approved:roc_auc")
    assert (warning.status, warning.severity) == (Status.FAIL, Severity.WARNING)
    assert not warning.blocks


def test_nothing_pinned() -> None:
    """Without a set there is nothing to check, unless the gate asks for one."""
    without = replace(trial(), golden=None)
    (told,) = made(without)
    assert told.status is Status.NOT_APPLICABLE
    assert "ratchet golden pin" in told.reason
    (told,) = made(without, golden=GATE.golden.model_copy(update={"required": True}))
    assert told.status is Status.NO_EVIDENCE


def test_the_first_champion() -> None:
    """There is nobody to compare it with, but its answers have to be answers."""
    first = replace(
        changed(champion=None, reference=None, reference_version=None), champion_version=None
    )
    (told,) = made(first)
    assert told.status is Status.NOT_APPLICABLE
    assert first.golden is not None
    broken = replace(first, golden=replace(first.golden, challenger=np.full(2000, np.nan)))
    (told,) = made(broken)
    assert told.status is Status.NO_EVIDENCE


@dataclass(frozen=True)
class Other:
    """A model of an input that is no longer there."""

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        raise ValueError("columns are missing: {'colour'}")


def test_answers(tmp_path: Path) -> None:
    """Everybody's answers to the pinned rows, and how many of these were trained on."""
    shop = attack(tmp_path, 0)
    rows = orders(0, 21, 25)
    model: Model = shop.model(rows)
    champion, approved = version(3, model, 25), version(2, Other(), 20)
    training = pd.concat([rows, shop.golden.frame.head(7)])
    beside = Beside(golden=shop.golden, approved=approved)
    found = pinned(shop.definition, training, model, champion, beside)
    assert found is not None
    assert (found.version, found.reused, found.reference_version) == (1, 7, 2)
    assert found.reference is None
    assert found.champion is not None
    assert np.array_equal(found.champion, found.challenger)
    assert found.days.min() == pd.Timestamp("2024-01-01").toordinal()
    same = pinned(shop.definition, rows, model, champion, replace(beside, approved=champion))
    assert same is not None
    assert same.reference is same.champion
    assert pinned(shop.definition, rows, model, champion, Beside()) is None


def test_a_feature_that_was_added_later(tmp_path: Path) -> None:
    """Rows that were pinned before it cannot be answered: pin again, and nothing passes before."""
    shop = attack(tmp_path, 0)
    older = replace(shop.golden, frame=shop.golden.frame.drop(columns="hour"))
    rows = orders(0, 21, 25)
    model = shop.model(rows)
    found = pinned(shop.definition, rows, model, version(3, model, 25), Beside(golden=older))
    (told,) = made(replace(trial(), golden=found))
    assert told.status is Status.NO_EVIDENCE
    assert "its rows have no hour; pin them again" in told.reason
