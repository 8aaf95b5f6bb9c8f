"""Answers follow the inputs as the pipeline says that they must."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from config.gate import Behaviour
from config.schema import Pipeline
from tasks.evaluation.behaviour import behaviours, changed
from tasks.records import Check, Status
from tests.evaluation.hearings import definition

ROWS = pd.DataFrame(
    {
        "order_id": [f"o{n}" for n in range(400)],
        "amount": np.linspace(-2, 2, 400),
        "store": np.where(np.arange(400) % 4 == 0, "north", "south"),
    }
)


@dataclass(frozen=True)
class Says:
    """A model by its formula."""

    formula: Callable[[pd.DataFrame], npt.NDArray[np.float64]]

    def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        scores = self.formula(rows)
        return np.column_stack([1 - scores, scores])


def _logistic(odds: "pd.Series[float]") -> npt.NDArray[np.float64]:
    chances: npt.NDArray[np.float64] = 1 / (1 + np.exp(-odds.to_numpy(dtype=float)))
    return chances


RISING = Says(lambda rows: _logistic(rows["amount"]))
CAPPED = Says(lambda rows: _logistic(-(rows["amount"] - 1).abs()))
BIASED = Says(lambda rows: _logistic(rows["amount"] + 0.5 * (rows["store"] == "north")))
SILENT = Says(lambda rows: np.full(len(rows), 0.3))
BROKEN = Says(lambda rows: np.where(rows["amount"] > 2, np.nan, 0.5))


def pipeline(tests: Mapping[str, Behaviour]) -> Pipeline:
    shop = definition().pipeline
    return shop.model_copy(update={"gate": shop.gate.model_copy(update={"behaviour": dict(tests)})})


def judged(test: Behaviour, model: Says, rows: pd.DataFrame = ROWS) -> Check:
    (check,) = behaviours(pipeline({"asked": test}), model, rows)
    assert check.code == "behaviour:asked"
    return check


DEARER = Behaviour(column="amount", by=1.0, expect="up")
ANY_STORE = Behaviour(column="store", to="north", expect="same", tolerance=0.01)
CASES = {
    "rising": (DEARER, RISING, Status.PASS),
    "falling above one": (DEARER, CAPPED, Status.FAIL),
    "falling for some": (DEARER.model_copy(update={"min_share": 0.5}), CAPPED, Status.PASS),
    "within tolerance": (DEARER.model_copy(update={"tolerance": 0.3}), CAPPED, Status.PASS),
    "down": (Behaviour(column="amount", by=-1.0, expect="down"), RISING, Status.PASS),
    "wrong way": (DEARER.model_copy(update={"expect": "down"}), RISING, Status.FAIL),
    "blind": (DEARER, SILENT, Status.FAIL),
    "same": (ANY_STORE, RISING, Status.PASS),
    "still": (ANY_STORE, SILENT, Status.PASS),
    "not the same": (ANY_STORE, BIASED, Status.FAIL),
    "no answer": (Behaviour(column="amount", by=9.0, expect="same"), BROKEN, Status.FAIL),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_model_does(name: str) -> None:
    """A model that does what is declared passes; one that does not is stopped."""
    test, model, status = CASES[name]
    check = judged(test, model)
    assert check.status is status, check.reason
    assert check.blocks == (status is Status.FAIL)


def test_the_worst_row_is_told() -> None:
    """A failure says the share that obeys, and which answer strayed furthest, from where to."""
    check = judged(DEARER, CAPPED)
    assert check.reason.startswith("amount +1: 62.5% of 400 answers do not fall, 100.0% must;")
    assert "the worst goes from 0.4" in check.reason
    assert "(order_id o" in check.reason
    assert check.numbers["rows"] == 400
    assert check.numbers["worst"] == pytest.approx(-0.23, abs=0.01)


def test_a_model_that_does_not_look() -> None:
    """An expected direction in which nothing moves is a failure in words of its own."""
    assert judged(DEARER, SILENT).reason == "amount +1: 0 of 400 answers move, up is expected"


def test_rows_without_a_change_are_left_out() -> None:
    """Rows that have the value already, or none, cannot disobey, and are not counted."""
    rows = ROWS.assign(store=ROWS["store"].where(ROWS.index >= 100))
    check = judged(ANY_STORE, RISING, rows)
    assert check.numbers["rows"] == 225
    assert "of 225 answers" in check.reason


@pytest.mark.parametrize(
    "rows",
    [ROWS.assign(store="north"), ROWS.assign(store=None), ROWS.head(0)],
    ids=["has it already", "is null", "no rows"],
)
def test_nobody_left(rows: pd.DataFrame) -> None:
    """A change that changes no row has shown nothing."""
    check = judged(ANY_STORE, RISING, rows)
    assert check.status is Status.NO_EVIDENCE
    assert check.blocks


def test_a_question_that_cannot_be_asked() -> None:
    """What cannot be asked of the rows at hand is no evidence, with the reason."""
    rows = ROWS.assign(amount="dear")
    check = judged(DEARER, SILENT, rows)
    assert check.status is Status.NO_EVIDENCE
    assert "amount +1 cannot be asked: ValueError" in check.reason


def test_a_sample_is_enough() -> None:
    """Of many rows 2,000 are asked about, the same ones every time."""
    rows = pd.concat([ROWS] * 8, ignore_index=True)
    checks = [judged(DEARER, CAPPED, rows) for _ in range(2)]
    assert checks[0] == checks[1]
    assert checks[0].numbers["rows"] == 2000


def test_no_tests() -> None:
    """A pipeline that declares nothing has no such check."""
    assert behaviours(pipeline({}), RISING, ROWS) == ()


COLUMNS: dict[str, tuple[Any, Behaviour]] = {
    "float": (pd.Series([1.0, np.nan, 2.0]), Behaviour(column="x", by=1, expect="up")),
    "integer": (pd.Series([1, 5, 2]), Behaviour(column="x", to=5, expect="up")),
    "nullable": (pd.Series([1, pd.NA, 2], dtype="Int64"), Behaviour(column="x", by=1, expect="up")),
    "boolean": (pd.Series([False, True, False]), Behaviour(column="x", to=True, expect="up")),
    "text": (pd.Series(["a", "b", "c"]), Behaviour(column="x", to="b", expect="same")),
    "object": (
        pd.Series(["a", None, "c"], dtype=object),
        Behaviour(column="x", to="b", expect="same"),
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_kind_of_column(name: str) -> None:
    """The first and the last row change in columns of every kind, and the middle one does not."""
    before, test = COLUMNS[name]
    after, moves = changed(test, before)
    assert moves.tolist() == [True, False, True]
    assert after.isna().tolist() == before.isna().tolist()
    assert after[0] in (2.0, 5.0, True, "b")
