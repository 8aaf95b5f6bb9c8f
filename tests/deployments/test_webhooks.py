"""Posts that are on their way at the same moment."""

import asyncio
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.loopback import listening

if TYPE_CHECKING:
    from prefect.blocks.webhook import Webhook


@pytest.fixture
def slow() -> Iterator[str]:
    """The address of a receiver that answers after as many seconds as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(float(asked))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(asked)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with listening(Handler) as address:
        yield f"{address}/hook"


def webhook(**fields: Any) -> "Webhook":
    """As a server has it once it has loaded what is installed beside Prefect."""
    from prefect.blocks.webhook import Webhook
    from prefect.plugins import load_prefect_collections

    load_prefect_collections()
    return Webhook(**fields)


def test_a_post_that_is_done_leaves_the_others_alone(slow: str) -> None:
    """Prefect's own pool is closed by the first: the second would fail with a ReadError."""

    async def posted() -> list[str]:
        calls = (webhook(url=slow).call(seconds) for seconds in ("0.4", "0.1"))
        return [answer.text for answer in await asyncio.gather(*calls)]

    assert asyncio.run(posted()) == ["0.4", "0.1"]


def test_an_address_that_is_not_public_is_still_refused_when_asked(slow: str) -> None:
    """What guards the addresses of an inner network stands."""
    with pytest.raises(ValueError, match="not a valid URL"):
        asyncio.run(webhook(url=slow, allow_private_urls=False).call("0"))
