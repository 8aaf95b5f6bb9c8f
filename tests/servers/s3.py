"""A real S3 API over HTTP: moto's server on a free port of loopback."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import pytest

from config.places import Bucket
from infra.ports import free
from tasks.data.bucket import S3, Patience

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "tester",
    "AWS_SECRET_ACCESS_KEY": "a secret of the tests",
    "AWS_DEFAULT_REGION": "eu-central-1",
}
_ELSEWHERE = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SESSION_TOKEN",
    "HTTP_PROXY",
    "http_proxy",
)
HASTY = Patience(connect_seconds=2, read_seconds=0.7, attempts=2, pause_seconds=0.01)
"""For tests: a fault is told within seconds."""

_PATIENCE_SECONDS = 60
_NUMBERS = count(1)


@dataclass(frozen=True)
class RealS3:
    """A running server; buckets are cheap, so that no test needs another's."""

    url: str

    @cached_property
    def s3(self) -> S3:
        """The server as we speak with it."""
        return S3(self.url, HASTY)

    def bucket(self, versions: bool = False) -> Bucket:
        """A new and empty bucket, which keeps versions if it is said to."""
        made = Bucket(f"bucket-{next(_NUMBERS)}")
        client = self.s3.client
        client.create_bucket(
            Bucket=made.bucket,
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        )
        if versions:
            client.put_bucket_versioning(
                Bucket=made.bucket, VersioningConfiguration={"Status": "Enabled"}
            )
        return made


@contextmanager
def s3_server() -> Iterator[RealS3]:
    """A server in a process of its own, which ends with the context.

    Of its own: Delta Lake sometimes keeps all threads of ours waiting until it is answered. It
    checks no signature; what refused credentials do is the proxy's part.
    """
    port = free()
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_open(process, port)
            yield RealS3(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def _wait_until_open(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"moto's server does not answer; it ended with {process.poll()}")


@contextmanager
def credentials() -> Iterator[None]:
    """Credentials where everybody looks for them, and none of the machine's own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _ELSEWHERE:
            patch.delenv(name, raising=False)
        for name, value in {**CREDENTIALS, "AWS_EC2_METADATA_DISABLED": "true"}.items():
            patch.setenv(name, value)
        yield
