"""Who plays a day follows from days alone, and nobody plays what it has seen."""

import math
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from config.gate import Gate
from config.load import Definition
from tasks.evaluation.contest import Champion
from tasks.evaluation.play import WORST_LOSS, Contender, bets, usual_lead
from tasks.records import Bet, ModelVersion
from tests.evaluation.hearings import definition as shop
from tests.evaluation.worlds import trial

DAYS = 8
A_DAY = 40


@dataclass(frozen=True)
class Oracle:
    """Says yes with `sure` where the amount says so, and counts how often it was asked."""

    sure: float
    asked: list[int]

    def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        self.asked.append(len(rows))
        yes = np.where(rows["amount"] > 0, self.sure, 1 - self.sure)
        return np.column_stack([1 - yes, yes])


def version(number: int, through: int = 1) -> ModelVersion:
    return ModelVersion("shop", number, "f00d", "models:/shop", {}, "coin", march(through))


def march(day: int) -> date:
    return date(2013, 3, day)


def contender(number: int, last_day: int, sure: float = 0.9) -> Contender:
    return Contender(version(number), Oracle(sure, []), march(last_day), 0.05)


@pytest.fixture(scope="module")
def definition() -> Definition:
    """The shop with a gate that asks for 10 rows a day."""
    gate = Gate(min_rows=100)
    return replace(shop(), pipeline=shop().pipeline.model_copy(update={"gate": gate}))


@pytest.fixture
def rows() -> pd.DataFrame:
    """Dear orders are late, on days from the second of March."""
    amount = np.random.default_rng(1).normal(0, 1, DAYS * A_DAY)
    return pd.DataFrame(
        {
            "day": [march(2 + n // A_DAY).isoformat() for n in range(DAYS * A_DAY)],
            "amount": amount,
            "store": "north",
            "late": (amount > 0).astype("int8"),
        }
    )


@pytest.fixture
def champion() -> Champion:
    return Champion(version(1), Oracle(0.7, []))


def played(made: tuple[Bet, ...]) -> dict[int, int]:
    return {bet.day.day: bet.challenger for bet in made}


def test_the_newest_that_has_not_seen_the_day(
    definition: Definition, rows: pd.DataFrame, champion: Champion
) -> None:
    """A day is played by the last challenger judged before it, in whatever order they come."""
    contenders = [contender(4, 7), contender(2, 3), contender(3, 5)]
    assert played(bets(definition, rows, champion, contenders, None)) == {
        4: 2, 5: 2, 6: 3, 7: 3, 8: 4, 9: 4,
    }  # fmt: skip


def test_days_already_played_are_left_alone(
    definition: Definition, rows: pd.DataFrame, champion: Champion
) -> None:
    """Only days after the last bet, and after the champion's training, are played."""
    contenders = [contender(2, 3)]
    assert set(played(bets(definition, rows, champion, contenders, march(7)))) == {8, 9}
    late = replace(champion, version=version(1, through=8))
    assert set(played(bets(definition, rows, late, contenders, None))) == {9}


def test_a_bet_is_the_mean_lead_of_its_day(
    definition: Definition, rows: pd.DataFrame, champion: Champion
) -> None:
    """Champion's loss minus challenger's, with the scale that was known before."""
    (first, *_) = bets(definition, rows, champion, [contender(2, 3)], None)
    assert first.lead == pytest.approx(math.log(0.9) - math.log(0.7))
    assert (first.rows, first.scale) == (A_DAY, 0.05)


def test_everybody_answers_once(
    definition: Definition, rows: pd.DataFrame, champion: Champion
) -> None:
    """A contender is asked once, about its own days."""
    one, other = contender(2, 3), contender(3, 5)
    bets(definition, rows, champion, [one, other], None)
    assert isinstance(one.model, Oracle)
    assert isinstance(other.model, Oracle)
    assert (one.model.asked, other.model.asked) == ([2 * A_DAY], [4 * A_DAY])


def test_no_bet_without_rows_or_contender(
    definition: Definition, rows: pd.DataFrame, champion: Champion
) -> None:
    """Days of too few rows, days before any challenger, and empty frames have no bet."""
    few = rows.drop(rows.index[(rows["day"] == "2013-03-06") & (rows.index % 8 > 0)])
    assert 6 not in played(bets(definition, few, champion, [contender(2, 3)], None))
    assert bets(definition, rows, champion, [], None) == ()
    assert bets(definition, rows, champion, [contender(2, 9)], None) == ()
    assert bets(definition, rows.head(0), champion, [contender(2, 3)], None) == ()


def test_one_certain_and_wrong_answer_does_not_rule_a_day(
    definition: Definition, rows: pd.DataFrame, champion: Champion
) -> None:
    """A row costs at most what was fixed beforehand."""
    wrong = rows.assign(late=1 - rows["late"])
    (first, *_) = bets(definition, wrong, champion, [contender(2, 3, sure=1.0)], None)
    assert first.lead == pytest.approx(-math.log(0.3) - WORST_LOSS["log_loss"])


@pytest.mark.parametrize(("ours", "theirs"), [(math.nan, 0.7), (2.0, 0.7)])
def test_who_does_not_answer_loses(
    definition: Definition, rows: pd.DataFrame, champion: Champion, ours: float, theirs: float
) -> None:
    """Answers that are no probabilities cost the challenger the most there is."""
    (first, *_) = bets(definition, rows, champion, [contender(2, 3, sure=ours)], None)
    assert first.lead < -math.log(theirs) - WORST_LOSS["log_loss"] / 3


def test_a_champion_that_does_not_answer_is_no_gain(
    definition: Definition, rows: pd.DataFrame, champion: Champion
) -> None:
    """Without the champion's answers a day has no lead."""
    silent = replace(champion, model=Oracle(math.nan, []))
    made = bets(definition, rows, silent, [contender(2, 3)], None)
    assert all(math.isnan(bet.lead) for bet in made)


def test_usual_lead_is_of_days() -> None:
    """Root mean square over days of the mean lead of each."""
    judged = trial()

    def loss(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.minimum(-np.log(np.where(judged.y, p, 1 - p)), WORST_LOSS["log_loss"])

    assert judged.champion is not None
    leads = loss(judged.champion) - loss(judged.challenger)
    daily = [leads[judged.days == day].mean() for day in np.unique(judged.days)]
    assert usual_lead(judged, "log_loss") == pytest.approx(np.sqrt(np.mean(np.square(daily))))


def test_usual_lead_is_undefined_without_a_comparison() -> None:
    """No champion, no rows, missing answers, or a metric that is no mean: nan."""
    judged = trial()
    assert judged.champion is not None
    nothing = np.array([])
    for odd in (
        replace(judged, champion=None),
        replace(judged, champion=judged.champion[:-1]),
        replace(judged, challenger=judged.challenger[:-1]),
        replace(judged, champion=np.full(len(judged.y), np.nan)),
        replace(judged, y=nothing, days=nothing, challenger=nothing, champion=nothing),
    ):
        assert math.isnan(usual_lead(odd, "log_loss"))
    assert math.isnan(usual_lead(judged, "roc_auc"))
