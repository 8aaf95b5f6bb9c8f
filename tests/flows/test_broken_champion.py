"""A champion whose answers are none stops scoring: an error, nothing logged, and a way back."""

import json
import math

import pytest
import skops.io

from flows.ingest import ingest
from flows.rollback import rollback
from flows.score import score
from tasks.data import artifact
from tasks.errors import Terminal
from tests.conftest import LATE
from tests.installation import Installation
from tests.shop import NAME, day, night

TONIGHT = night(day(LATE + 1))


def break_champion(shop: Installation, start: float) -> None:
    """Let version 2's trees begin at another score, and the ledger take that for its own bytes."""
    folder, model = shop.stores.folder(2), shop.stores.model(2)
    trees = model.steps[-1][1]  # type: ignore[attr-defined]
    trees._baseline_prediction = trees._baseline_prediction + start
    (folder / artifact.MODEL_FILE).write_bytes(skops.io.dumps(model))
    manifest = json.dumps(artifact.manifest(folder), sort_keys=True)
    shop.forge(f"UPDATE versions SET manifest = '{manifest}' WHERE number = 2")


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (math.nan, r"70 of 70 predictions of shop version 2 are not probabilities \(first: nan\)"),
        (1e3, "70 predictions of shop version 2 are all 1, for 70 different questions"),
        (-1e3, "70 predictions of shop version 2 are all 0, for 70 different questions"),
    ],
    ids=["nan", "always", "never"],
)
def test_scoring_stops(renewed: Installation, start: float, told: str) -> None:
    """No answer of that night is logged; rolled back as of before its questions, all are."""
    renewed.deliver(LATE, LATE)
    ingest(NAME, TONIGHT)
    break_champion(renewed, start)
    before = renewed.answers()
    with pytest.raises(Terminal, match=f"{told}.*nothing was logged"):
        score(NAME, TONIGHT)
    assert len(renewed.answers()) == len(before)
    rollback(NAME, night(day(LATE)), reason="its answers are none")
    scored = score(NAME, TONIGHT)
    assert (scored.rows, scored.versions) == (70, (1,))
