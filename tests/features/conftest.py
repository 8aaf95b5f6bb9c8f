"""A stocked lake for the session, which no test may write to."""

from datetime import datetime
from pathlib import Path

import pytest

from config.load import Definition
from tasks.data.lake import Lake
from tasks.features.cohort import Cohort, cohort, complete_days
from tests.features.lakes import defined, stock
from tests.shop import Shop, day, night

LAST = 18
"""The last day that the lake has."""

TONIGHT: datetime = night(day(LAST + 1))


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Orders and returns of 18 days, 30 orders a day."""
    return stock(tmp_path_factory.mktemp("features"), 1, LAST, Shop(orders_a_day=30))


@pytest.fixture
def shop(tmp_path: Path) -> Definition:
    """The shop as it is."""
    return defined(tmp_path)


@pytest.fixture
def built(shop: Definition, lake: Lake) -> Cohort:
    """The rows of every complete day."""
    return cohort(shop, lake, complete_days(shop, lake, TONIGHT), TONIGHT)
