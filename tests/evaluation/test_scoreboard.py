"""Month by month, and the whole."""

import math

import numpy as np
import pandas as pd

from tasks.evaluation.metrics import measure
from tasks.evaluation.scoreboard import WHOLE, scoreboard

DAYS = pd.Series(["2013-04-02"] * 3 + ["2013-03-31"] * 4 + ["2014-03-01"] * 2)
Y = np.array([1, 0, 1, 0, 1, 0, 1, 1, 1], dtype=np.int8)
ONE = np.array([0.9, 0.2, 0.4, 0.1, 0.8, 0.7, 0.6, 0.5, 0.5])
CONTENDERS = {"champion": ONE, "rule": np.full(9, 0.5)}


def test_months_in_order() -> None:
    """A line a month of a year, in order of time, then one for all rows."""
    lines = scoreboard(DAYS, Y, CONTENDERS)
    assert [line.period for line in lines] == ["2013-03", "2013-04", "2014-03", WHOLE]
    assert [line.rows for line in lines] == [4, 3, 2, 9]


def test_values() -> None:
    """Each contender's metrics on exactly the rows of the period."""
    lines = scoreboard(DAYS, Y, CONTENDERS)
    march = slice(3, 7)
    assert lines[0].roc_auc["champion"] == measure("roc_auc", Y[march], ONE[march])
    assert lines[0].log_loss["rule"] == measure("log_loss", Y[march], np.full(4, 0.5))
    assert lines[-1].roc_auc == {
        "champion": measure("roc_auc", Y, ONE),
        "rule": 0.5,
    }


def test_one_class_is_undefined() -> None:
    """A month with one class has no ROC AUC, and a log-loss all the same."""
    line = scoreboard(DAYS, Y, CONTENDERS)[2]
    assert math.isnan(line.roc_auc["champion"])
    assert line.log_loss["champion"] > 0


def test_no_rows() -> None:
    """Nothing to compare is undefined, not zero."""
    (line,) = scoreboard(DAYS.head(0), Y[:0], {"champion": ONE[:0]})
    assert (line.period, line.rows) == (WHOLE, 0)
    assert math.isnan(line.log_loss["champion"])
