"""Events on Prefect's server, posted one by one, and names as its artifacts are keyed."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from prefect.client.orchestration import get_client
from prefect.events import Event
from prefect.runtime import flow_run

from tasks.ledger.text import canonical, plain

_log = logging.getLogger("ratchet.tell")


def emit(name: str, pipeline: str, payload: Mapping[str, object]) -> None:
    """Post an event and wait until the server has taken it: what is only queued dies with us.

    A server that does not take it fails nothing: what matters is in the ledger, and the event a
    hint. Told again by the same run, it is the same event.
    """
    run, told = f"prefect.flow-run.{flow_run.get_id()}", plain(payload)
    event = Event(
        id=uuid5(NAMESPACE_URL, canonical([run, name, pipeline, told])),
        occurred=datetime.now(UTC),
        event=name,
        resource={
            "prefect.resource.id": f"ratchet.pipeline.{pipeline}",
            "prefect.resource.name": pipeline,
            "ratchet.pipeline": pipeline,
        },
        related=[{"prefect.resource.id": run, "prefect.resource.role": "flow-run"}],
        payload=told,
    )
    try:
        with get_client(sync_client=True) as client:
            client.request("POST", "/events", json=[event.model_dump(mode="json")])
    except Exception as error:  # whatever it is, the ledger has what the event only hints at
        _log.warning("event %s was not taken by the server: %s", name, error)


def slug(name: str) -> str:
    """A pipeline's name as the key of an artifact may have it."""
    return name.replace("_", "-")
