"""What Prefect may run to compare a challenger with everybody else, and to judge it."""

from prefect import task

from tasks import policy
from tasks.evaluation import contest as _contest
from tasks.evaluation import examination as _examination
from tasks.evaluation import explanations as _explanations
from tasks.evaluation import play as _play

contest = task(**policy.CPU, name="contest")(_contest.contest)
examined = task(**policy.CPU, name="examine")(_examination.examined)
judge = task(**policy.CPU, name="gate")(_contest.judge)
measured = task(**policy.CPU, name="measure")(_contest.measured)
usual_lead = task(**policy.CPU, name="usual daily lead")(_play.usual_lead)
explained = task(**policy.CPU, name="explain")(_explanations.explained)
