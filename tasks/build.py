"""What Prefect may run to turn known rows into features, labels and splits."""

from prefect import task

from tasks import policy
from tasks.features import choice, splits, truncation
from tasks.features import cohort as _cohort
from tasks.stores import Stores

golden = task(**policy.IO, name="golden rows")(Stores.golden)
pinned = task(**policy.IO, name="rows pinned before")(Stores.pinned)
pinnable = task(**policy.IO, name="days to pin")(choice.pinnable)
chosen = task(**policy.CPU, name="rows to pin")(choice.chosen)
complete_days = task(**policy.IO, name="complete days")(_cohort.complete_days)
training_days = task(**policy.CPU, name="training days")(splits.training_days)
cohort = task(**policy.IO, name="features and labels")(_cohort.cohort)
leakage = task(**policy.CPU, name="truncation test")(truncation.truncation)
split = task(**policy.CPU, name="split")(splits.split)
