"""What a model is judged on, no model has seen."""

from datetime import date
from pathlib import Path

import pytest

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import NotEnoughData
from tasks.features.cohort import Cohort, cohort, digest
from tasks.features.splits import split, training_days
from tests.features.conftest import TONIGHT
from tests.features.lakes import defined
from tests.shop import day, night


def test_latest_days_are_set_aside(built: Cohort) -> None:
    """The last days are for the gate alone, all others to fit on; no row is both or neither."""
    made = split(built, None)
    assert sorted(made.holdout["day"].unique()) == [day(n).isoformat() for n in range(13, 18)]
    assert made.training["day"].max() == day(12).isoformat()
    assert made.trained_through == day(12)
    keys = [set(made.training["order_id"]), set(made.holdout["order_id"])]
    assert not keys[0] & keys[1]
    assert keys[0] | keys[1] == set(built.frame["order_id"])


def test_digests(built: Cohort) -> None:
    """Either part is named by its own rows."""
    made = split(built, None)
    assert made.training_digest == digest(made.training)
    assert made.holdout_digest == digest(made.holdout)
    assert len({made.training_digest, made.holdout_digest, built.snapshot.digest}) == 3


@pytest.mark.parametrize(("through", "first"), [(5, 13), (12, 13), (13, 14), (16, 17)])
def test_champion_has_not_seen_them_either(built: Cohort, through: int, first: int) -> None:
    """The holdout begins after the champion's last training day, and the training ends before."""
    made = split(built, day(through))
    assert made.holdout["day"].min() == day(first).isoformat()
    assert made.training["day"].max() == day(first - 1).isoformat()


def test_nothing_new_since_the_champion(built: Cohort) -> None:
    """Without a day that the champion has not seen there is nothing to judge on."""
    with pytest.raises(NotEnoughData, match="0 complete days after 2024-01-17, the champion's"):
        split(built, day(17))


def test_too_few_days_with_labels(shop: Definition, lake: Lake) -> None:
    """Days without labels train nobody: what is left must still be enough."""
    few = cohort(shop, lake, [day(n) for n in range(4, 18)], TONIGHT)
    with pytest.raises(NotEnoughData, match="9 days with labels before the holdout of 2024-01-13"):
        split(few, None)


def test_as_many_days_as_windows_allow(shop: Definition, lake: Lake, tmp_path: Path) -> None:
    """All complete days without a limit, else the latest of them."""
    assert training_days(shop, lake, TONIGHT) == [day(n) for n in range(1, 18)]
    short = defined(tmp_path, {"windows": {"max_train_days": 10}})
    assert training_days(short, lake, TONIGHT) == [day(n) for n in range(3, 18)]
    endless = defined(tmp_path, {"windows": {"max_train_days": None}})
    assert len(training_days(endless, lake, TONIGHT)) == 17


def test_too_few_complete_days(shop: Definition, lake: Lake) -> None:
    """One day too few is told with what is there, what is needed and what can be done."""
    assert len(training_days(shop, lake, night(day(17)))) == 15
    message = (
        r"14 complete days as of 2024-01-16 03:00; 15 needed: 10 to train on and 5 to judge on\. "
        r"Wait, ingest more, or lower windows\.min_train_days"
    )
    with pytest.raises(NotEnoughData, match=message):
        training_days(shop, lake, night(date(2024, 1, 16)))
