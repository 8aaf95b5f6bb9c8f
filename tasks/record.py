"""What Prefect may run to write down what happened: the ledger."""

from prefect import task

from tasks import policy
from tasks.ledger import deciding, rollback
from tasks.ledger.ledger import Ledger

judged = task(**policy.IO, name="deliveries judged before")(Ledger.seen)
journal = task(**policy.IO, name="journal")(deciding.journal)
bench = task(**policy.IO, name="champion at the start")(deciding.bench)
claim = task(**policy.IO, name="claim the cause")(deciding.claim)
known = task(**policy.IO, name="decided before?")(Ledger.decision)
decide = task(**policy.ONCE, name="decide")(deciding.decide)
settle = task(**policy.IO, name="settle the cause")(deciding.settle)
measured = task(**policy.IO, name="keep the measurement")(deciding.measured)
target = task(**policy.IO, name="version to return to")(rollback.target)
rehearse = task(**policy.IO, name="rehearse")(rollback.rehearse)
roll_back = task(**policy.ONCE, name="roll back")(rollback.roll_back)
