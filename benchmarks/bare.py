"""The bare script: the library calls of a retrain and a score, with no orchestration.

It reads the same Delta tables, runs the same feature query in DuckDB, makes the same truncation
test, fits the same candidates over the same search and folds in as many processes at once, loads
the models and asks the same questions of gate and intervals. Where a function of ours is nothing
but those calls it is used as it is. What it leaves out is what this benchmark is about: Prefect,
the ledger, MLflow, digests and manifests, budgets, the status page, events and reports.

Processes that fit come from a fork server that has imported what they need, as Ratchet's do, so
that a script's slow start is not held against it.
"""

import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import skops.io
from deltalake import write_deltalake

from benchmarks.month import Month
from benchmarks.side import Answer, serve
from tasks.data.artifact import MODEL_FILE, TRUSTED
from tasks.evaluation import contest
from tasks.evaluation.trial import Trial
from tasks.features.baselines import baselines
from tasks.features.cohort import Cohort, labelled
from tasks.features.query import Days, features, known_tables
from tasks.features.splits import training_days
from tasks.features.truncation import truncation
from tasks.models import child
from tasks.models.job import Job, Told, from_bytes, to_bytes
from tasks.records import Check, Choice, Snapshot

PRELOAD = ["benchmarks.bare", "sklearn.ensemble", "sklearn.linear_model"]


@dataclass(frozen=True)
class Champion:
    """The model that serves: a file, and the last day that it was trained on."""

    folder: Path
    through: date

    @property
    def model(self) -> Any:
        return skops.io.load(self.folder / MODEL_FILE, trusted=list(TRUSTED))


@dataclass
class Stages:
    """Seconds by what they were spent on."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the block under a name."""
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began


@dataclass
class Script:
    """What a person would write first; it remembers which model serves."""

    month: Month
    folder: Path
    champion: Champion | None = None

    def __post_init__(self) -> None:
        self.definition = self.month.definition
        self.pipeline = self.definition.pipeline

    def retrain(self, as_of: datetime) -> Answer:
        """Fit, compare, and promote or not: what was found, CPU seconds, seconds by stage."""
        stages, before = Stages(), time.process_time()
        with stages.stage("features"):
            cohort = self._cohort(as_of)
        with stages.stage("truncation test"):
            leakage = truncation(cohort)
        with stages.stage("fits"):
            training, holdout = self._split(cohort.frame)
            folder = self.folder / f"{as_of:%Y%m%d%H%M}"
            best, spent = self._fitted(training, folder)
        with stages.stage("judgement"):
            challenger = Champion(best, date.fromisoformat(training["day"].max()))
            promoted, auc = self._judged(training, holdout, challenger, leakage)
        if promoted:
            self.champion = challenger
        return {
            "candidate": best.name,
            "value": auc,
            "champion": self.champion is not None,
            "cpu_seconds": time.process_time() - before + spent,
            "stages": stages.seconds,
        }

    def score(self, since: datetime, as_of: datetime) -> Answer:
        """Answer what was asked after `since` and by `as_of`, and append it to a Delta table."""
        before = time.process_time()
        assert self.champion is not None
        window = Days(since.date(), as_of.date())
        tables = known_tables(self.month.lake, self.definition, window, as_of)
        asked = features(self.definition, tables, window)
        asked = asked[(asked["asked_at"] > since) & (asked["asked_at"] <= as_of)]
        inputs = asked[list(self.pipeline.features.columns)]
        answers = asked.assign(probability=self.champion.model.predict_proba(inputs)[:, 1])
        rows = pa.Table.from_pandas(answers, preserve_index=False)
        write_deltalake(str(self.folder / "log"), rows, mode="append", partition_by=["day"])
        return {"rows": len(answers), "cpu_seconds": time.process_time() - before}

    def _cohort(self, as_of: datetime) -> Cohort:
        days = training_days(self.definition, self.month.lake, as_of)
        window = Days(days[0], days[-1])
        tables = known_tables(self.month.lake, self.definition, window, as_of)
        frame = labelled(self.definition, tables, window)
        frame = frame[frame["day"].isin({day.isoformat() for day in days})]
        unnamed = Snapshot(self.pipeline.name, as_of, {}, days[0], days[-1], len(frame), "")
        return Cohort(self.definition, frame.reset_index(drop=True), tables, unnamed)

    def _split(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        days = sorted(frame["day"].unique())[-self.pipeline.windows.holdout_days :]
        seen = self.champion.through.isoformat() if self.champion else ""
        first = next(day for day in days if day > seen)
        return frame[frame["day"] < first], frame[frame["day"] >= first].reset_index(drop=True)

    def _fitted(self, training: pd.DataFrame, folder: Path) -> tuple[Path, float]:
        """The folder of the best candidate, all of them fitted at once; and CPU seconds."""
        folder.mkdir(parents=True)
        jobs = list(self._jobs(training.reset_index(drop=True), folder))
        forks = multiprocessing.get_context("forkserver")
        # A session of its own, as Ratchet gives a fit: on a loaded machine Linux shares by session.
        with ProcessPoolExecutor(len(jobs), forks, initializer=os.setsid) as pool:
            results = list(pool.map(_fit, jobs))
        scores = [fmean(told.folds) for told, _ in results]
        return jobs[int(np.argmax(scores))].folder, sum(spent for _, spent in results)

    def _jobs(self, training: pd.DataFrame, folder: Path) -> Iterator[Job]:
        label = self.pipeline.label.name
        rows = folder / "training.feather"
        training[["day", *self.pipeline.features.columns, label]].to_feather(rows)
        for name, candidate in self.pipeline.candidates.items():
            yield Job(
                name=name,
                candidate=candidate,
                features=self.pipeline.features,
                metric=self.pipeline.metric,
                windows=self.pipeline.windows,
                frame_path=rows,
                label=label,
                folder=folder / name,
            )

    def _judged(
        self, training: pd.DataFrame, holdout: pd.DataFrame, challenger: Champion, leakage: Check
    ) -> tuple[bool, float]:
        """Whether the challenger may serve, and its AUC on rows that nobody has seen."""
        inputs = holdout[list(self.pipeline.features.columns)]
        label, champion = self.pipeline.label.name, self.champion
        trial = Trial(
            y=holdout[label].to_numpy().astype(bool),
            days=np.array([date.fromisoformat(day).toordinal() for day in holdout["day"]]),
            challenger=challenger.model.predict_proba(inputs)[:, 1],
            challenger_through=challenger.through.toordinal(),
            champion=champion.model.predict_proba(inputs)[:, 1] if champion else None,
            champion_version=1 if champion else None,
            champion_through=champion.through.toordinal() if champion else None,
            baselines=baselines(self.definition, holdout, float(training[label].mean())),
            slices={name: holdout[name].to_numpy() for name in self.pipeline.gate.slices},
            inputs=holdout[list(self.pipeline.features.answered)],
        )
        verdict = contest.judge(self.definition, trial, [leakage])
        measured = contest.measured(self.definition, trial)
        return verdict.choice is Choice.PROMOTE, measured["challenger"]["roc_auc"].value


def _fit(job: Job) -> tuple[Told, float]:
    """What happens in a process of its own; its CPU seconds."""
    before = time.process_time()
    told = from_bytes(Told, child.fit(to_bytes(job)))
    assert not told.kind, told
    return told, time.process_time() - before


def main(root: Path) -> None:
    """Answer until nobody can ask any more."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOAD)
    month = Month(root)
    serve(Script(month, month.root / "bare"))
