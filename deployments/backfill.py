"""`ratchet backfill`: past nights, played in this process or by the server, followed either way."""

import sys
from dataclasses import dataclass
from datetime import date

from click import UsageError

from config.load import pipeline as load_definition
from config.settings import Settings
from deployments.embedded import prefect_here
from deployments.progress import advancing, bars

STEPS = ("ingest", "score", "watch")


@dataclass(frozen=True)
class Nights:
    """The nights to play, both ends included, and what each of them does."""

    pipeline: str
    first: date
    last: date
    steps: tuple[str, ...]

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def title(self) -> str:
        return f"backfill {self.pipeline} {self.first} to {self.last}"

    def check(self) -> None:
        """Raise `click.UsageError` when no night could be played like this."""
        unknown = [step for step in self.steps if step not in STEPS]
        if unknown:
            told = ", ".join(repr(step) for step in unknown)
            raise UsageError(f"--steps takes some of {','.join(STEPS)}, and not {told}")
        if self.first > self.last:
            raise UsageError(f"--from {self.first} comes after --to {self.last}")


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


def _here(nights: Nights, settings: Settings, as_json: bool) -> int:
    with prefect_here(settings):
        from deployments import show
        from flows.backfill import NightsFailed, backfill

        with (
            bars(hidden=as_json) as progress,
            advancing(progress, nights.title, nights.count, "ratchet.backfill"),
        ):
            try:
                done = backfill(nights.first, nights.last, nights.steps, pipeline=nights.pipeline)  # type: ignore[arg-type]  # checked
            except NightsFailed as failure:
                done = failure.backfilled
        show.result(done, as_json)
    if done.failed:
        return 1
    return 3 if done.refused else 0
