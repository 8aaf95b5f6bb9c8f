"""What arrived and has not been judged yet."""

from collections.abc import Collection
from datetime import datetime

from config.load import Definition
from tasks.data.source import Source
from tasks.records import Delivery

Judged = tuple[str, str, str, str]
"""Table, partition, sha256, and the configuration that refused it; accepted: no configuration."""


def arrivals(
    source: Source, definition: Definition, as_of: datetime, judged: Collection[Judged]
) -> list[list[Delivery]]:
    """New deliveries that had arrived by `as_of`: a queue a table, in order of arrival.

    A delivery that was accepted is never looked at again; one that was refused is, once the
    configuration has changed. The same bytes are judged once: as the last of them that arrived.
    """
    queues = []
    for name, table in definition.pipeline.tables.items():
        found = source.deliveries(name, table, as_of)
        last = {(delivery.partition, delivery.sha256): delivery for delivery in found}
        queue = [
            delivery
            for delivery in found
            if last[delivery.partition, delivery.sha256] is delivery
            and (name, delivery.partition, delivery.sha256, "") not in judged
            and (name, delivery.partition, delivery.sha256, definition.config_hash) not in judged
        ]
        if queue:
            queues.append(queue)
    return queues
