"""`ratchet backfill`: past nights, played in this process or by the server, followed either way."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from click import UsageError

from config.load import pipeline as load_definition
from config.settings import Settings
from deployments.embedded import prefect_here
from deployments.progress import advancing, bars
from tasks.ledger.played import STEPS

ORDERS = {"oldest": "oldest first", "newest": "newest first"}
"""What `--order` takes, and what the flow's form calls it."""


@dataclass(frozen=True)
class Nights:
    """The nights to play, both ends included, what each of them does, and how.

    `champion` answers instead of who served; None: who served.
    """

    pipeline: str
    first: date
    last: date
    steps: tuple[str, ...]
    order: str = "oldest"
    workers: int = 1
    champion: int | None = None
    promote: bool = False

    @property
    def count(self) -> int:
        """How many steps of nights that makes."""
        return ((self.last - self.first).days + 1) * len(set(self.steps))

    @property
    def title(self) -> str:
        return f"backfill {self.pipeline} {self.first} to {self.last}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The same as the flow's form has it, its pipeline aside."""
        return {
            "first": self.first,
            "last": self.last,
            "steps": self.steps,
            "order": ORDERS[self.order],
            "workers": self.workers,
            "champion": self.champion,
            "promote": self.promote,
        }

    def check(self) -> None:
        """Raise `click.UsageError` when no night could be played like this."""
        unknown = [step for step in self.steps if step not in STEPS]
        if unknown:
            told = ", ".join(repr(step) for step in unknown)
            raise UsageError(f"--steps takes some of {','.join(STEPS)}, and not {told}")
        if self.first > self.last:
            raise UsageError(f"--from {self.first} comes after --to {self.last}")
        if self.promote and self.order == "newest":
            raise UsageError("--promote goes with --order oldest: each champion follows another")


def play(nights: Nights, on_server: bool, as_json: bool) -> None:
    """Play the nights and tell each; exits with 1 when one failed, 3 when one refused data."""
    nights.check()
    settings = Settings.from_environment()
    load_definition(settings, nights.pipeline)  # a name that nobody defined is told at once
    if on_server:
        from deployments import following

        code = following.play(nights, settings, as_json)
    else:
        code = _here(nights, settings, as_json)
    sys.exit(code)


def plan(nights: Nights, as_json: bool) -> None:
    """Tell which steps are to do and which are done, and by what evidence; nothing is changed."""
    nights.check()
    from deployments import show
    from tasks.nights.backlog import backlog
    from tasks.nights.grid import Grid
    from tasks.stores import open_stores

    stores = open_stores(nights.pipeline)
    chosen = nights.parameters
    grid = Grid(
        stores.definition.pipeline.schedule,
        *(chosen[name] for name in ("first", "last", "steps", "order", "promote")),
    )
    with backlog(stores, grid, champion=nights.champion) as found:
        cells = tuple(found.plan())
    if as_json:
        show.document(cells)
    else:
        show.plan(cells)


def _here(nights: Nights, settings: Settings, as_json: bool) -> int:
    with prefect_here(settings):
        from deployments import show
        from flows.backfill import NightsFailed, backfill

        with (
            bars(hidden=as_json) as progress,
            advancing(progress, nights.title, nights.count, "ratchet.backfill"),
        ):
            try:
                done = backfill(**nights.parameters, pipeline=nights.pipeline)
            except NightsFailed as failure:
                done = failure.backfilled
        show.result(done, as_json)
    if done.failed:
        return 1
    return 3 if done.refused else 0
