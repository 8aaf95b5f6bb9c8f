"""Which rows a person may pin: of complete days, unknown to the champion, and enough of them."""

from datetime import date, datetime

import numpy as np
import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import NotEnoughData, Terminal
from tasks.features.cohort import Cohort, complete_days
from tasks.features.golden import Goldens
from tasks.records import ModelVersion

_SEED = 7


def pinnable(
    definition: Definition, lake: Lake, wish: tuple[date, date], as_of: datetime
) -> list[date]:
    """The days from the first to the last that are wished for, all of them complete as of then.

    Raises `NotEnoughData` naming those that are not, `Terminal` when the first is after the last.
    """
    first, last = wish
    if first > last:
        raise Terminal(f"the first day, {first}, comes after the last, {last}")
    complete = complete_days(definition, lake, as_of)
    asked = map(date.fromisoformat, lake.table(definition.pipeline.question.table).partitions())
    days = [day for day in complete if first <= day <= last]
    open_ = [day for day in asked if first <= day <= last and day not in days]
    latest = complete[-1] if complete else None
    if open_ or not days or latest is None or last > latest:
        raise NotEnoughData(
            f"{definition.pipeline.name}: not every day of {first} to {last} is complete "
            f"as of {as_of:%Y-%m-%d %H:%M} ({len(days)} are, {len(open_)} wait for labels); the "
            f"latest complete day is {latest or 'yet to come'}. Labels that arrive later would "
            "never be seen: pin earlier days, or wait"
        )
    return days


def chosen(
    cohort: Cohort, before: Goldens, champion: ModelVersion | None, rows: int | None
) -> pd.DataFrame:
    """The rows to pin, as many as are wished for, in the order of the cohort.

    Raises `Terminal` when the champion was trained on some of them: it would look better there
    than it is, and no challenger could win. Rows that were pinned before were left out of its
    training. Raises `NotEnoughData` when the gate could never judge on what is left.
    """
    pipeline = cohort.definition.pipeline
    frame = stratified(cohort.frame, pipeline.label.name, rows)
    through = champion.trained_through if champion else date.min
    known = int(((frame["day"] <= through.isoformat()) & ~before.holds(frame)).sum())
    if champion and known:
        raise Terminal(
            f"{pipeline.name}: champion v{champion.number} was trained on days through {through}, "
            f"and {known:,} of the {len(frame):,} rows are of these: it would be judged on what "
            "it has learnt by heart. Pin later days (earlier ones only before the first champion)"
        )
    gate, positives = pipeline.gate, int(frame[pipeline.label.name].sum())
    fewer = min(positives, len(frame) - positives)
    if len(frame) < gate.min_rows or fewer < gate.min_per_class:
        raise NotEnoughData(
            f"{pipeline.name}: {len(frame):,} rows, {positives:,} of them positive; the gate asks "
            f"for {gate.min_rows:,} rows and {gate.min_per_class:,} of each class "
            "(gate.min_rows, gate.min_per_class). Pin more days or more rows"
        )
    return frame


def stratified(frame: pd.DataFrame, label: str, rows: int | None) -> pd.DataFrame:
    """`rows` of the frame, or all, with each day's share of each label kept within a row.

    Systematic sampling over shuffled rows in the order of day and label (Cochran, Sampling
    Techniques, 1977, chapter 8); the same frame gives the same sample.
    """
    if rows is None or rows >= len(frame):
        return frame
    shuffled = frame.sample(frac=1, random_state=_SEED).sort_values(["day", label], kind="stable")
    places = np.floor((np.arange(rows) + 0.5) * len(frame) / rows).astype(np.int64)
    return shuffled.iloc[places].sort_index().reset_index(drop=True)
