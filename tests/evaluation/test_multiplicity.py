"""Many questions at once, and no more false findings than from one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.evaluation.multiplicity import holm

SHARES = st.lists(st.floats(0, 1), max_size=12)


def test_holm_by_hand() -> None:
    """The smallest is taken times all, the next times one fewer, and none below one before it."""
    assert holm([0.01, 0.02, 0.5]).tolist() == pytest.approx([0.03, 0.04, 0.5])
    assert holm([0.03, 0.01, 0.02]).tolist() == pytest.approx([0.04, 0.03, 0.04])
    assert holm([]).tolist() == []


def test_what_is_undefined_was_not_asked() -> None:
    """nan neither is a finding nor makes others harder to find."""
    assert holm([float("nan"), 0.04])[1] == 0.04


@given(doubts=SHARES)
def test_an_adjusted_value_is_never_smaller(doubts: list[float]) -> None:
    """Each is at least what it was and at most 1, in the same order."""
    adjusted = holm(doubts)
    assert (adjusted >= doubts).all()
    assert (adjusted <= 1).all()
    order = np.argsort(doubts, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_false_findings_are_as_rare_as_promised() -> None:
    """Among 40 questions of which none has an answer, any finding comes in at most 5 %."""
    rng = np.random.default_rng(0)
    found = [(holm(rng.uniform(size=40).tolist()) <= 0.05).any() for _ in range(4000)]
    assert 0.03 < np.mean(found) < 0.06
