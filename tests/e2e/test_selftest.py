"""The whole selftest, through the real loop: it passes, and it can fail."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.selftest import selftest
from tasks.ledger.canaries import canaries
from tasks.ledger.rehearsal import rehearsed
from tasks.records import Status
from tests.infra.sandboxes import living
from tests.installation import Installation
from tests.shop import NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ONLY_BY_RULES = {"label-shuffled", "feature-dropped", "slice-broken", "poisoned"}
"""What gets through, or is refused for no reason of its own, when nobody can break a rule."""

RATCHET = "from deployments.cli import main; main()"


def test_all_sabotage_is_refused(empty: Installation) -> None:
    """Each for a reason of its own; controls are taken; the story keeps it with the pipeline."""
    found = selftest(NAME)
    assert found.missed == (), [(case.name, case.by, case.reason) for case in found.missed]
    assert found.false_accept_rate == 0
    assert len(found.sabotaged) >= 15
    assert empty.stores.ledger.selftest(NAME) == found
    check = canaries(empty.stores.ledger, NAME)
    assert check.status is Status.PASS
    assert "with the code of then" not in check.reason


def test_it_can_fail(empty: Installation) -> None:
    """With rules that nobody can break sabotage gets through, is missed, and closes the gate."""
    found = rehearsed(quiet=True, blind=True)
    missed = {case.name for case in found.missed}
    assert missed == ONLY_BY_RULES
    assert found.false_accept_rate == len(missed) / len(found.sabotaged)
    empty.stores.ledger.keep_selftest(NAME, found)
    check = canaries(empty.stores.ledger, NAME)
    assert check.blocks
    assert "slice-broken" in check.reason


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_broken_off(number: signal.Signals, empty: Installation, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM in the middle leave no process, no folder, and no selftest on record."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", RATCHET, "selftest", NAME],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stderr is not None
        assert any("first champion" in line for line in command.stderr)
        assert living(temporary)
        command.send_signal(number)
        command.stderr.read()
    assert command.returncode != 0
    assert living(temporary) == []
    assert list(temporary.iterdir()) == []
    assert empty.stores.ledger.selftest(NAME) is None
