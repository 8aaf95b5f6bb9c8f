"""Hearings and duels that look like real ones: a better challenger, its champion, its evidence."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.gate import Gate, Slice
from config.load import Definition
from config.schema import Card
from tasks.evaluation.contest import judge, measured
from tasks.evaluation.explanations import Explained, explanation_drift
from tasks.evaluation.hearing import Hearing
from tasks.evaluation.trial import Pinned, Trial
from tasks.features.cohort import Cohort
from tasks.features.splits import Split
from tasks.ledger.duel import Duel
from tasks.ledger.duelling import duel
from tasks.records import (
    Bet,
    Check,
    Failure,
    Fit,
    Importance,
    Interval,
    ModelVersion,
    Severity,
    Snapshot,
    Status,
)
from tests.evaluation.hearings import definition as bare

AS_OF = datetime(2013, 3, 15, 7, tzinfo=UTC)
CARRIERS = ("9E", "AA", "B6", "DL", "EV", "UA")
ORIGINS = ("EWR", "JFK", "LGA")
DAYS = 10
GATE = Gate(
    mode="refresh",
    min_rows=300,
    min_per_class=20,
    floors={"roc_auc": 0.6},
    slices={"carrier": Slice(), "origin": Slice(critical=False)},
    min_slice_rows=50,
    resamples=200,
)
VERSION = ModelVersion(
    "shop", 8, "5eed0f8", "models:/shop/8", {"model.skops": "d" * 64}, "boosting", date(2013, 3, 3)
)


def definition(gate: Gate = GATE) -> Definition:
    """The shop's definition with rules of a gate and a card."""
    found = bare()
    card = Card(intended_use="Tells passengers early", owner="Night crew", contact="crew@shop")
    changed = {"gate": gate, "card": card, "sensitive": ("origin",)}
    return replace(found, pipeline=found.pipeline.model_copy(update=changed))


def frame(first: date, days: int, rows_a_day: int, seed: int) -> pd.DataFrame:
    """Rows of some days, with a signal that the label follows."""
    rng, rows = np.random.default_rng(seed), days * rows_a_day
    signal = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "day": np.repeat([str(first + timedelta(days=n)) for n in range(days)], rows_a_day),
            "signal": signal,
            "amount": rng.normal(50, 9, rows).round(1),
            "store": "north",
            "carrier": rng.choice(CARRIERS, rows, p=[0.1, 0.14, 0.2, 0.2, 0.16, 0.2]),
            "origin": rng.choice(ORIGINS, rows),
            "late": rng.uniform(size=rows) < _chance(signal),
        }
    )


def trial(rows: pd.DataFrame, bets: tuple[Bet, ...] = ()) -> Trial:
    """Challenger 8 against champion 7 and a rule."""
    rng, signal = np.random.default_rng(5), rows["signal"].to_numpy()

    def scores(error: float) -> npt.NDArray[np.float64]:
        return _chance(signal + rng.normal(0, error, len(signal)))

    days = np.array([date.fromisoformat(day).toordinal() for day in rows["day"]])
    through = int(days.min()) - 1
    return Trial(
        y=rows["late"].to_numpy(),
        days=days,
        challenger=scores(0.25),
        challenger_through=through,
        champion=scores(0.8),
        champion_version=7,
        champion_through=through,
        baselines={"dummy": np.full(len(rows), 0.24), "rule": scores(1.3)},
        slices={name: rows[name].to_numpy() for name in ("carrier", "origin")},
        inputs=rows[["amount", "carrier", "origin"]],
        bets=bets,
    )


def bets(count: int = 20) -> tuple[Bet, ...]:
    """A reign in which the challengers get better."""
    rng, first = np.random.default_rng(3), date(2013, 2, 20)
    leads = rng.normal(np.linspace(0.0, 0.008, count), 0.006)
    return tuple(
        Bet(first + timedelta(days=n), 8 - (count - n) // 8, 850 + n, float(lead), 0.006)
        for n, lead in enumerate(leads)
    )


def hearing(rows_a_day: int = 100, gate: Gate = GATE, seed: int = 1) -> Hearing:
    """A hearing of a better challenger, with a warning and a note beforehand."""
    training = frame(date(2013, 2, 1), 30, 10, seed)
    holdout = frame(date(2013, 3, 4), DAYS, rows_a_day, seed + 1)
    chosen = Fit("boosting", "work/boosting", {"max_iter": 150}, (0.741, 0.737), 3, 6.2, 9.8, 312.0)
    cheap = Fit("logistic", "work/logistic", {"C": 0.01}, (0.72, 0.716), 3, 1.9, 1.4, 205.0)
    lost = Failure("forest", "timeout", "killed after 120 s, of 2 trials 1 was done", 120.0)
    described = definition(gate)
    beforehand = (
        Check("leakage", "Features do not change", Status.PASS, "0 of 200 rows changed"),
        Check(
            "latency", "Latency", Status.FAIL, "p95 2.1 ms, champion 0.9 ms", {}, Severity.WARNING
        ),
        Check("golden", "Pinned rows", Status.NOT_APPLICABLE, "no rows are pinned"),
    )
    contest = trial(holdout, bets())
    snapshot = Snapshot(
        "shop", AS_OF, {"orders": 41, "weather": 39}, date(2013, 2, 1), date(2013, 3, 13),
        len(training) + len(holdout), "5a" * 32,
    )  # fmt: skip
    return Hearing(
        cohort=Cohort(described, pd.concat([training, holdout]), {}, snapshot),
        split=Split(training, holdout, "1a" * 32, "2b" * 32),
        challenger=chosen,
        attempts=(chosen, cheap, lost),
        trial=contest,
        measured=measured(described, contest),
        verdict=judge(described, contest, beforehand),
        reason="champion is 28 days old",
    )


def explained(columns: int = 6) -> Explained:
    """What challenger and champion lean on; the champion does not know the last column."""

    def found(size: float, number: int) -> Importance:
        value = size / (number + 1) - 0.001
        return Importance(f"column_{number}", Interval(value, value - 0.002, value + 0.003))

    ours = tuple(found(0.05, number) for number in range(columns))
    theirs = tuple(found(0.04, number) for number in range(columns - 1))
    return Explained(ours, theirs, explanation_drift(ours, theirs))


def fought(heard: Hearing | None = None) -> Duel:
    """A duel with everything in it."""
    return duel(replace(heard or hearing(), explained=explained()), VERSION)


def golden(contest: Trial) -> Pinned:
    """The first rows of a trial, as if a person had pinned them."""
    first = slice(0, 200)
    assert contest.champion is not None
    return Pinned(
        version=2,
        y=contest.y[first],
        days=contest.days[first],
        challenger=contest.challenger[first],
        champion=contest.champion[first],
    )


def _chance(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(1.4 - 1.2 * signal)), dtype=np.float64)
