"""What Prefect may run to find what arrived."""

from prefect import task

from tasks import policy
from tasks.data import arrivals as _arrivals

arrivals = task(**policy.IO, name="arrivals")(_arrivals.arrivals)
