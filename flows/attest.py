"""Make one registered version again, and write down how like itself it came out."""

from datetime import UTC, datetime

from prefect import flow
from pydantic import AwareDatetime

from tasks import policy, rebuild, tell
from tasks.ledger.attestations import Attestation
from tasks.stores import open_stores


@flow(flow_run_name=policy.sentence("attest {pipeline} as of {as_of}"))
def attest(pipeline: str = "flights", as_of: AwareDatetime | None = None) -> Attestation | None:
    """Pick a version at random, make it again from its recipe, and compare its answers.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only versions decided on by then; the same moment picks the same one. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    attestation = rebuild.attested(stores, as_of)
    rebuild.kept(stores, attestation)
    tell.attestation(pipeline, attestation)
    tell.status(stores, as_of)
    return attestation
