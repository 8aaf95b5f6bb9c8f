"""The life of one arm in a folder: begun, gone on with after a kill, and read back at its end."""

import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import pandas as pd

from tasks.backtest.arms import Arm, Lived, Period
from tasks.backtest.home import Home
from tasks.backtest.night import night
from tasks.backtest.shared import Shared
from tasks.drift.performance import labelled
from tasks.records import Decision

_PROGRESS, _ANSWERS = "progress.json", "answers.parquet"
_log = logging.getLogger("ratchet.backtest")


@dataclass
class Life:
    """An arm in its folder: the last night that was lived to its end, and what ended it early."""

    arm: Arm
    folder: Path
    open: Callable[[], Home]
    last: date = date.min
    seconds: float = 0.0
    error: str = ""
    is_new: bool = True

    def __post_init__(self) -> None:
        known = self.folder / _PROGRESS
        if known.exists():
            told = json.loads(known.read_text())
            self.last, self.seconds = date.fromisoformat(told["last"]), told["seconds"]

    @cached_property
    def home(self) -> Home:
        """Its stores, opened when it has begun."""
        return self.open()

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be lived."""
        return bool(self.error) or (self.folder / _ANSWERS).exists()

    @property
    def has_champion(self) -> bool:
        return self.home.ledger.champion(self.home.name) is not None

    def begin(self, opening: "Life") -> None:
        """Go on from where another life is, unless this one has begun."""
        if self.folder.exists():
            return
        part = self.folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(opening.folder, part)
        part.rename(self.folder)
        self.last = opening.last
        self._note()

    def live(self, tonight: date, shared: Shared) -> None:
        """One night, if it has not been lived; what goes wrong ends this life and no other."""
        if self.is_over or tonight <= self.last:
            return
        began = time.monotonic()
        as_of = self._as_of(tonight)
        stores = replace(self.home, lake=shared.lake(as_of))
        try:
            if self.is_new:
                stores.unfinished(as_of)  # settles what was decided and not settled before a kill
            night(stores, self.arm, shared, as_of)
        except Exception as error:
            self.error = f"night of {tonight}: {type(error).__name__}: {error}"
            _log.warning("%s ended: %s", self.arm.name, self.error, exc_info=True)
            return
        self.is_new = False
        self.last, self.seconds = tonight, self.seconds + time.monotonic() - began
        self._note()

    def told(self, period: Period, shared: Shared) -> Lived:
        """What came of it, and the folder without what nobody needs any more."""
        decisions = self.home.ledger.decisions(self.home.name)
        first = next((n for n, each in enumerate(decisions) if each.champion is not None), 0)
        since = decisions[first:]
        return Lived(
            arm=self.arm,
            answers=self._answers(period, shared),
            decisions=tuple(decisions),
            retrains=sum(each.judged for each in since[1:]),
            promotions=sum(one.champion != other.champion for one, other in pairwise(since)),
            fits_seconds=sum(map(_fits_seconds, since[1:])),
            seconds=self.seconds,
            error=self.error,
            folder=self.folder,
        )

    def _answers(self, period: Period, shared: Shared) -> pd.DataFrame:
        """Kept once the life is over, and read back then."""
        kept = self.folder / _ANSWERS
        if kept.exists():
            return pd.read_parquet(kept)
        found = self._answered(period, shared)
        if not self.error:
            part = kept.with_suffix(".part")
            found.to_parquet(part, index=False)
            part.replace(kept)
            self._tidy()
        return found

    def _answered(self, period: Period, shared: Shared) -> pd.DataFrame:
        pipeline, end = self.home.definition.pipeline, self._as_of(period.last)
        question = pipeline.question
        rows = self.home.log.read(date.min, date.max)
        columns = [*question.key, "day", "asked_at", "version", "probability", pipeline.label.name]
        if rows.empty:  # it ended before its first answer
            return pd.DataFrame(columns=[*columns[:-1], "label"])
        known = labelled(self.home.definition, shared.lake(end), rows, end)
        known = known.sort_values([question.event_time, *question.key], ignore_index=True)
        return known[columns].rename(columns={pipeline.label.name: "label"})

    def _tidy(self) -> None:
        """Leave what is read back: decisions, answers, models; what was asked, of a reference."""
        kept = ("registry",) if self.arm.gated else ("registry", "log")
        for path in self.folder.iterdir():
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path)

    def _as_of(self, tonight: date) -> datetime:
        return self.home.definition.pipeline.schedule.night_of(tonight)

    def _note(self) -> None:
        part = self.folder / f"{_PROGRESS}.part"
        part.write_text(json.dumps({"last": self.last.isoformat(), "seconds": self.seconds}))
        part.replace(self.folder / _PROGRESS)


def _fits_seconds(decision: Decision) -> float:
    attempts = decision.evidence.get("attempts")
    listed = attempts if isinstance(attempts, list) else []
    return sum(float(each["cpu_seconds"]) for each in listed)
