"""What Prefect may run to fit candidates, each within its own budget."""

from prefect import task

from tasks import policy
from tasks.evaluation import refit as _refit
from tasks.models import reuse, selection
from tasks.stores import Stores

jobs = task(**policy.CPU, name="candidates")(_refit.candidates)
fingerprint = task(**policy.CPU, name="what the fits follow from")(_refit.fingerprint)
candidate = task(**policy.CPU, name="fit", task_run_name="fit {job.name}")(reuse.attempt)
sweep = task(**policy.CPU, name="sweep the workshop")(Stores.sweep)
best = task(**policy.CPU, name="best candidate")(selection.best)
refit = task(**policy.CPU, name="refit the winner")(_refit.shipped)
