"""Answer what has been asked, with the champion of that moment."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prefect import flow
from pydantic import AwareDatetime

from tasks import policy, predict, tell
from tasks.stores import open_stores

if TYPE_CHECKING:
    from tasks.predictions.scorer import Scored


@flow(flow_run_name=policy.sentence("score {pipeline} as of {as_of}"))
def score(pipeline: str = "flights", as_of: AwareDatetime | None = None) -> "Scored":
    """Predict for every question asked by `as_of` that has no answer yet; log each once.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only questions asked by then, only rows known by then. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    scorer = open_stores(pipeline).scorer
    scored = predict.answers(scorer, predict.due(scorer, as_of), as_of)
    tell.scored(scored)
    return scored
