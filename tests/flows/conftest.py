"""A champion at work."""

import pytest

from config.settings import Settings
from tests.installation import Installation, Templates, copied
from tests.shop import NAME, day, night


@pytest.fixture
def serving(settings: Settings, _serving: Installation) -> Installation:
    """A champion that has answered the questions of day 19."""
    return copied(_serving, settings.home)


@pytest.fixture(scope="session")
def _serving(templates: Templates, _trained: Installation) -> Installation:
    # Here: named on the command line, this file is imported before Prefect's environment is set.
    from flows.ingest import ingest
    from flows.score import score

    def live(shop: Installation) -> None:
        shop.deliver(19, 19)
        ingest(NAME, night(day(20)))
        score(NAME, night(day(20)))

    return templates.lived("serving", live, _trained)
