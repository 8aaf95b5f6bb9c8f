"""What Prefect may run to compare a challenger with everybody else, and to judge it."""

from prefect import task

from tasks import policy
from tasks.evaluation import contest as _contest

contest = task(**policy.CPU, name="contest")(_contest.contest)
judge = task(**policy.CPU, name="gate")(_contest.judge)
measured = task(**policy.CPU, name="measure")(_contest.measured)
