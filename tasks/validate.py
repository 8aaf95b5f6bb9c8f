"""What Prefect may run to let data in, hold rows back, or refuse a delivery whole."""

from prefect import task

from tasks import policy
from tasks.quality.admission import Desk
from tasks.quality.release import release as _release

admit = task(**policy.IO, name="admit", task_run_name="admit {deliveries[0].table}")(Desk.admit_all)
release = task(**policy.ONCE, name="release")(_release)
