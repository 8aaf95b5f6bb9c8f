"""Loaded by every Prefect server beside which Ratchet is installed: each post on its own.

Prefect 3.8.8 posts two notifications at a time over one pool of connections, and whichever is
done first closes the pool: the other fails with a `ReadError`, and whether it was received is
not known. The night that refuses five deliveries tells of them all at once.
"""

from httpx import AsyncClient, AsyncHTTPTransport
from prefect.blocks.webhook import Webhook
from prefect.utilities.urls import SSRFProtectedAsyncHTTPTransport


def _with_a_pool_of_its_own(webhook: Webhook) -> None:
    guarded = not webhook.allow_private_urls
    kind = SSRFProtectedAsyncHTTPTransport if guarded else AsyncHTTPTransport
    webhook._client = AsyncClient(transport=kind(verify=webhook.verify))


Webhook.block_initialization = _with_a_pool_of_its_own  # type: ignore[assignment, method-assign]
