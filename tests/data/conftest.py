"""An S3 API that can be told to fail."""

from collections.abc import Iterator

import pytest

from tasks.data.bucket import S3
from tests.servers.proxy import Proxy, proxy
from tests.servers.s3 import HASTY, RealS3


@pytest.fixture
def between(s3_api: RealS3) -> Iterator[Proxy]:
    """What stands between us and the S3 API, and lets everything through until it is told."""
    with proxy(s3_api.url) as made:
        yield made


@pytest.fixture
def s3(between: Proxy) -> S3:
    """The API behind the proxy, asked by someone who does not wait for long."""
    return S3(between.url, HASTY)
