"""What a retrain found out about its challenger: the evidence that a version is registered with."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from config.load import Definition
from config.values import Metric
from tasks.records import Failure, Fit, Interval, Snapshot, Verdict
from tasks.registry.lineage import code_version
from tasks.registry.submission import Submission

if TYPE_CHECKING:
    from tasks.features.cohort import Cohort
    from tasks.features.splits import Split

Measured = Mapping[str, Mapping[Metric, Interval]]
"""By contender (`challenger`, `champion`, each baseline), then by metric."""


@dataclass(frozen=True)
class Hearing:
    """A judged challenger: the rows, the attempts, what was measured, and the verdict."""

    cohort: "Cohort"
    split: "Split"
    challenger: Fit
    attempts: Sequence[Fit | Failure]
    measured: Measured
    verdict: Verdict
    champion: int | None
    reason: str

    @property
    def definition(self) -> Definition:
        return self.cohort.definition

    @property
    def reference(self) -> Interval:
        """The challenger's value of the pipeline's metric, on the holdout."""
        return self.measured["challenger"][self.definition.pipeline.metric]

    def evidence(self) -> dict[str, object]:
        """Everything the verdict rests on, as plain values."""
        return {
            "reason": self.reason,
            "candidate": self.challenger.candidate,
            "champion": self.champion,
            "choice": self.verdict.choice.value,
            "labels_needed": self.verdict.labels_needed,
            "checks": [asdict(check) for check in self.verdict.checks],
            "measured": {
                name: {metric: asdict(interval) for metric, interval in by_metric.items()}
                for name, by_metric in self.measured.items()
            },
            "attempts": [_attempt(attempt) for attempt in self.attempts],
            "snapshot": asdict(self.cohort.snapshot),
            "training": _rows(self.split.training_digest, len(self.split.training)),
            "holdout": _rows(self.split.holdout_digest, len(self.split.holdout)),
            "trained_through": self.split.trained_through.isoformat(),
            "config_hash": self.definition.config_hash,
            "code_version": code_version(),
        }


def retrain_key(definition: Definition, snapshot: Snapshot) -> str:
    """Names an attempt: the same rows, moment, configuration and code are the same attempt."""
    parts = (
        definition.pipeline.name,
        _utc(snapshot.as_of),
        snapshot.digest,
        definition.config_hash,
        code_version(),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def submission(hearing: Hearing, key: str) -> Submission:
    """The challenger with its evidence, as the registry takes it."""
    pipeline = hearing.definition.pipeline
    return Submission(
        pipeline=pipeline.name,
        key=key,
        folder=Path(hearing.challenger.folder),
        candidate=hearing.challenger.candidate,
        trained_through=hearing.split.trained_through,
        input_example=hearing.split.training[list(pipeline.features.columns)].head(5),
        params=hearing.challenger.params,
        metrics={
            f"{name}.{metric}": interval.value
            for name, by_metric in hearing.measured.items()
            for metric, interval in by_metric.items()
        },
        tags={
            "ratchet.snapshot": hearing.cohort.snapshot.digest,
            "ratchet.as_of": _utc(hearing.cohort.snapshot.as_of),
            "ratchet.config": hearing.definition.config_hash,
            "ratchet.verdict": hearing.verdict.choice.value,
            "ratchet.reason": hearing.reason,
        },
        evidence=hearing.evidence(),
        attempts=tuple(hearing.attempts),
    )


def _attempt(attempt: Fit | Failure) -> dict[str, object]:
    """An attempt without its folder, which is gone once it has been decided on."""
    return {name: value for name, value in asdict(attempt).items() if name != "folder"}


def _rows(digest: str, count: int) -> dict[str, object]:
    return {"digest": digest, "rows": count}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
