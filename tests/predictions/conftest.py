"""A shop of six days, a scorer with two reigns, and models that are plain arithmetic."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import Lake
from tasks.predictions.log import PredictionLog
from tasks.predictions.scorer import Model, Reign, Scorer
from tests.features.lakes import defined, stock
from tests.places import folder
from tests.shop import Shop, day, night

WORLD = Shop(orders_a_day=12)
BIRTH = night(day(3))
"""When version 1 was promoted."""

TURN = datetime(2024, 1, 4, 14, tzinfo=UTC)
"""When version 2 was: in the afternoon of the fourth day."""

TONIGHT = night(day(7))


@dataclass(frozen=True)
class Constant:
    """Says the same of every row."""

    probability: float

    def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        return np.tile([1 - self.probability, self.probability], (len(rows), 1))


def by_version(number: int) -> Model:
    """Version 1 says 0.1, version 2 says 0.2, and so on."""
    return Constant(number / 10)


@pytest.fixture
def shop(tmp_path: Path) -> Definition:
    return defined(tmp_path)


@pytest.fixture(scope="session")
def six_days(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return stock(tmp_path_factory.mktemp("six") / "lake", 1, 6, WORLD)


@pytest.fixture
def lake(six_days: Lake, tmp_path: Path) -> Lake:
    """A lake of the test's own."""
    return Lake(Path(shutil.copytree(folder(six_days.root), tmp_path / "lake")))


@pytest.fixture
def log(tmp_path: Path) -> PredictionLog:
    return PredictionLog(Lake(tmp_path / "log"))


REIGNS = (Reign(BIRTH, 1), Reign(TURN, 2))


@pytest.fixture
def scorer(shop: Definition, lake: Lake, log: PredictionLog) -> Callable[..., Scorer]:
    """A scorer of this shop; by default with both reigns."""

    def made(reigns: Sequence[Reign] = REIGNS, load: Callable[[int], Model] = by_version) -> Scorer:
        return Scorer(shop, lake, log, reigns, load)

    return made


def everything(log: PredictionLog) -> pd.DataFrame:
    return log.read(day(1), day(30))
