"""What Prefect may run to register models and move the champion's alias."""

from prefect import task

from tasks import policy
from tasks.registry import hearing
from tasks.registry.registry import Registry
from tasks.stores import Stores

key = task(**policy.CPU, name="key of the attempt")(hearing.retrain_key)
version = task(**policy.ONCE, name="register")(Registry.register)
alias = task(**policy.IO, name="move the alias")(Stores.repair_alias)
