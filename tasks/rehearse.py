"""What Prefect may run to push sabotage through the loop, far from anything real."""

from prefect import task

from tasks import policy
from tasks.ledger import rehearsal
from tasks.ledger.ledger import Ledger

sabotage = task(**policy.CPU, name="push sabotage through the loop")(rehearsal.rehearsed)
keep = task(**policy.ONCE, name="keep the selftest")(Ledger.keep_selftest)
