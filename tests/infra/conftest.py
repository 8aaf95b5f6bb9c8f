"""The airline's year, read once for all tests."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.load import load_pipeline
from config.schema import Pipeline
from config.settings import Settings
from infra.airline import Airline, Parcel

EVER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def airline() -> Airline:
    """An airline whose tables are kept between tests; delivering changes nothing in it."""
    return Airline()


@pytest.fixture(scope="session")
def parcels(airline: Airline) -> list[Parcel]:
    """Every file of the year."""
    return airline.due(None, EVER)


@pytest.fixture(scope="session")
def declared() -> Pipeline:
    """The pipeline that reads what the airline delivers."""
    installed: Path = Settings.from_environment({}).pipelines
    return load_pipeline(installed / "flights")
