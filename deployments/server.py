"""A Prefect server as `ratchet deploy` meets it: reached, read once, its errors told in a line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from config.servers import POOL
from config.settings import Settings, SettingsError
from deployments.automations import owner
from deployments.wanted import TAG
from tasks.errors import Terminal, Transient

if TYPE_CHECKING:
    from httpx import HTTPStatusError
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import BlockDocument, WorkPool
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.events.schemas.automations import Automation

WEBHOOK = "ratchet-notifications"
"""Name of the block of type webhook that notifications are posted to."""

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """What is on a server already; only what carries our mark may be changed."""

    pool: "WorkPool | None"
    deployments: dict[str, "DeploymentResponse"]
    """Ours, by `<flow>/<pipeline>`."""
    taken: frozenset[str]
    """Names `<flow>/<deployment>` that others use."""
    automations: dict[str, "Automation"]
    """Ours, by name."""
    webhook: "BlockDocument | None"


@contextmanager
def connected(settings: Settings, api_url: str) -> Iterator["SyncPrefectClient"]:
    """A client of the server at an address; whatever goes wrong is told in one line.

    Raises `SettingsError` when the address or the password is wrong, `Transient` when the server
    cannot be reached, `Terminal` when it refuses.
    """
    from httpx import HTTPStatusError, InvalidURL, TransportError, UnsupportedProtocol
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

    try:
        with SyncPrefectClient(api_url, auth_string=settings.access.prefect or None) as client:
            _greet(client, api_url)
            yield client
    except (InvalidURL, UnsupportedProtocol) as error:
        raise SettingsError(f"PREFECT_API_URL is {api_url!r}: {error}") from error
    except TransportError as error:
        raise Transient(
            f"no Prefect server answers at {api_url} ({str(error) or type(error).__name__}). "
            "Start one with `ratchet up`, or set PREFECT_API_URL"
        ) from error
    except HTTPStatusError as error:
        raise _told(error, api_url) from error
    except (ObjectAlreadyExists, ObjectNotFound) as error:
        raise Terminal(
            f"{api_url} refused: {error}. Somebody else changed it; run again"
        ) from error


def found(client: "SyncPrefectClient", names: list[str]) -> Found:
    """Everything of ours on the server, and who else uses the names of our deployments."""
    flows = {each.id: each.name for each in pages(lambda at: client.read_flows(offset=at))}
    listed = {f"{flows[each.flow_id]}/{each.name}": each for each in _deployments(client, names)}
    ours = {name: each for name, each in listed.items() if _is_ours(each)}
    automations = pages(lambda at: client.read_automations(offset=at))
    return Found(
        pool=_pool(client),
        deployments=ours,
        taken=frozenset(listed) - frozenset(ours),
        automations={
            each.name: each for each in automations if f"({owner(each.name)}." in each.description
        },
        webhook=_webhook(client),
    )


def _deployments(client: "SyncPrefectClient", names: list[str]) -> "Iterator[DeploymentResponse]":
    """Those that carry our tag, and those that are called like our pipelines."""
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterName,
        DeploymentFilterTags,
    )

    tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    named = DeploymentFilter(name=DeploymentFilterName(any_=names))
    yield from pages(lambda at: client.read_deployments(deployment_filter=tagged, offset=at))
    yield from pages(lambda at: client.read_deployments(deployment_filter=named, offset=at))


def pages(read: Callable[[int], list[T]]) -> Iterator[T]:
    """Everything that a listing has, page after page."""
    offset = 0
    while page := read(offset):
        yield from page
        offset += len(page)


def _is_ours(deployment: "DeploymentResponse") -> bool:
    """A copy under another name carries the same tags, and is its maker's."""
    return {TAG, f"pipeline:{deployment.name}"} <= set(deployment.tags)


def _pool(client: "SyncPrefectClient") -> "WorkPool | None":
    from prefect.exceptions import ObjectNotFound

    try:
        return client.read_work_pool(POOL)
    except ObjectNotFound:
        return None


def _webhook(client: "SyncPrefectClient") -> "BlockDocument | None":
    from prefect.exceptions import ObjectNotFound

    try:
        return client.read_block_document_by_name(WEBHOOK, "webhook", include_secrets=True)
    except ObjectNotFound:
        return None


def _greet(client: "SyncPrefectClient", api_url: str) -> None:
    """Asks for what only a Prefect API answers, and only to whom it lets in."""
    answer = client.request("GET", "/admin/version")
    if not answer.headers.get("content-type", "").startswith("application/json"):
        raise SettingsError(
            f"what answers at {api_url} is no Prefect API; its address ends in /api. "
            "Set PREFECT_API_URL"
        )


def _told(error: "HTTPStatusError", api_url: str) -> Exception:
    status, asked = error.response.status_code, error.request
    if status in {401, 403}:
        return SettingsError(
            f"{api_url} lets nobody in with this password ({status}). "
            "Set PREFECT_API_AUTH_STRING to user:password"
        )
    if status == 404 and asked.url.path.endswith("/admin/version"):
        return SettingsError(
            f"what answers at {api_url} is no Prefect API; its address ends in /api. "
            "Set PREFECT_API_URL"
        )
    said = " ".join(error.response.text.split())[:400]
    return Terminal(f"{api_url} answered {status} to {asked.method} {asked.url.path}: {said}")
