"""Attempts that were decided on, and what they may be asked for by."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import click

from config.load import pipelines
from config.settings import Settings
from tasks.ledger.ledger import Ledger
from tasks.records import Decision, ModelVersion

_SHORTEST = 6  # characters of a key or of an MLflow run id
_LISTED = 3


@dataclass(frozen=True)
class Run:
    """An attempt that was decided on: the last of its pipeline's `line`, the oldest first."""

    line: tuple[Decision, ...]
    versions: Mapping[int, ModelVersion]

    @property
    def decision(self) -> Decision:
        return self.line[-1]

    @property
    def before(self) -> Decision | None:
        return self.line[-2] if len(self.line) > 1 else None

    @property
    def version(self) -> ModelVersion:
        return self.versions[self.decision.version]

    @property
    def told(self) -> str:
        """What it may be asked for by, in words."""
        pipeline, number = self.version.pipeline, self.version.number
        return f"{pipeline} v{number}, key {self.decision.key}, MLflow run {self.version.run_id}"

    def is_meant(self, name: str) -> bool:
        """Whether a version as `v3`, a key, an MLflow run, or the beginning of one, is this one."""
        if name == f"v{self.version.number}":
            return True
        ids = (self.decision.key, self.version.run_id)
        return len(name) >= _SHORTEST and any(each.startswith(name) for each in ids)


def meant(words: tuple[str, ...]) -> str | Run:
    """The pipeline or the attempt that is asked about: `[PIPELINE] [RUN]`; usage errors else.

    A pipeline's name wins. An attempt is looked for in the pipeline that is named, or in all.
    """
    settings = Settings.from_environment()
    known = pipelines(settings)
    if not words:
        return "flights"
    if len(words) == 1 and words[0] in known:
        return words[0]
    if len(words) == 2 and words[0] not in known:
        raise click.UsageError(f"no pipeline {words[0]!r}{_near(words[0], known)}")
    searched = [words[0]] if len(words) == 2 else known
    ledger, name = Ledger(settings.ledger_url), words[-1].lower()
    every = [run for pipeline in searched for run in runs(ledger, pipeline)]
    found = [run for run in every if run.is_meant(name)]
    if len(found) == 1:
        return found[0]
    if found:
        listed = "\n".join(f"  {run.told}" for run in found)
        raise click.UsageError(f"{words[-1]!r} may be any of {len(found)} attempts:\n{listed}")
    raise click.UsageError(_unknown(words[-1], known, every))


def runs(ledger: Ledger, pipeline: str) -> list[Run]:
    """Every attempt that was decided on, the oldest first; no rollback, no person's promotion."""
    attempts = [each for each in ledger.decisions(pipeline) if "snapshot" in each.evidence]
    versions = {each.number: each for each in ledger.versions(pipeline)}
    return [Run(tuple(attempts[: n + 1]), versions) for n in range(len(attempts))]


def _unknown(name: str, known: list[str], every: list[Run]) -> str:
    """That nothing is called so, with the nearest pipelines and attempts."""
    by_name = {
        each: run
        for run in every
        for each in (run.decision.key, run.version.run_id, f"v{run.version.number}")
    }
    near = [by_name[each] for each in get_close_matches(name.lower(), by_name, n=_LISTED)]
    latest = every[: -_LISTED - 1 : -1]
    shown = list(dict.fromkeys(run.told for run in near or latest))
    attempts = f"{'nearest' if near else 'latest'} attempts:" if shown else "no attempt yet"
    lines = [
        f"no pipeline and no attempt {name!r}{_near(name, known)}",
        f"{attempts}",
        *(f"  {told}" for told in shown),
    ]
    if 0 < len(name) < _SHORTEST:
        lines.append(f"of a key or run, {_SHORTEST} characters at least")
    return "\n".join(lines)


def _near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=_LISTED)
    told = "did you mean" if near else "pipelines:"
    return f"; {told} {', '.join(near or known) or 'none'}{'?' if near else ''}"
