"""What a retrain came to."""

from flows.retrain import Retrained
from tasks.records import Decision


def decided(retrained: Retrained | None) -> Decision:
    """The decision of a retrain that took place and led to one."""
    assert retrained is not None, "no retrain took place"
    assert retrained.decision is not None, retrained.declined
    return retrained.decision
