"""Which processes of a sandbox are alive."""

import contextlib
from pathlib import Path

import psutil

from infra.guardian import lives


def living(below: Path) -> list[psutil.Process]:
    """Processes whose home is below a folder."""
    found = []
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if each.environ().get("RATCHET_HOME", "").startswith(f"{below}/") and lives(each):
                found.append(each)
    return found
