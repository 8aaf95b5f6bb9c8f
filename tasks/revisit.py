"""What Prefect may run to play past nights again, cell by cell."""

from prefect import task

from tasks import policy
from tasks.ledger import rehearsals
from tasks.ledger.ledger import Ledger
from tasks.ledger.played import by_night
from tasks.nights.backlog import Backlog, backlog
from tasks.nights.grid import Grid
from tasks.nights.running import run

admit = task(**policy.IO, name="admit", task_run_name="ingest of {cell.night}")(Backlog.admit)
answer = task(**policy.ONCE, name="answer", task_run_name="score of {cell.night}")(Backlog.answer)
heard = task(**policy.CPU, name="what the rehearsal came to")(rehearsals.rehearsed)
keep = task(**policy.IO, name="keep the rehearsal")(Ledger.keep_rehearsal)

__all__ = ["Backlog", "Grid", "admit", "answer", "backlog", "by_night", "heard", "keep", "run"]
