"""Groups that nobody declared: found on some days, believed only when others show them too."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from config.gate import Gate
from config.values import Metric
from tasks.evaluation.regions import Members, Region, Span, regions
from tasks.evaluation.trial import Bench, Trial
from tasks.evaluation.weak import weak
from tasks.records import Check, Severity, Status
from tests.evaluation.worlds import FIRST_DAY

NIGHTS = 150
GATE = Gate(resamples=200)
STRICT = Gate(resamples=200, slice_margin=0.0)


def flights(seed: int, worse: float = 0.0, days: int = 10, rows_a_day: int = 200) -> Trial:
    """Two equally good models; on long ways of two carriers the challenger errs by `worse`."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rows_a_day)
    rows = len(day)
    inputs = pd.DataFrame(
        {
            "distance": np.round(rng.lognormal(7, 0.7, rows)),
            "wind": np.where(rng.uniform(size=rows) < 0.2, np.nan, rng.normal(10, 5, rows)),
            "carrier": rng.choice(np.array(["AA", "B6", "UA", "DL", None]), rows),
            "destination": rng.choice([f"D{n}" for n in range(60)], rows),
        }
    )
    signal = rng.normal(size=rows)
    odds = -1.2 + signal + rng.normal(0, 0.5, days)[day]
    far = (inputs["distance"] > 1500) & inputs["carrier"].isin(["AA", "UA"])

    def said() -> np.ndarray:
        error = 0.3 * rng.normal(size=rows) + rng.normal(0, 0.3, days)[day] * rng.normal(size=rows)
        return np.asarray(-1.2 + signal + error)

    return Trial(
        y=rng.uniform(size=rows) < 1 / (1 + np.exp(-odds)),
        days=day + FIRST_DAY,
        challenger=1 / (1 + np.exp(-said() - worse * far)),
        challenger_through=FIRST_DAY - 1,
        champion=1 / (1 + np.exp(-said())),
        champion_version=3,
        champion_through=FIRST_DAY - 1,
        inputs=inputs,
    )


def checked(case: Trial, gate: Gate = GATE, metric: Metric = "log_loss") -> tuple[Check, ...]:
    return weak(Bench(case, gate, metric))


def refused(case: Trial, gate: Gate = GATE, metric: Metric = "log_loss") -> bool:
    return any(check.blocks for check in checked(case, gate, metric))


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["log_loss", "roc_auc"])
def test_equal_models_are_refused_as_seldom_as_promised(metric: Metric) -> None:
    """Without any margin, a group is called weak in at most 5 % of worlds that have none."""
    found = [refused(flights(seed), STRICT, metric) for seed in range(NIGHTS)]
    assert np.mean(found) < 0.05 + 3.1 * math.sqrt(0.05 * 0.95 / NIGHTS)


def test_a_challenger_that_is_much_worse_somewhere_is_found_out() -> None:
    """A region with an eighth of the rows, undeclared: found in at least 4 of 5 worlds."""
    found = [refused(flights(seed, worse=3.0, rows_a_day=300)) for seed in range(40)]
    assert np.mean(found) > 0.8


def test_a_weak_group_is_told_in_words() -> None:
    """Its conditions, the loss against whom, on how many of the later days' rows, and how sure."""
    check = checked(flights(1, worse=3.0, rows_a_day=600))[0]
    assert (check.status, check.severity) == (Status.FAIL, Severity.BLOCKING)
    assert check.code == "weak:1"
    assert "distance > 1,500" in check.title
    assert "carrier i" in check.title
    assert "AA" in check.title
    assert "(found on earlier days): log_loss -" in check.reason
    assert "worse by more than 0.03 (p " in check.reason


def test_what_the_search_found_is_no_evidence_yet() -> None:
    """A challenger that fails on the earlier days only is not refused for it."""
    bad, good = flights(2, worse=3.0, rows_a_day=300), flights(2, rows_a_day=300)
    earlier = bad.days < FIRST_DAY + 5
    early = replace(bad, challenger=np.where(earlier, bad.challenger, good.challenger))
    [check] = checked(early)
    assert check.status is Status.PASS
    assert check.numbers["suspected"] >= 1


def test_a_first_model_is_held_against_the_best_baseline() -> None:
    """Without a champion somebody else has to be beaten everywhere; without anybody, nobody."""
    case = flights(3, worse=3.0, rows_a_day=300)
    assert case.champion is not None
    first = replace(case, champion=None, champion_version=None, champion_through=None)
    [check] = checked(first)
    assert check.status is Status.NOT_APPLICABLE
    told = checked(replace(first, baselines={"rule": case.champion}))[0]
    assert told.status is Status.FAIL
    assert "against baseline rule" in told.reason


def test_too_few_rows_are_told_and_do_not_block() -> None:
    """A small holdout cannot be searched: a note, as a declared group that is too small is."""
    [few] = checked(flights(4, rows_a_day=50))
    assert (few.status, few.severity) == (Status.NO_EVIDENCE, Severity.NOTE)
    assert "250 of 300 rows in half of the days" in few.reason
    [short] = checked(flights(4, days=3))
    assert "3 of 4 days" in short.reason


def test_a_search_that_is_not_wanted_says_so() -> None:
    """`gate.weak_slices: false` leaves a line behind."""
    [check] = checked(flights(5), GATE.model_copy(update={"weak_slices": False}))
    assert (check.status, check.blocks) == (Status.NOT_APPLICABLE, False)


def test_inputs_of_all_kinds_can_be_searched() -> None:
    """Columns without a value or of one value, infinities, truths and odd names do no harm."""
    case = flights(6, worse=3.0, rows_a_day=300)
    assert case.inputs is not None
    assert case.champion is not None
    rows = len(case.y)
    odd = case.inputs.assign(
        empty=np.nan,
        same="x",
        none=None,
        huge=np.where(case.y, np.inf, 1e300),
        truth=case.y,
        **{"<b>": np.where(np.arange(rows) % 2 == 0, "<script>", "</script>")},
    )
    assert all(check.reason for check in checked(replace(case, inputs=odd)))
    nothing = replace(case, inputs=odd[["empty", "same", "none"]])
    assert checked(nothing)[0].status is Status.PASS
    assert checked(replace(case, challenger=case.champion))[0].status is Status.PASS


def test_a_region_holds_what_its_words_say() -> None:
    """The leaves part the rows, and each mask follows from the conditions that are told."""
    case = flights(7)
    assert case.inputs is not None
    values = np.where(case.inputs["wind"].isna(), -1.0, 0.0) - 2 * (case.inputs["distance"] > 990)
    found = regions(case.inputs, np.asarray(values), 100)
    assert sum(each.holds(case.inputs) for each in found).max() == 1  # type: ignore[union-attr]
    told = {each.told for each in found}
    assert any("wind is missing" in each for each in told)
    assert any("distance > 1,000" in each for each in told)
    assert regions(case.inputs, np.zeros(len(case.y)), 100) == ()


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (Span(low=1200, missing=False), "x > 1,200"),
        (Span(high=0.25, missing=True, decimals=2), "(x <= 0.25 or missing)"),
        (Span(low=5, high=7.5, missing=False, decimals=1), "5.0 < x <= 7.5"),
        (Span(missing=False), "x is not missing"),
        (Members(frozenset({"AA"}), inside=False), "x is not AA"),
        (Members(frozenset("abcdefgh"), inside=True), "x in {a, b, c, d, e, f, 2 more}"),
    ],
)
def test_conditions_read_well(condition: Span | Members, told: str) -> None:
    """Thresholds have separators and few decimals; long sets are cut short and counted."""
    assert Region({"x": condition}).told == told
