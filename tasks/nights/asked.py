"""The questions of one night: those that fell due since the night before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Lock

import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.features.known import open_questions
from tasks.features.query import Days
from tasks.predictions.log import question_names

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Night:
    """A moment, and the lake as it was then."""

    as_of: datetime
    lake: Lake


@dataclass
class Asked:
    """When the questions of a pipeline fall due: asked, and delivered.

    A question belongs to the first night that could have answered it, so that nights may be
    scored in any order. When the questions of a day were asked is read once, when the day's
    partition is first met.
    """

    definition: Definition
    _spans: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def fell_due(self, before: Night, now: Night) -> pd.DataFrame:
        """Questions that `now` knows to be asked and `before` did not: key, `day`, `asked_at`."""
        days = self._days(before, now)
        if not days:
            return pd.DataFrame({"day": [], "asked_at": []})
        earlier, known = (self._open(night, days) for night in (before, now))
        key = list(self.definition.pipeline.question.key)
        return known[~question_names(known[key]).isin(question_names(earlier[key]))]

    def _open(self, night: Night, days: list[date]) -> pd.DataFrame:
        """What had been asked by then on these days."""
        asked = open_questions(self.definition, night.lake, Days(days[0], days[-1]), night.as_of)
        wanted = asked["day"].isin({day.isoformat() for day in days})
        return asked[wanted & (asked["asked_at"] <= night.as_of)]

    def _days(self, before: Night, now: Night) -> list[date]:
        """Days whose partition changed between the two, or that were asked about in between."""
        there, was = self._files(now), self._files(before)
        spans = self._read(there, now)
        return sorted(
            date.fromisoformat(day)
            for day, file in there.items()
            if was.get(day) != file or _meets(spans[file], before.as_of, now.as_of)
        )

    def _files(self, night: Night) -> Mapping[str, str]:
        return night.lake.table(self.definition.pipeline.question.table).states()

    def _read(
        self, there: Mapping[str, str], now: Night
    ) -> Mapping[str, tuple[datetime, datetime]]:
        """When the first and the last question of each file was asked."""
        with self._lock:
            new = sorted(day for day, file in there.items() if file not in self._spans)
            if new:
                self._spans |= self._found(new, there, now)
            return self._spans

    def _found(
        self, days: list[str], there: Mapping[str, str], now: Night
    ) -> dict[str, tuple[datetime, datetime]]:
        window = Days(date.fromisoformat(days[0]), date.fromisoformat(days[-1]))
        # A row may claim to be known a little after it arrived.
        asked = open_questions(self.definition, now.lake, window, now.as_of + _DAY)
        spans = asked.groupby("day")["asked_at"].agg(["min", "max"])
        never = datetime.max.replace(tzinfo=UTC)
        found = {day: (row["min"], row["max"]) for day, row in spans.to_dict("index").items()}
        return {there[day]: found.get(day, (never, never)) for day in days}


def _meets(span: tuple[datetime, datetime], after: datetime, until: datetime) -> bool:
    first, last = span
    return first <= until and last > after
