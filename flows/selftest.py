"""Push sabotage through the loop: what ought to be refused, and is it?"""

from prefect import flow

from tasks import policy, rehearse, tell
from tasks.ledger.selftests import Selftest
from tasks.stores import open_stores


@flow(flow_run_name=policy.sentence("selftest {pipeline}"))
def selftest(pipeline: str = "flights") -> Selftest:
    """Try sabotaged challengers and batches in a sandbox; a miss stops automatic promotion.

    Args:
        pipeline: Name of the pipeline whose gate a miss closes, a folder under config/pipelines.
    """
    stores = open_stores(pipeline)
    found = rehearse.sabotage()
    rehearse.keep(stores.ledger, pipeline, found)
    tell.selftest(pipeline, found)
    return found
