"""Every pipeline that comes with Ratchet loads."""

import pytest

from config.load import pipeline, pipelines
from config.settings import Settings

SHIPPED = Settings.from_environment({})


@pytest.mark.parametrize("name", pipelines(SHIPPED))
def test_a_shipped_pipeline_loads(name: str) -> None:
    """The definition loads, and has a suite for each of its tables."""
    found = pipeline(SHIPPED, name)
    assert found.pipeline.name == name
    assert set(found.suites) == set(found.pipeline.tables)


def test_the_flights_are_shipped() -> None:
    """The pipeline of the main job is among them, with three kinds of model."""
    assert "flights" in pipelines(SHIPPED)
