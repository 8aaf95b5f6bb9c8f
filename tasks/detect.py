"""What Prefect may run to see how the champion does, and whether a retrain is due."""

from prefect import task

from tasks import lookout, policy
from tasks.drift import performance, trigger
from tasks.drift.report import Reporter
from tasks.ledger import probation as _probation

recent = task(**policy.IO, name="predictions with labels")(performance.recent)
realised = task(**policy.CPU, name="realised performance")(performance.realised)
report = task(**policy.CPU, name="drift report")(Reporter.when_due)
look = task(**policy.IO, name="look from all sides")(lookout.look)
probation = task(**policy.IO, name="probation over?")(_probation.due)
judged = task(**policy.IO, name="promised and delivered")(_probation.judged)
due = task(**policy.CPU, name="retrain due?")(trigger.due)
