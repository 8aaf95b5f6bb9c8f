"""What Prefect may run to fit candidates, each within its own budget."""

from prefect import task

from tasks import policy
from tasks.models import selection
from tasks.stores import Stores

jobs = task(**policy.CPU, name="candidates")(selection.jobs)
candidate = task(**policy.CPU, name="fit", task_run_name="fit {job.name}")(selection.attempt)
sweep = task(**policy.CPU, name="sweep the workshop")(Stores.sweep)
best = task(**policy.CPU, name="best candidate")(selection.best)
