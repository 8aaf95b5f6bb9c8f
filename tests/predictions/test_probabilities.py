"""Answers that are none: broken ones stop, and a rare coincidence does not."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from tasks.errors import Terminal
from tasks.predictions.log import PredictionLog
from tasks.predictions.probabilities import Said, require_differing, require_probabilities
from tasks.predictions.scorer import Scorer
from tests.features.lakes import put
from tests.predictions.conftest import TONIGHT, Constant, everything
from tests.shop import Shop, day

Floats = npt.NDArray[np.float64]

MANY = 60


def said(probability: float | Floats, rows: int = MANY, different: int | None = None) -> Said:
    """Answers to rows of which so many, by default all, differ in a number, a text or a null."""
    number = np.arange(rows) % (different or rows)
    inputs = pd.DataFrame(
        {
            "amount": np.where(number % 3 == 0, np.nan, number),
            "store": pd.Series(["north" if each % 2 else None for each in number], dtype="str"),
            "items": np.where(number % 3 == 0, number, 1.0),
        }
    )
    return Said("shop version 1", inputs, np.broadcast_to(np.float64(probability), (rows,)))


def sampled(share: float, rows: int = 200) -> Callable[[], Floats]:
    """Training rows of which a share gets the answer 0.3, the others all another."""
    return lambda: np.where(np.arange(rows) < share * rows, 0.3, 0.4 + np.arange(rows) / 1000)


def nothing() -> Floats:
    return np.empty(0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf"), -1e-9, 1 + 1e-9])
def test_no_probability(wrong: float) -> None:
    """A single answer that is no probability is refused with the count, however small the error."""
    answers = np.full(MANY, 0.5)
    answers[7] = wrong
    with pytest.raises(Terminal, match=r"1 of 60 predictions of shop version 1 are not prob"):
        require_probabilities(said(answers))


def test_edges_are_probabilities() -> None:
    """0 and 1 are."""
    require_probabilities(said(np.tile([0.0, 1.0], MANY // 2)))


def test_the_same_for_everything() -> None:
    """A model that varied on its training rows and gives one answer to many questions is refused
    with that answer, both counts, and what to do.
    """
    with pytest.raises(Terminal) as refusal:
        require_differing(said(0.3), sampled(0.1))
    assert str(refusal.value) == (
        "60 predictions of shop version 1 are all 0.3, for 60 different questions; of 200 sampled "
        "training rows 10.0% get this answer: look for inputs that are missing or out of their "
        "range (`ratchet quarantine list`, the drift report); nothing was logged. "
        "`ratchet rollback --as-of` the first of these questions lets the last known good version "
        "answer them"
    )


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_certain_of_everything(value: float) -> None:
    """All 0 and all 1, as saturated models say, are constants like any other."""
    with pytest.raises(Terminal, match=f"all {value:g}, for 60 different questions"):
        require_differing(said(value), nothing)


def test_rounding_is_no_difference() -> None:
    """Answers that differ only by the order of a sum are one answer."""
    jitter = np.random.default_rng(1).uniform(-1e-15, 1e-15, MANY)
    with pytest.raises(Terminal, match=r"all 0\.3, for 60 different questions"):
        require_differing(said(0.3 + jitter), sampled(0.1))


def test_one_row_that_differs() -> None:
    """One answer that is another is enough: nobody asks for the training rows."""
    answers = np.full(MANY, 0.3)
    answers[-1] = 0.301
    require_differing(said(answers), lambda: pytest.fail("asked"))


@pytest.mark.parametrize(("rows", "different"), [(1, 1), (19, 19), (1000, 1), (1000, 19)])
def test_questions_that_hardly_differ(rows: int, different: int) -> None:
    """Equal questions have equal answers, and fewer than 20 different ones may agree."""
    require_differing(said(0.3, rows, different), lambda: pytest.fail("asked"))


def test_twenty_questions() -> None:
    """From 20 different questions on an answer to everything has to be explained."""
    with pytest.raises(Terminal, match="for 20 different questions; there is no sample"):
        require_differing(said(0.3, 1000, 20), nothing)


@pytest.mark.parametrize(
    ("share", "different", "passes"),
    [(0.5, 19, True), (0.5, 20, False), (0.9, 131, True), (0.9, 132, False), (0.995, 2700, True)],
)
def test_the_answer_of_most_rows(share: float, different: int, passes: bool) -> None:
    """Where most training rows get the same answer, so may a day's, as long as that is likelier
    than one in a million.
    """
    if passes:
        require_differing(said(0.3, different), sampled(share))
        return
    with pytest.raises(Terminal, match=f"for {different} different questions"):
        require_differing(said(0.3, different), sampled(share))


def test_constant_from_the_start() -> None:
    """A model that is constant on its training rows too is refused, and it says so."""
    told = "so are those for all 200 sampled training rows: the model is constant"
    with pytest.raises(Terminal, match=told):
        require_differing(said(0.3), sampled(1.0))


def test_false_stops() -> None:
    """A stump that gives 95 in 100 rows one answer is not stopped once in 20 years of days."""
    random, stopped = np.random.default_rng(3), 0
    days = random.random((7300, 30)) < 0.95
    for leaf in days[days.all(axis=1)]:
        try:
            require_differing(said(np.where(leaf, 0.3, 0.8), 30), sampled(0.95))
        except Terminal:
            stopped += 1
    assert int(days.all(axis=1).sum()) > 1000
    assert stopped == 0


@dataclass(frozen=True)
class Saturated:
    """Says 1 where the amount is out of range, and follows it elsewhere."""

    def predict_proba(self, rows: pd.DataFrame) -> Floats:
        yes = np.clip(rows["amount"].to_numpy() / 1000, 0, 1)
        return np.column_stack([1 - yes, yes])


BUSY = Shop(orders_a_day=40)


@pytest.fixture
def busy(scorer: Callable[..., Scorer]) -> Callable[..., Scorer]:
    """A scorer of a shop with 40 orders on the fifth and the sixth day."""
    for number in (5, 6):
        put(scorer().lake, "orders", day(number).isoformat(), BUSY.orders(day(number)))
    return scorer


def training_rows(_: int) -> pd.DataFrame:
    """Rows of another day."""
    return pd.DataFrame({"amount": np.linspace(5, 500, 100), "store": "north"})


def test_constant_day(busy: Callable[..., Scorer], log: PredictionLog) -> None:
    """A day on which a unit changed and every answer became 1 is not logged; those before are."""
    cents = [row | {"amount": f"{float(row['amount']) * 1000}"} for row in BUSY.orders(day(6))]
    scorer = replace(busy(load=lambda _: Saturated()), sample=training_rows)
    put(scorer.lake, "orders", day(6).isoformat(), cents)
    with pytest.raises(Terminal, match=r"40 predictions of shop version 2 are all 1, for 40"):
        scorer.score(scorer.due(TONIGHT), TONIGHT)
    assert sorted(set(everything(log)["day"])) == ["2024-01-03", "2024-01-04", "2024-01-05"]


def test_sample_is_read_when_needed(busy: Callable[..., Scorer]) -> None:
    """Training rows are read for a constant day alone, and of the version that answered it."""
    asked: list[int] = []

    def sample(version: int) -> pd.DataFrame:
        asked.append(version)
        return training_rows(version)

    fine = replace(busy(load=lambda _: Saturated()), sample=sample)
    assert fine.score([day(5)], TONIGHT).rows == 40
    assert asked == []
    broken = replace(busy(load=lambda _: Constant(0.5)), sample=sample)
    with pytest.raises(Terminal, match="the model is constant"):
        broken.score([day(6)], TONIGHT)
    assert asked == [2]
