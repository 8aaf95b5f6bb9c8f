"""Columns that groups are made of and that no model ever sees."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from pyarrow import feather

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import Terminal
from tasks.features.cohort import cohort, complete_days
from tasks.features.query import Days, features, known_tables
from tasks.features.truncation import truncation
from tasks.models.selection import jobs
from tasks.predictions.log import PredictionLog
from tasks.predictions.scorer import Reign, Scorer
from tasks.records import Status
from tests.features.conftest import TONIGHT
from tests.features.lakes import defined
from tests.shop import FEATURES, day, night

ONE = Days(day(9), day(9))
TOLD_LATER = "(SELECT any_value(returned) FROM returns WHERE order_id = questions.order_id)"


def described(folder: Path, expression: str) -> Definition:
    """The shop with one column of context, by which groups are made."""
    query = FEATURES.replace("AS store,", f"AS store,\n    any_value({expression}) AS channel,")
    changes = {"features": {"context": ["channel"]}, "sensitive": ["channel"]}
    return defined(folder, changes, query)


@pytest.fixture
def shop(tmp_path: Path) -> Definition:
    """Every other order came by telephone."""
    return described(
        tmp_path, "CASE WHEN right(questions.order_id, 1) IN ('0', '2') THEN 'phone' END"
    )


class Nosy:
    """A model that keeps the names of what it was asked."""

    def __init__(self) -> None:
        self.asked: set[tuple[str, ...]] = set()

    def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        self.asked.add(tuple(map(str, rows)))
        yes = np.linspace(0.4, 0.6, len(rows))
        return np.column_stack([1 - yes, yes])


def test_context_is_in_the_frame(shop: Definition, lake: Lake) -> None:
    """It comes with the labelled rows, after the inputs, as texts or None."""
    built = cohort(shop, lake, complete_days(shop, lake, TONIGHT), TONIGHT)
    assert list(built.frame)[-3:] == ["store", "channel", "returned"]
    assert set(built.frame["channel"].fillna("unknown")) == {"phone", "unknown"}


def test_no_model_is_fitted_on_it(shop: Definition, lake: Lake, tmp_path: Path) -> None:
    """What candidates are handed, and the sample that is kept of it, have the inputs alone."""
    built = cohort(shop, lake, complete_days(shop, lake, TONIGHT), TONIGHT)
    job = jobs(shop, built.frame, tmp_path / "work")[0]
    assert set(feather.read_table(job.frame_path).column_names) == {
        *("day", "returned"),
        *shop.pipeline.features.columns,
    }


def test_no_model_is_asked_with_it(shop: Definition, lake: Lake, tmp_path: Path) -> None:
    """Scoring shows a model its inputs, and logs those: who somebody is stays where it was."""
    model, log = Nosy(), PredictionLog(Lake(tmp_path / "log"))
    scorer = Scorer(shop, lake, log, [Reign(night(day(1)), 1)], lambda _: model)
    scorer.score([day(9)], TONIGHT + timedelta(days=1))
    assert model.asked == {shop.pipeline.features.columns}
    assert "channel" not in log.read(day(1), day(18))


def test_context_that_is_told_later_is_no_leak(lake: Lake, tmp_path: Path) -> None:
    """The truncation test looks at what models see: a group may become known afterwards."""
    later = described(tmp_path, f"{TOLD_LATER}::VARCHAR")
    built = cohort(later, lake, complete_days(later, lake, TONIGHT), TONIGHT)
    assert set(built.frame["channel"]) == {"true", "false"}
    assert truncation(built).status is Status.PASS


def test_context_is_text(lake: Lake, tmp_path: Path) -> None:
    """Numbers are no names of groups: the query has to say how they are written."""
    shop = described(tmp_path, "questions.items")
    told = "channel is declared context and is .*; write channel::VARCHAR"
    with pytest.raises(Terminal, match=told):
        features(shop, known_tables(lake, shop, ONE, TONIGHT), ONE)
