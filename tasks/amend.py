"""What Prefect may run to redo what a corrected delivery has touched."""

from prefect import task

from tasks import policy
from tasks.impact import work as _work

work = task(**policy.IO, name="what is left to redo")(_work.work)
answers = task(**policy.ONCE, name="score again")(_work.rescored)
profiles = task(**policy.ONCE, name="profile again")(_work.renewed)
measurements = task(**policy.IO, name="measure again")(_work.remeasured)
