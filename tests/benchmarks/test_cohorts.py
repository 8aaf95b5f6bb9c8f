"""What the benchmark of late labels trains on under each policy, and makes of its figures."""

import json
import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import cohorts
from benchmarks.cohorts import (
    COMPLETE,
    NAIVE,
    STALE,
    WEIGHTED,
    Cell,
    Report,
    answers,
    cells,
    nights,
)
from benchmarks.flight_year import FIRST, Year
from benchmarks.late_labels import (
    WAIT,
    World,
    arrival,
    complete,
    drawn,
    naive,
    newsworthy,
    weighted,
)
from tasks.records import Interval

A_DAY, DAYS = 60, 112
NIGHT = FIRST.toordinal() + DAYS


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A few flights a day, of which one in three is late and says so in one input."""
    random = np.random.default_rng(0)
    year = Year(tmp_path_factory.mktemp("year"), FIRST + timedelta(days=DAYS - 1))
    features = year.definition.pipeline.features
    n = A_DAY * DAYS
    rows = pd.DataFrame({name: random.normal(size=n) for name in features.numeric})
    rows = rows.assign(**dict.fromkeys(features.categorical, "same"))
    late = random.random(n) < 1 / (1 + np.exp(0.7 - rows["distance_miles"].to_numpy()))
    ordinal = FIRST.toordinal() + np.repeat(np.arange(DAYS), A_DAY)
    day = [date.fromordinal(each).isoformat() for each in ordinal.tolist()]
    there = ordinal + 1 + drawn(late, random)
    return World(rows.assign(y=late.astype(float), ordinal=ordinal, day=day, there=there), year)


def test_a_report_is_news_for_as_long_as_it_is_waited_for(tiny: World) -> None:
    """As shipped a row that was held back for days is no news: here it would be most late ones."""
    shipped = tiny.year.definition
    here = newsworthy(shipped)
    assert f"INTERVAL {WAIT} DAY" in here.features_sql
    assert here.pipeline is shipped.pipeline
    with pytest.raises(ValueError, match="how long a row is news"):
        newsworthy(here)


def share(rows: pd.DataFrame) -> float:
    return float(rows["y"].mean())


def test_delays() -> None:
    """Each class has its mean, nobody waits longer than a cohort does, and a seed is a seed."""
    late = np.repeat([True, False], 50_000)
    found = drawn(late, np.random.default_rng(1))
    assert found[late].mean() == pytest.approx(14.2, abs=0.2)
    assert found[~late].mean() == pytest.approx(2, abs=0.05)
    assert found.max() < WAIT - 1
    assert (found == drawn(late, np.random.default_rng(1))).all()


def test_naive_takes_what_has_come(tiny: World) -> None:
    """Of the last days nearly nothing but flights that were on time."""
    rows = naive(tiny.rows, NIGHT, 60)
    assert (rows["there"] <= NIGHT).all()
    assert rows["ordinal"].min() >= NIGHT - 60
    recent = rows[rows["ordinal"] >= NIGHT - 5]
    assert share(recent) < 0.3 * share(tiny.rows)
    assert len(naive(tiny.rows, NIGHT, None)) > len(rows)


def test_complete_takes_whole_days(tiny: World) -> None:
    """Every flight of every day that it takes, and each label had come by then."""
    rows = complete(tiny.rows, NIGHT, 40)
    assert set(rows.groupby("ordinal").size()) == {A_DAY}
    assert (rows["there"] <= NIGHT).all()
    assert rows["ordinal"].nunique() == 40
    assert share(rows) == pytest.approx(share(tiny.rows), abs=0.03)


def test_weights_give_every_day_its_classes_back(tiny: World) -> None:
    """A weighted row stands for those of its class that are still to come."""
    rows, weights = weighted(tiny.rows, NIGHT, 60)
    assert (weights >= 1).all() and weights.max() <= 20
    older = (NIGHT - rows["ordinal"]).to_numpy() > 5
    truth = tiny.rows[tiny.rows["ordinal"].isin(rows["ordinal"][older].unique())]
    weighed = float(np.average(rows["y"][older], weights=weights[older]))
    assert weighed == pytest.approx(share(truth), abs=0.03)
    assert share(rows) < share(truth) - 0.05


def test_arrival_is_by_class(tiny: World) -> None:
    """Half of the flights on time are reported after days, half of the late after weeks."""
    curves = arrival(complete(tiny.rows, NIGHT, None))
    five = np.array([5.0])
    assert curves[False].at(five) > 0.8
    assert curves[True].at(five) < 0.3


def test_nights() -> None:
    """A whole week is left after the last one; before the first there is none."""
    assert nights(date(2013, 4, 6)) == []
    assert [date.fromordinal(each) for each in nights(date(2013, 4, 21))] == [
        date(2013, 4, 1),
        date(2013, 4, 15),
    ]


@pytest.mark.slow
def test_policies_answer_the_same_rows(tiny: World) -> None:
    """Naive believes in fewer late flights than there are, and pays for it in log loss."""
    found = answers(tiny, "last 60 days", tiny.year.last)
    assert set(found.said) == {NAIVE, COMPLETE, WEIGHTED, STALE}
    assert {len(each) for each in found.said.values()} == {len(found.y)} == {2 * 7 * A_DAY}
    assert found.positives[NAIVE] < found.positives[COMPLETE] - 0.05
    told = {(each.policy, each.metric): each for each in cells(found)}
    assert told[NAIVE, "log_loss"].lead.value == 0
    assert told[COMPLETE, "log_loss"].value < told[NAIVE, "log_loss"].value
    assert told[COMPLETE, "log_loss"].lead.value > 0


def cell(policy: str, low: float, window: str = "last 60 days") -> Cell:
    return Cell(window, policy, "log_loss", 0.5, Interval(0.02, low, 0.03), 0.2)


def test_goals() -> None:
    """Missed where the interval of complete days or of the stale model reaches 0, or is none."""
    good = Report([cell(NAIVE, 0), cell(COMPLETE, 0.01), cell(STALE, 0.01)], 100, 2)
    assert good.meets_goal and good.line.endswith("met")
    for policy, low in ((COMPLETE, -0.01), (STALE, 0.0), (COMPLETE, math.nan)):
        worse = [each if each.policy != policy else cell(policy, low) for each in good.cells]
        assert [policy in told for told in replace(good, cells=worse).missed] == [True]
    assert replace(good, cells=[*good.cells, cell(STALE, -1, "all days")]).meets_goal
    assert json.loads(json.dumps(good.document))["rows"] == 100
    assert "trained on last 60 days" in good.table


def test_windows_are_named() -> None:
    """The window whose goal is checked is one that is measured."""
    assert "last 60 days" in cohorts.WINDOWS
    assert Path(cohorts.__file__).with_name("late_labels.py").exists()
