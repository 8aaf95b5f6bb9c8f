"""What Prefect may run to see how the champion does, and whether a retrain is due."""

from prefect import task

from tasks import policy
from tasks.drift import performance, trigger
from tasks.drift.report import Reporter
from tasks.ledger import probation as _probation

recent = task(**policy.IO, name="predictions with labels")(performance.recent)
realised = task(**policy.CPU, name="realised performance")(performance.realised)
drift = task(**policy.CPU, name="drift report")(Reporter.when_due)
probation = task(**policy.IO, name="probation over?")(_probation.due)
judged = task(**policy.IO, name="promised and delivered")(_probation.judged)
drop = task(**policy.CPU, name="drop as an intent")(trigger.intent)
due = task(**policy.CPU, name="retrain due?")(trigger.due)
