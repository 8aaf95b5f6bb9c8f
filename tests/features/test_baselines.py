"""Answers without a model."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.load import Definition
from tasks.errors import Terminal
from tasks.features.baselines import DUMMY, baselines
from tests.features.lakes import defined

ROWS = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "amount": [10.0, 20.0, 30.0],
        "items": [1.0, 2.0, 3.0],
        "hour": [8.0, 9.0, 10.0],
        "store_return_share": [0.5, np.nan, 0.1],
        "category": ["shoes", None, "books"],
        "store": ["north", "south", "west"],
    },
    index=[7, 3, 5],
)


def test_dummy_and_rule(shop: Definition) -> None:
    """The dummy says the prior, the rule what its SQL says, both in the order of the rows."""
    told = baselines(shop, ROWS, prior=0.25)
    np.testing.assert_array_equal(told[DUMMY], [0.25] * 3)
    np.testing.assert_array_equal(told["rule"], [0.5, 0.3, 0.1])


def test_rule_without_an_answer(tmp_path: Path) -> None:
    """A rule that says nothing about a row says nan, never 0."""
    shop = defined(tmp_path, {"baselines": {"rule": {"sql": "store_return_share"}}})
    assert np.isnan(baselines(shop, ROWS, 0.2)["rule"][1])


@pytest.mark.parametrize("sql", ["nothing_there", "order_id", "returned", "amount +", "store"])
def test_rule_that_fails(tmp_path: Path, sql: str) -> None:
    """A rule sees features only; a mistake in it is told with its name."""
    shop = defined(tmp_path, {"baselines": {"rule": {"sql": sql}}})
    with pytest.raises(Terminal, match=r"^baselines\.rule of shop: "):
        baselines(shop, ROWS, 0.2)
