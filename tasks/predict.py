"""What Prefect may run to answer questions and log the answers."""

from prefect import task

from tasks import policy
from tasks.predictions.scorer import Scorer

due = task(**policy.IO, name="days to score")(Scorer.due)
answers = task(**policy.ONCE, name="score")(Scorer.score)
