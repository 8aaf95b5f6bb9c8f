"""Real streams in time order: a model of the first fifth answers the rest, block by block.

A block stands for a day. The labels come late on purpose: negatives after 6 hours on average,
positives after 24 (exponential, at most 96), so that what has come is no fair sample.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from benchmarks.guesses import (
    DIRECT,
    ESTIMATED,
    FROZEN,
    LATEST,
    METRICS,
    NAIVE,
    SO_FAR,
    WEIGHTED,
    Floats,
    Guess,
    Task,
    known,
)
from tasks.drift.clocks.cbpe import Answers, cbpe
from tasks.drift.clocks.density import density_ratio
from tasks.drift.clocks.dle import Inputs, dle
from tasks.drift.clocks.pape import pape
from tasks.drift.clocks.so_far import Waiting, so_far
from tasks.evaluation.intervals import Resampling, Sample
from tasks.evaluation.metrics import measure
from tasks.records import Interval

FOLDER = Path(__file__).parents[2] / "shared" / "streams"
WINDOW, REFERENCE = 7, 28  # blocks
TRAINED = 0.2
PLAN = Resampling(resamples=2000, confidence=0.95, seed=0)
ABSOLUTE = "absolute error"
_WAITS, _LONGEST = (6.0, 24.0), 96.0  # hours, of negatives and positives


@dataclass(frozen=True)
class Stream:
    """One file, and how many of its rows make a block."""

    name: str
    rows: int
    binary: bool = True


STREAMS = (
    Stream("elec2", 48),
    Stream("noaa_weather", 32),
    Stream("bike_hourly", 24, binary=False),
)


@dataclass(frozen=True)
class Answered:
    """A stream's later rows with `said`, the model's answer, and the number of their block."""

    stream: Stream
    file: Path

    @cached_property
    def frame(self) -> pd.DataFrame:
        whole = pd.read_parquet(self.file)
        inputs = self._inputs(whole)
        first = int(TRAINED * len(whole))
        learned, left = whole.iloc[:first], whole.iloc[first:].reset_index(drop=True)
        kind = (
            HistGradientBoostingClassifier if self.stream.binary else HistGradientBoostingRegressor
        )
        model = kind(early_stopping=False, random_state=0).fit(learned[inputs], learned["target"])
        said = (
            model.predict_proba(left[inputs])[:, 1]
            if self.stream.binary
            else model.predict(left[inputs])
        )
        place = np.arange(len(left))
        return left.assign(
            said=said,
            day=place // self.stream.rows,
            asked=24.0 * place / self.stream.rows,
            delay=_delays(left["target"].to_numpy()),
        )

    @property
    def inputs(self) -> list[str]:
        return self._inputs(pd.read_parquet(self.file).head(1))

    def part(self, first: int, blocks: int) -> pd.DataFrame:
        """The rows of so many blocks from one on."""
        return self.frame[self.frame["day"].between(first, first + blocks - 1)]

    @property
    def windows(self) -> range:
        """The first block of each window: one after the other, none of the first reference."""
        whole = len(self.frame) // self.stream.rows
        return range(REFERENCE, whole - WINDOW + 1, WINDOW)

    def _inputs(self, frame: pd.DataFrame) -> list[str]:
        return [str(name) for name in frame if name not in ("event_time", "target")]


def found(folder: Path = FOLDER) -> list[Answered]:
    """The streams whose files are there."""
    files = [(stream, folder / f"{stream.name}.parquet") for stream in STREAMS]
    return [Answered(stream, file) for stream, file in files if file.exists()]


def guesses(answered: Answered) -> Iterator[Guess]:
    """What every method says of each window before its labels are there."""
    says = _of_labels if answered.stream.binary else _of_numbers
    for first in answered.windows:
        yield from says(answered, first)


def tasks(answered: Answered) -> Iterator[Task]:
    """The same windows for another program: with the first reference, and with the latest."""
    for first in answered.windows if answered.stream.binary else ():
        current = answered.part(first, WINDOW)
        truth = measure("roc_auc", current["target"], current["said"])
        for method, begins in (("first reference", 0), ("latest reference", first - REFERENCE)):
            reference = answered.part(begins, REFERENCE)
            y, p = reference["target"].to_numpy(float), reference["said"].to_numpy()
            yield Task(answered.stream.name, method, y, p, current["said"].to_numpy(), truth)


def _of_labels(answered: Answered, first: int) -> Iterator[Guess]:
    current, begun = answered.part(first, WINDOW), answered.part(0, REFERENCE)
    latest = answered.part(first - REFERENCE, REFERENCE)
    density = density_ratio(latest, current, answered.inputs, [])
    reference = Sample(latest["target"], latest["said"], latest["day"])
    answers, horizon = Answers(current["said"].to_numpy(), WINDOW), 24.0 * (first + WINDOW)
    come = current[current["asked"] + current["delay"] <= horizon]
    for metric in METRICS:
        truth = measure(metric, current["target"], current["said"])
        waited = so_far(_waiting(latest), _waiting(current), horizon, metric, PLAN)
        said = {
            FROZEN: known(*_told(begun), metric),
            LATEST: known(*_told(latest), metric),
            ESTIMATED: cbpe(reference, answers, metric, PLAN).measured,
            WEIGHTED: pape(reference, answers, metric, PLAN, density).measured,
            NAIVE: known(*_told(come), metric),
            SO_FAR: waited.measured,
        }
        for method, interval in said.items():
            yield Guess(answered.stream.name, method, metric, interval, truth)


def _of_numbers(answered: Answered, first: int) -> Iterator[Guess]:
    current, begun = answered.part(first, WINDOW), answered.part(0, REFERENCE)
    latest = answered.part(first - REFERENCE, REFERENCE)
    inputs = Inputs((*answered.inputs, "said"))
    said = {
        FROZEN: Interval(float(_missed(begun).mean()), math.nan, math.nan),
        LATEST: Interval(float(_missed(latest).mean()), math.nan, math.nan),
        DIRECT: dle(latest, _missed(latest), current, inputs, PLAN),
    }
    truth = float(_missed(current).mean())
    for method, interval in said.items():
        yield Guess(answered.stream.name, method, ABSOLUTE, interval, truth)


def _missed(rows: pd.DataFrame) -> Floats:
    return np.asarray(np.abs(rows["target"].to_numpy(float) - rows["said"].to_numpy()))


def _told(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    return rows["target"].to_numpy(float), rows["said"].to_numpy()


def _waiting(rows: pd.DataFrame) -> Waiting:
    y, p = _told(rows)
    days = rows["day"].to_numpy(np.int64)
    return Waiting(p, y, days, rows["asked"].to_numpy(), rows["delay"].to_numpy())


def _delays(labels: Floats) -> Floats:
    means = np.where(labels > 0, _WAITS[1], _WAITS[0])
    return np.asarray(np.minimum(np.random.default_rng(0).exponential(means), _LONGEST))
