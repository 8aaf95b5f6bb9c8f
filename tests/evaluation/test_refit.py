"""What ships is what was judged: a refit is certified, or the evaluated model ships."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.gate import Churn, Gate
from config.load import Definition
from config.schema import Budget, Candidate, Windows
from tasks.data import artifact
from tasks.data.artifact import REFERENCE
from tasks.evaluation.certificate import Answers, certificate
from tasks.evaluation.hearing import Hearing, Shipped, submission
from tasks.evaluation.refit import candidates, certified, fits, shipped
from tasks.features.golden import GoldenSet
from tasks.features.pinning import Pinning
from tasks.features.splits import Split
from tasks.models.fitting import fit_within_budget
from tasks.models.job import Job
from tasks.records import Choice, Fit, Interval, Status
from tests.evaluation.hearings import AS_OF, hearing

GATE = Gate(resamples=200, floors={"roc_auc": 0.6})
FOREST = "sklearn.ensemble.RandomForestClassifier"


def answers(seed: int, noise: float = 0.13, drift: float = 0.1, other: float = 0.0) -> Answers:
    """Four fits with the noise and the drift of the flights; `other` makes the refit a stranger."""
    rng = np.random.default_rng(seed)
    days = np.repeat(np.arange(10), 300)
    base = rng.normal(-1.2, 1, 3000) + rng.normal(0, 0.3, 10)[days]
    scale = np.exp(rng.normal(0, 0.3, 10))[days]
    moved = base + drift * (scale * rng.normal(size=3000) + rng.normal(size=10)[days])

    def fitted(odds: np.ndarray, error: float = noise) -> np.ndarray:
        chance: np.ndarray = 1 / (1 + np.exp(-odds - error * scale * rng.normal(size=3000)))
        return chance

    refit = fitted(base, other) if other else fitted(moved)
    return Answers(days, fitted(base), fitted(base), refit, fitted(moved))


def certified_share(worlds: int, **world: float) -> float:
    """How many of these worlds give their refit a certificate."""
    made = [certificate(answers(seed, **world), GATE) for seed in range(worlds)]
    return float(np.mean([each.status is Status.PASS for each in made]))


def test_honest_refits_are_certified() -> None:
    """With the flights' noise and drift at most 5 in 100 refits are refused their certificate."""
    assert certified_share(100) >= 0.95


@pytest.mark.parametrize("world", [{"other": 0.35}, {"other": 0.2}])
def test_strangers_are_not(world: Mapping[str, float]) -> None:
    """Another model's answers are not certified, even where they are as good and near."""
    assert certified_share(100, **world) == 0


def test_without_noise() -> None:
    """Twins without a seed have to agree exactly, and the refit may move by 3 % of a probability.

    An estimator that knows no chance has no noise to be measured against.
    """
    assert certified_share(20, noise=0.0, drift=0.02) == 1
    assert certified_share(20, noise=0.0, drift=0.5) == 0
    assert certified_share(20, noise=0.0, drift=0.0, other=0.01) == 0


def test_a_refit_that_moved() -> None:
    """Where the new days turn the refit and its twin alike, their distance to it tells."""
    moved = certificate(answers(1, drift=1.0), GATE)
    assert moved.status is Status.FAIL
    assert "not shown to be as near to the evaluated model" in moved.reason
    assert "of the same recipe" not in moved.reason
    assert moved.numbers["moved"] > 3 * moved.numbers["noise"]


def test_the_gates_own_rule() -> None:
    """How far a refit may move is `gate.churn.max_over_noise` times the noise."""
    strict = GATE.model_copy(update={"churn": Churn(max_over_noise=1.0)})
    far = answers(2, noise=0.3, drift=0.5)
    assert certificate(far, GATE).status is Status.PASS
    assert certificate(far, strict).status is Status.FAIL


def test_too_little_to_go_by() -> None:
    """One day has no interval, and answers that are no numbers have none either."""
    one = answers(3)
    day = replace(one, days=np.zeros(3000, dtype=np.int64))
    broken = replace(one, refit=np.full(3000, np.nan))
    for each in (day, broken):
        check = certificate(each, GATE)
        assert check.status is Status.NO_EVIDENCE
        assert not check.blocks


def test_pinned_rows() -> None:
    """Worse on pinned rows than the margin allows, or not known to be better, is not certified."""
    given = answers(4)
    for lead, status in (
        (Interval(0.0, -0.005, 0.005), Status.PASS),
        (Interval(0.0, -0.02, 0.02), Status.FAIL),
        (Interval(0.0, float("nan"), float("nan")), Status.FAIL),
    ):
        assert certificate(given, GATE, lead).status is status


def frame(first: int, days: int, seed: int = 1) -> pd.DataFrame:
    """Forty rows a day in January 2013 that are late when the amount is high."""
    rng = np.random.default_rng([seed, first])
    rows = days * 40
    amount = rng.normal(50, 20, rows)
    return pd.DataFrame(
        {
            "order_id": [f"{first}-{n}" for n in range(rows)],
            "day": np.repeat([f"2013-01-{first + n:02d}" for n in range(days)], 40),
            "amount": amount,
            "store": rng.choice(["north", "south"], rows).astype(object),
            "late": (rng.random(rows) < 1 / (1 + np.exp((50 - amount) / 8))).astype(np.int8),
        }
    )


def heard(
    folder: Path,
    holdout: pd.DataFrame | None = None,
    choice: Choice = Choice.PROMOTE,
    windows: Mapping[str, int | None] | None = None,
) -> tuple[Hearing, Sequence[Job]]:
    """A judged forest and the jobs behind it; what comes after the verdict is real."""
    judged = hearing(choice)
    forest = Candidate(
        estimator=FOREST,
        encoding="ordinal",
        params={"n_estimators": 40, "max_depth": 4, "min_samples_leaf": 10},
        budget=Budget(seconds=60, memory_mb=1000, trials=1),
    )
    pipeline = judged.definition.pipeline.model_copy(
        update={
            "candidates": {"forest": forest},
            "gate": GATE,
            "windows": Windows(
                refit=True, holdout_days=4, fold_days=3, min_train_days=5, **(windows or {})
            ),
        }
    )
    definition: Definition = replace(judged.definition, pipeline=pipeline)
    split = Split(frame(1, 14), frame(15, 4) if holdout is None else holdout, "a", "b")
    jobs = candidates(definition, split, folder, None)
    fit = fit_within_budget(jobs[0])
    assert isinstance(fit, Fit), fit
    cohort = replace(judged.cohort, definition=definition)
    return replace(judged, cohort=cohort, split=split, challenger=fit, attempts=(fit,)), jobs


def ships(judged: Hearing) -> Shipped:
    assert judged.shipped is not None
    assert judged.shipped.certificate is not None
    return judged.shipped


def test_a_refit_ships(tmp_path: Path) -> None:
    """A certified refit is what is registered, with both digests; asked again it is the same."""
    judged, jobs = heard(tmp_path)
    done = shipped(judged, jobs)
    certificate = ships(done).certificate
    assert certificate is not None
    assert certificate.status is Status.PASS, certificate.reason
    submitted = submission(done, "k3y")
    assert submitted.folder == tmp_path / "forest-refit"
    assert submitted.trained_through.isoformat() == "2013-01-18"
    assert submitted.all_tags["ratchet.trained_through"] == "2013-01-18"
    assert (submitted.folder / REFERENCE).exists()
    evidence = done.evidence()["refit"]
    assert isinstance(evidence, dict)
    assert evidence["digests"]["refit"] == submitted.model_digest()
    assert evidence["digests"]["refit"] != evidence["digests"]["evaluated"]
    assert shipped(judged, jobs) == done


def test_a_swapped_refit_does_not(tmp_path: Path) -> None:
    """Bytes of another model in the refit's place are refused, and the evaluated model ships."""
    judged, jobs = heard(tmp_path / "one")
    everything = pd.concat([judged.split.training, judged.split.holdout])
    made = fits(judged.challenger, jobs[0], everything)
    assert isinstance(made, dict)
    swapped = replace(jobs[0], folder=tmp_path / "other", frame_path=tmp_path / "other.feather")
    frame(1, 18, seed=5).to_feather(swapped.frame_path)
    alike = swapped.candidate.model_copy(update={"estimator": "sklearn.naive_bayes.GaussianNB"})
    other = fit_within_budget(replace(swapped, candidate=alike.model_copy(update={"params": {}})))
    assert isinstance(other, Fit), other
    target = Path(made["refit"].folder) / artifact.MODEL_FILE
    target.write_bytes((swapped.folder / artifact.MODEL_FILE).read_bytes())
    done = certified(judged, made, everything)
    assert done.fit == judged.challenger
    assert done.trained_through.isoformat() == "2013-01-14"
    assert done.certificate is not None
    assert done.certificate.status is Status.FAIL
    assert "the evaluated model ships: not shown to be of the same recipe" in (
        done.certificate.reason
    )
    assert set(done.digests) == {"evaluated", "refit"}


def test_poisoned_days_do_not_ship(tmp_path: Path) -> None:
    """Holdout days whose labels were turned round move the refit, and it is not certified."""
    poison = frame(15, 4).assign(late=lambda rows: 1 - rows["late"])
    judged, jobs = heard(tmp_path, pd.concat([poison] * 3))
    done = shipped(judged, jobs)
    assert ships(done).fit == judged.challenger
    assert submission(done, "k3y").trained_through.isoformat() == "2013-01-14"
    told = ships(done).certificate
    assert told is not None
    assert "as near to the evaluated model" in told.reason


def test_pinned_rows_are_asked_first(tmp_path: Path) -> None:
    """Where a person pinned rows the fits are compared on them, and the refit may not lose."""
    judged, jobs = heard(tmp_path)
    rows = frame(20, 6)
    pinning = Pinning(
        pipeline="shop",
        number=1,
        content="c0nt",
        columns=tuple(map(str, rows)),
        rows=len(rows),
        first_day=date(2013, 1, 20),
        last_day=date(2013, 1, 25),
        by="a person",
        reason="known to be right",
        as_of=AS_OF,
        recorded_at=AS_OF,
    )
    golden = GoldenSet(pinning, rows)
    done = shipped(replace(judged, cohort=replace(judged.cohort, golden=golden)), jobs)
    numbers = getattr(ships(done).certificate, "numbers", {})
    assert numbers["rows"] == len(rows)
    assert numbers["golden_low"] < numbers["golden"]


def test_a_refit_looks_back_as_far_as_training_does(tmp_path: Path) -> None:
    """With `max_train_days` the refit is of as many of the latest days; what both saw is asked."""
    judged, jobs = heard(tmp_path, windows={"max_train_days": 14})
    done = shipped(judged, jobs)
    numbers = getattr(ships(done).certificate, "numbers", {})
    assert numbers["rows"] == 10 * 40
    assert len(pd.read_feather(tmp_path / "all.feather")) == 14 * 40


@pytest.mark.parametrize("choice", [Choice.KEEP, Choice.UNDECIDED])
def test_only_winners_are_fitted_again(tmp_path: Path, choice: Choice) -> None:
    """What is not promoted is not worth three more fits."""
    judged, jobs = heard(tmp_path, choice=choice)
    assert shipped(judged, jobs) == judged
    assert not (tmp_path / "forest-refit").exists()
    assert judged.evidence()["refit"] is None


def test_a_fit_that_fails(tmp_path: Path) -> None:
    """When a fit does not work a second time, that is told and the evaluated model ships."""
    judged, jobs = heard(tmp_path)
    worse = judged.challenger.params | {"max_depth": -1}  # type: ignore[operator]
    done = shipped(replace(judged, challenger=replace(judged.challenger, params=worse)), jobs)
    told = ships(done).certificate
    assert told is not None
    assert told.reason.startswith("the evaluated model ships: forest error: InvalidParameterError")
    assert submission(done, "k3y").folder == tmp_path / "forest"
