"""What Prefect may run to register models and move the champion's alias."""

from prefect import task

from tasks import pages, policy
from tasks.evaluation import hearing
from tasks.ledger import pointer, protection
from tasks.registry import registrar
from tasks.stores import Stores

key = task(**policy.CPU, name="key of the attempt")(hearing.retrain_key)
version = task(**policy.ONCE, name="register")(registrar.registered)
lost = task(**policy.IO, name="versions that were deleted")(pointer.lost)
swept = task(**policy.IO, name="remove old local copies")(protection.swept)
documents = task(**policy.IO, name="write card and comparison")(pages.documents)
alias = task(**policy.IO, name="move the alias")(Stores.repair_alias)
