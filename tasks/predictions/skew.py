"""The skew check: what was logged when a question was answered, against the lake as it is now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.features import cells
from tasks.features.cells import ASKED_AT
from tasks.features.known import Knowing, asked
from tasks.features.query import Days, typed
from tasks.predictions.log import PredictionLog, question_names


@dataclass(frozen=True)
class Skew:
    """How many sampled answers of a day the lake of today would give other inputs for.

    `mismatched` of `rows` differ in `asked_at` or an input, or are `gone` with their question;
    `columns` is how many rows differ in which. `rounded` rows differ, and only in digits that
    depend on the order of a sum: they are no mismatch.
    """

    day: date
    rows: int
    mismatched: int
    columns: Mapping[str, int] = field(default_factory=dict)
    gone: int = 0
    rounded: int = 0

    @property
    def share(self) -> float:
        """Of the sampled rows, those that mismatch; nan when nothing was compared."""
        return self.mismatched / self.rows if self.rows else float("nan")

    @property
    def told(self) -> str:
        """What was found, in a line, the columns that differ most often first."""
        if not self.rows:
            return f"no answer of {self.day} to compare"
        if not self.mismatched:
            return f"all {self.rows:,} answers of {self.day} have the inputs that the lake gives"
        most = sorted(self.columns.items(), key=lambda each: (-each[1], each[0]))[:5]
        named = [f"{name} {rows:,}" for name, rows in most]
        named += [f"question gone {self.gone:,}"] if self.gone else []
        return (
            f"{self.mismatched:,} of {self.rows:,} answers of {self.day} have other inputs than "
            f"the lake gives now: {', '.join(named)}"
        )


def skew(definition: Definition, lake: Lake, log: PredictionLog, day: date, rows: int) -> Skew:
    """Compare logged inputs of at most `rows` answers of `day` with those the lake gives now.

    Exactly: nulls, texts and every bit of a number, but for rounding, which is counted apart.
    What differs was delivered, corrected or withdrawn after it was answered, although by its
    `known_at` it was known before (decision 0002), or the query has changed. So the check finds
    more when the day's deliveries have all come than in the night of its scoring.

    Ids are hashes: the first in their order are a random sample, and the same at every call.
    One query answers for all of it: the feature query cuts every row at its own `asked_at`, which
    the truncation test checks, so that rows known by the latest of them are enough for each.
    """
    logged = log.read(day, day)
    if logged.empty:
        return Skew(day, 0, 0)
    if isinstance(lake, Knowing):  # it has given what was logged, and gives the same now
        return Skew(day, min(len(logged), rows), 0)
    sample = typed(definition, logged.sort_values("prediction_id", ignore_index=True).head(rows))
    names = question_names(sample[[*definition.pipeline.question.key]])
    now = _now(definition, lake, day, sample[ASKED_AT].max())
    there = names.isin(now.index).to_numpy()
    compared = [ASKED_AT, *definition.pipeline.features.columns]
    # A feature that no answer was ever given from is logged nowhere: it is null here.
    old, new = sample.reindex(columns=compared)[there], now[compared].loc[names[there].tolist()]
    same, differs = cells.same(old, new), cells.differing(old, new)
    counted = differs.sum()
    gone = int((~there).sum())
    return Skew(
        day=day,
        rows=len(sample),
        mismatched=int(differs.any(axis=1).sum()) + gone,
        columns={str(name): int(rows) for name, rows in counted.items() if rows},
        gone=gone,
        rounded=int((~same.all(axis=1) & ~differs.any(axis=1)).sum()),
    )


def _now(definition: Definition, lake: Lake, day: date, latest: pd.Timestamp) -> pd.DataFrame:
    """What is asked on the day and known by the latest question of the sample, by its name."""
    frame = asked(definition, lake, Days(day, day), latest.to_pydatetime())
    return frame.set_index(question_names(frame[[*definition.pipeline.question.key]]))
