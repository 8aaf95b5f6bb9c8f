"""What a retrain found out about its challenger: the evidence that a version is registered with."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from config.load import Definition
from config.values import Metric
from tasks.evaluation.costs import Cost, costs, spent_here
from tasks.evaluation.spending import COST, spent
from tasks.models.sources import own, unversioned
from tasks.records import Check, Failure, Fit, Interval, Snapshot, Verdict
from tasks.registry.lineage import code_version, environment, installed, machine
from tasks.registry.recipe import Recipe
from tasks.registry.submission import Submission

if TYPE_CHECKING:
    from tasks.evaluation.explanations import Explained
    from tasks.evaluation.trial import Trial
    from tasks.features.cohort import Cohort
    from tasks.features.splits import Split

Measured = Mapping[str, Mapping[Metric, Interval]]
"""By contender (`challenger`, `champion`, each baseline), then by metric."""


@dataclass(frozen=True)
class Shipped:
    """What is registered of a judged challenger: the evaluated fit, or its refit on all days.

    `digests` are the sha256 of both model files, as far as there are two to compare.
    """

    fit: Fit
    trained_through: date
    certificate: Check | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hearing:
    """A judged challenger: the rows, the attempts, what was measured, and the verdict.

    `reign` is the decision that made the champion; `scale` what a usual daily lead over it comes
    to, for the days that the challenger may play from now on.
    """

    cohort: "Cohort"
    split: "Split"
    challenger: Fit
    attempts: Sequence[Fit | Failure]
    trial: "Trial"
    measured: Measured
    verdict: Verdict
    reason: str
    reign: int | None = None
    scale: float = math.nan
    explained: "Explained | None" = None
    shipped: Shipped | None = None
    """What a refit came to, where one was tried; the challenger itself ships otherwise."""

    @property
    def ships(self) -> Shipped:
        """What is registered."""
        return self.shipped or Shipped(self.challenger, self.split.trained_through)

    @property
    def definition(self) -> Definition:
        return self.cohort.definition

    @property
    def reference(self) -> Interval:
        """The challenger's value of the pipeline's metric, on the holdout."""
        return self.measured["challenger"][self.definition.pipeline.metric]

    @property
    def costs(self) -> list[Cost]:
        """What each candidate cost, beside what it is better by."""
        return costs(self.attempts, self.definition.pipeline.metric)

    def evidence(self) -> dict[str, object]:
        """Everything the verdict rests on, as plain values."""
        return {
            "reason": self.reason,
            "candidate": self.challenger.candidate,
            "champion": self.trial.champion_version,
            "choice": self.verdict.choice.value,
            "labels_needed": self.verdict.labels_needed,
            "checks": [asdict(check) for check in self.verdict.checks],
            "measured": {
                name: {metric: asdict(interval) for metric, interval in by_metric.items()}
                for name, by_metric in self.measured.items()
            },
            "importances": self.explained.evidence() if self.explained else {},
            "bets": {"reign": self.reign, "placed": [asdict(bet) for bet in self.trial.bets]},
            "scale": self.scale,
            COST: self._cost,
            "attempts": [_attempt(attempt) for attempt in self.attempts],
            "costs": [asdict(cost) for cost in self.costs],
            "cpu_seconds": spent_here(self.attempts),
            "snapshot": asdict(self.cohort.snapshot),
            "golden_rows_left_out": self.cohort.left_out,
            "training": _rows(self.split.training_digest, len(self.split.training)),
            "holdout": _rows(self.split.holdout_digest, len(self.split.holdout)),
            "trained_through": self.ships.trained_through.isoformat(),
            "refit": _refit(self.shipped),
            "config_hash": self.definition.config_hash,
            "code_version": code_version(),
            "environment": environment(),
            "sources": unversioned(self.definition.pipeline.candidates),
        }

    @property
    def recipe(self) -> Recipe:
        """What the version that ships follows from."""
        pinned, fit = self.cohort.golden, self.challenger
        estimator = self.definition.pipeline.candidates[fit.candidate].estimator
        return Recipe(
            snapshot=self.cohort.snapshot,
            max_train_days=self.definition.pipeline.windows.max_train_days,
            golden=pinned.pinning.number if pinned else 0,
            training=self.split.training_digest,
            holdout=self.split.holdout_digest,
            holdout_from=date.fromisoformat(self.split.holdout["day"].min()),
            candidate=fit.candidate,
            params=fit.params,
            folds=fit.folds,
            trials=fit.trials,
            parent=fit.parent,
            refit=self.ships.fit is not fit,
            config_hash=self.definition.config_hash,
            code_version=code_version(),
            sources={estimator: digest} if (digest := own(estimator)) else {},
            installed=installed(),
            machine=tuple(machine()),
        )

    @property
    def _cost(self) -> float:
        """What an answer of the challenger cost on the holdout; nan where errors have no price."""
        prices = self.definition.pipeline.costs
        if prices is None:
            return math.nan
        return float(spent(prices, self.trial.y, self.trial.challenger).mean())


def retrain_key(definition: Definition, snapshot: Snapshot) -> str:
    """Names an attempt: the same rows, moment, configuration, code and environment are the same."""
    parts = (
        definition.pipeline.name,
        _utc(snapshot.as_of),
        snapshot.digest,
        definition.config_hash,
        code_version(),
        environment(),
        *unversioned(definition.pipeline.candidates).values(),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def submission(hearing: Hearing, key: str) -> Submission:
    """The challenger with its evidence, as the registry takes it."""
    pipeline = hearing.definition.pipeline
    return Submission(
        pipeline=pipeline.name,
        key=key,
        folder=Path(hearing.ships.fit.folder),
        candidate=hearing.challenger.candidate,
        trained_through=hearing.ships.trained_through,
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
        files=hearing.recipe.files(hearing.definition.files),
    )


def _attempt(attempt: Fit | Failure) -> dict[str, object]:
    """An attempt without its folder, which is gone once it has been decided on."""
    return {name: value for name, value in asdict(attempt).items() if name != "folder"}


def _refit(shipped: Shipped | None) -> dict[str, object] | None:
    if shipped is None or shipped.certificate is None:
        return None
    digests = dict(shipped.digests)
    return {"certificate": asdict(shipped.certificate), "digests": digests}


def _rows(digest: str, count: int) -> dict[str, object]:
    return {"digest": digest, "rows": count}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
