"""A shop whose lake holds yesterday."""

import shutil
from pathlib import Path

import pytest

from tasks.quality.admission import Desk
from tasks.records import Outcome
from tests.quality.orders import YESTERDAY, deliver, desk, rows, written


@pytest.fixture(scope="session")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which yesterday was admitted; copied, never changed."""
    home = tmp_path_factory.mktemp("shop")
    shop = desk(home)
    admission = shop.admit(deliver(shop, written(rows(YESTERDAY)), f"{YESTERDAY}.csv"))
    assert admission.outcome is Outcome.ACCEPTED, admission.message
    return home


@pytest.fixture
def home(yesterday: Path, tmp_path: Path) -> Path:
    """A home of the test's own in which yesterday was admitted."""
    return Path(shutil.copytree(yesterday, tmp_path / "home"))


@pytest.fixture
def shop(home: Path) -> Desk:
    """The desk of that home."""
    return desk(home)
