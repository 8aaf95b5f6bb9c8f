"""Every suite that comes with Ratchet can be computed."""

import pytest

from config.load import load_expectations, pipelines
from config.settings import Settings
from tasks.quality.expectations import built

SHIPPED = Settings.from_environment({})


@pytest.mark.parametrize("name", pipelines(SHIPPED))
def test_great_expectations_knows_every_shipped_expectation(name: str) -> None:
    """Types and arguments of all expectations are ones that Great Expectations has."""
    for suite in load_expectations(SHIPPED.pipelines / name).values():
        assert len(built(suite)) == len(suite.row + suite.batch + suite.warn)
