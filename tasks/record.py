"""What Prefect may run to write down what happened: the ledger."""

from contextlib import AbstractContextManager

from prefect import task
from prefect.runtime import flow_run

from tasks import arena, lookout, policy
from tasks.ledger import appointment, deciding, pins, pointer, rollback
from tasks.ledger import canaries as _canaries
from tasks.ledger import pace as _pace
from tasks.ledger.leases import Claimant, Lease, held
from tasks.ledger.ledger import Ledger
from tasks.stores import Stores

judged = task(**policy.IO, name="deliveries judged before")(Ledger.seen)
journal = task(**policy.IO, name="journal")(deciding.journal)
served = task(**policy.IO, name="load the champion")(arena.served)
proved = task(**policy.IO, name="prove what was logged")(arena.proved)
beside = task(**policy.ONCE, name="play the days that are due")(arena.beside)
bench = task(**policy.IO, name="champion at the start")(deciding.bench)
pace = task(**policy.IO, name="pace of promotions")(_pace.pace)
canaries = task(**policy.IO, name="the last selftest")(_canaries.canaries)
pin = task(**policy.ONCE, name="pin")(pins.pin)
claim = task(**policy.IO, name="may it retrain?")(Stores.claim)
unfinished = task(**policy.IO, name="causes without an answer")(Stores.unfinished)
known = task(**policy.IO, name="decided before?")(Ledger.decision)
decide = task(**policy.ONCE, name="decide")(deciding.decide)
settle = task(**policy.IO, name="settle the cause")(deciding.settle)
concluded = task(**policy.IO, name="keep what was seen")(lookout.concluded)
performance = task(**policy.IO, name="keep a past measurement")(Ledger.performance)
noticed = task(**policy.IO, name="remember what was told")(pointer.noticed)
probation = task(**policy.IO, name="keep the probation")(Ledger.probation)
target = task(**policy.IO, name="version to return to")(rollback.target)
rehearse = task(**policy.IO, name="rehearse")(appointment.rehearse)
roll_back = task(**policy.ONCE, name="roll back")(rollback.roll_back)
appointee = task(**policy.IO, name="version to promote")(appointment.appointee)
appoint = task(**policy.ONCE, name="promote")(appointment.appoint)


def alone(lease: Lease, wait: bool) -> AbstractContextManager[str]:
    """The lease for this run while the block runs; gives who else has it. A state, and no task.

    A run that is started again under its own id takes over from its dead self at once.
    """
    run_id = str(flow_run.get_id())
    return held(lease, Claimant(f"{flow_run.get_name()}, flow run {run_id}", run_id), wait)
