"""What Prefect may run to fit candidates, each within its own budget."""

from prefect import task

from tasks import policy
from tasks.models import selection

jobs = task(**policy.CPU, name="candidates")(selection.jobs)
candidate = task(**policy.CPU, name="fit", task_run_name="fit {job.name}")(selection.attempt)
best = task(**policy.CPU, name="best candidate")(selection.best)
