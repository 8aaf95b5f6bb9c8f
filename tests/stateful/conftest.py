"""A small shop with its first champion, and how long machines run.

`pytest tests/stateful --hypothesis-profile=long` runs them for about an hour, with other lives
every time; what fails is shrunk, and told with the line that plays it again.
"""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.installation import Installation, Templates
from tests.shop import NAME, day, night
from tests.stateful.world import BORN, TODAY, WORLD, defined

_PATIENT = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

settings.register_profile(
    "short",
    _PATIENT,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    max_examples=7,
    stateful_step_count=10,
)
settings.register_profile("long", _PATIENT, max_examples=60, stateful_step_count=30)


def pace() -> settings:
    """How long a machine over flows runs: the same few lives, unless `long` was asked for."""
    asked = settings.get_current_profile_name() == "long"
    return settings.get_profile("long" if asked else "short")


@pytest.fixture(scope="session")
def _small(templates: Templates, prefect_here: None) -> Installation:
    """The small shop after its first nights: v1 was born in the night of day `BORN`, v2 serves."""
    from flows.ingest import ingest
    from flows.nightly import nightly
    from flows.retrain import retrain

    def live(shop: Installation) -> None:
        defined(shop)
        shop.deliver(1, BORN - 1)
        assert not ingest(NAME, night(day(BORN))).refused
        retrain(NAME, night(day(BORN)), "first champion")
        for number in range(BORN, TODAY):
            shop.deliver(number, number)
            nightly(NAME, night(day(number + 1)))
        assert [each.champion for each in shop.stores.ledger.decisions(NAME)] == [1, 2]

    return templates.lived("small", live, world=WORLD)
