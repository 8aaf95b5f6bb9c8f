"""Outdated answers given again: those alone, by their versions, and nothing else of the log."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import Lake, Read
from tasks.errors import Terminal
from tasks.predictions.log import PredictionLog
from tasks.predictions.rescorer import Rescorer
from tasks.predictions.scorer import Model, Scorer
from tests.features.lakes import put
from tests.predictions.conftest import TONIGHT, WORLD, everything
from tests.shop import Row, day

OF = day(4)
"""The day on whose afternoon version 2 took over from version 1."""

DEAR = "499.0"
INPUTS = ["amount", "items", "hour", "store_return_share", "category", "store"]


class Dearness:
    """A version that answers from the amount."""

    def __init__(self, number: int) -> None:
        self.number = number

    def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        share = rows["amount"].to_numpy() / 1000 + self.number / 100
        return np.column_stack([1 - share, share])


@pytest.fixture
def rescorer(
    shop: Definition, lake: Lake, log: PredictionLog, scorer: Callable[..., Scorer]
) -> Rescorer:
    """Of days 4 and 5, answered by versions 1 and 2."""
    scorer(load=Dearness).score([OF, day(5)], TONIGHT)
    return Rescorer(shop, lake, log, Dearness, sample)


def sample(_: int) -> pd.DataFrame:
    """Rows that a version was trained on."""
    rows = [[amount, 1.0, 9.0, 0.3, "shoes", "north"] for amount in (10.0, 90.0)]
    return pd.DataFrame(rows, columns=INPUTS)


def correct(lake: Lake, numbers: Sequence[int]) -> list[Row]:
    """Deliver the orders of the day again, some of them dear; those."""
    rows = WORLD.orders(OF)
    dear = [row | {"amount": DEAR} if n in numbers else row for n, row in enumerate(rows)]
    put(lake, "orders", OF.isoformat(), dear)
    return [rows[n] for n in numbers]


def keys(of: pd.DataFrame) -> pd.DataFrame:
    return of[["order_id", "day"]]


def test_nothing_is_outdated(rescorer: Rescorer, log: PredictionLog) -> None:
    """Without a correction nothing is done, and the log has no new version."""
    every, version = keys(everything(log)), log.table.version()
    assert rescorer.outdated(every, TONIGHT).empty
    assert rescorer.score(OF, every, TONIGHT) == 0
    assert log.table.version() == version


def test_both_versions_answer_their_own(rescorer: Rescorer, log: PredictionLog, lake: Lake) -> None:
    """Each outdated answer comes from the version that gave it, with the inputs of now."""
    before = everything(log).set_index("order_id")
    dear = {row["order_id"] for row in correct(lake, range(6))}
    by = before.loc[sorted(dear), "version"].value_counts()
    assert set(by.index) == {1, 2}
    every = keys(everything(log))
    outdated = rescorer.outdated(every, TONIGHT)
    assert outdated["version"].value_counts().to_dict() == by.to_dict()
    assert set(outdated["day"]) == {OF.isoformat()}
    assert rescorer.score(OF, every, TONIGHT) == 6
    after = everything(log).set_index("order_id").loc[before.index]
    changed = after.index[after["probability"] != before["probability"]]
    assert set(changed) == dear
    assert after.loc[sorted(dear), "probability"].equals(
        0.499 + before.loc[sorted(dear), "version"] / 100
    )
    assert (after.loc[sorted(dear), "amount"] == float(DEAR)).all()
    unmoved = [name for name in after if name not in ("amount", "probability")]
    assert after[unmoved].equals(before[unmoved])
    assert rescorer.outdated(every, TONIGHT).empty


def test_only_what_is_asked_for(rescorer: Rescorer, log: PredictionLog, lake: Lake) -> None:
    """An answer that is outdated for another reason waits for its own."""
    dear = correct(lake, (1, 2))
    every = keys(everything(log))
    one = every[every["order_id"] == dear[0]["order_id"]]
    assert rescorer.score(OF, one, TONIGHT) == 1
    assert len(rescorer.outdated(every, TONIGHT)) == 1


def test_old_answers_stay_readable(rescorer: Rescorer, log: PredictionLog, lake: Lake) -> None:
    """The log's history has them, and other days are not written anew."""
    before, version = everything(log), log.table.version()
    others = log.table.history(day(5).isoformat())
    correct(lake, (0,))
    rescorer.score(OF, keys(before), TONIGHT)
    then = log.table.read(Read(version=version)).to_pandas()
    assert then["probability"].tolist() == before["probability"].tolist()
    assert log.table.history(day(5).isoformat()) == others
    revised, first = log.table.history(OF.isoformat())
    assert revised.delivery != first.delivery


def test_a_question_that_is_gone_keeps_its_answer(
    rescorer: Rescorer, log: PredictionLog, lake: Lake
) -> None:
    """It was asked and answered; nobody can answer it again."""
    before = everything(log)
    put(lake, "orders", OF.isoformat(), WORLD.orders(OF)[1:])
    assert rescorer.score(OF, keys(before), TONIGHT) == 0
    assert everything(log).equals(before)


def test_inputs_that_are_not_to_be_had(
    rescorer: Rescorer, log: PredictionLog, lake: Lake, shop: Definition
) -> None:
    """A version of another query cannot answer again: it is named, and the log stays."""
    before = everything(log)
    correct(lake, (0,))
    older = Rescorer(shop, lake, log, Dearness, lambda number: sample(number).assign(colour="red"))
    with pytest.raises(Terminal, match=r"7 inputs, 1 of which .* any more: colour"):
        older.score(OF, keys(before), TONIGHT)
    assert everything(log).equals(before)


def test_answers_that_are_no_probabilities(
    rescorer: Rescorer, log: PredictionLog, lake: Lake, shop: Definition
) -> None:
    """What may not be logged at first may not be logged again."""

    class Broken:
        def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
            return np.full((len(rows), 2), np.nan)

    def broken(_: int) -> Model:
        return Broken()

    before = everything(log)
    correct(lake, (0,))
    with pytest.raises(Terminal, match="not probabilities"):
        Rescorer(shop, lake, log, broken, sample).score(OF, keys(before), TONIGHT)
    assert everything(log).equals(before)
