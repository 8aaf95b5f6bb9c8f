"""Every night a version is made again, and what came of it is on record."""

import json
from pathlib import Path

from click.testing import CliRunner

from config import events
from deployments.cli import cli
from flows.attest import attest
from tasks.ledger.attestations import Likeness
from tests.flows import told
from tests.installation import Installation
from tests.shop import NAME, day, night


def test_an_attestation_is_on_record(trained: Installation) -> None:
    """Status and page show it, and a second run for the same moment makes nothing again."""
    found = attest(NAME, night(day(20)))
    assert found is not None
    assert found.likeness is Likeness.IDENTICAL, found.reason
    assert trained.stores.ledger.attestations(NAME) == [found]
    assert 'id="attested"' in (trained.stores.reports / "status.html").read_text()
    before = trained.state()
    assert attest(NAME, night(day(20))) == found
    assert trained.state() == before
    shown = CliRunner().invoke(cli, ["status", NAME, "--json"], catch_exceptions=False)
    assert json.loads(shown.stdout)["attested"]["likeness"] == "identical"


def test_a_version_that_does_not_reproduce_raises_an_alarm(trained: Installation) -> None:
    """The flow ends well, with the outcome on record and told to whoever listens."""
    (path,) = Path(trained.settings.artifacts).rglob("model.skops")
    path.write_bytes(b"another model")
    run = told.run_of(attest, NAME, night(day(20)))
    (kept,) = trained.stores.ledger.attestations(NAME)
    assert kept.likeness is Likeness.UNKNOWN
    (alarm,) = told.events(run, events.ALARM_RAISED)
    assert alarm["payload"]["what"] == "v1 does not reproduce: cannot be made again"
    assert "model.skops" in alarm["payload"]["detail"]


def test_a_night_before_the_first_version(empty: Installation) -> None:
    """There is nothing to make again, and nothing is written down."""
    assert attest(NAME, night(day(1))) is None
    assert empty.stores.ledger.attestations(NAME) == []
