"""Whatever happens in whatever order: what may never break does not."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.installation import Installation
from tests.stateful.conftest import pace
from tests.stateful.life import Life


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_any_interleaving(_small: Installation) -> None:
    """Deliveries, corrections, nights, backfills, people and deaths: it adds up after each."""

    class OfThisShop(Life):
        template = _small

    run_state_machine_as_test(OfThisShop, settings=pace())
