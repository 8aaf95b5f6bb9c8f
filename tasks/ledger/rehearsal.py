"""A rehearsal of sabotage: every case pushed through the loop, far from anything real."""

from datetime import UTC, datetime

from config.settings import inherited
from infra.canary import sandbox
from tasks.errors import Terminal
from tasks.ledger.selftests import CASES, Selftest
from tasks.registry.lineage import code_version

PLAYERS = "deployments.sandbox"
"""The module that plays the cases; named, as it is above everything here."""


def rehearsed(quiet: bool = False, blind: bool = False) -> Selftest:
    """Play every case in a sandbox; `blind`, with rules that let everything through.

    Raises `Terminal` when the rehearsal itself breaks down.
    """
    command = [PLAYERS, "--blind"] if blind else [PLAYERS]
    try:
        told = sandbox.played(command, inherited(), quiet)
    except sandbox.SandboxError as error:
        raise Terminal(f"the selftest could not be played to its end: {error}") from error
    return Selftest(datetime.now(UTC), code_version(), CASES.validate_json(told))
