"""A feature query that sees the future trains nothing."""

import pytest

from flows.retrain import retrain
from tasks.errors import Leakage
from tests.conftest import LATE
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import FEATURES, LEAKING_FEATURES, NAME, day, night


def test_a_leaking_query_is_refused_before_anything_is_fitted(turned: Installation) -> None:
    """The leaking feature is named; nothing is fitted, registered or decided."""
    assert LEAKING_FEATURES != FEATURES
    turned.define(features=LEAKING_FEATURES)
    before = turned.state()
    with pytest.raises(Leakage, match=r"1 of 6 features changed .*: store_return_share"):
        retrain(NAME, night(day(LATE)), "a better query")
    assert turned.state() == before
    assert turned.stores.registry.pointed(NAME) == 1


def test_the_corrected_query_is_trained(turned: Installation) -> None:
    """The same query with the line that keeps the future out leads to a decision."""
    turned.define(features=LEAKING_FEATURES)
    with pytest.raises(Leakage):
        retrain(NAME, night(day(LATE)), "a better query")
    turned.define()
    assert decided(retrain(NAME, night(day(LATE)), "the query is mended")).version == 2
