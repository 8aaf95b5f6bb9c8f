"""Labelled questions of complete days: the rows that a model may be trained and judged on."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import NotEnoughData
from tasks.features.golden import Goldens, GoldenSet
from tasks.features.known import Knowing
from tasks.features.query import Days, Tables, features, known_tables, labels, span
from tasks.records import Snapshot

_log = logging.getLogger("ratchet.build")


@dataclass(frozen=True)
class Cohort:
    """Features and labels of complete days, and the snapshot that names them.

    `frame`: key, `day` (ISO date), `asked_at`, event time, the model inputs, the context and
    the label, in order of event time and key. `tables` are the rows that it was made from.
    `left_out` counts the rows of these days that are not in the frame, because a person pinned
    them; `golden` is what whoever is fitted on the frame is judged on as well.
    """

    definition: Definition
    frame: pd.DataFrame
    tables: Tables
    snapshot: Snapshot
    left_out: int = 0
    golden: GoldenSet | None = None


def complete_days(definition: Definition, lake: Lake, as_of: datetime) -> list[date]:
    """Days whose questions and labels have all had time to arrive, and whose files did.

    A day is complete when `label.complete_after_days` have passed since its end in the
    pipeline's time zone, and none of the label table's partitions of those days is missing.
    """
    pipeline = definition.pipeline
    asked = set(lake.table(pipeline.question.table).partitions())
    answered = set(lake.table(pipeline.label.table).partitions())
    wait = pipeline.label.complete_after_days
    today = as_of.astimezone(pipeline.schedule.zone).date()
    partitioned = pipeline.tables[pipeline.label.table].partition is not None

    def is_complete(day: date) -> bool:
        due = (day + timedelta(days=n) for n in range(wait + 1))
        arrived = not partitioned or all(each.isoformat() in answered for each in due)
        return arrived and day + timedelta(days=wait + 1) <= today

    return [day for day in sorted(map(date.fromisoformat, asked)) if is_complete(day)]


def cohort(
    definition: Definition,
    lake: Lake,
    days: list[date],
    as_of: datetime,
    golden: Goldens | None = None,
) -> Cohort:
    """Features and labels of `days`, from rows known by `as_of`, without any that is pinned.

    `lake.at(snapshot.versions)` builds what a snapshot names again, whatever was delivered since.
    Raises `NotEnoughData` when there is no day, or no label on any of them.
    """
    if not days:
        raise NotEnoughData(
            f"{definition.pipeline.name}: 0 complete days as of {as_of:%Y-%m-%d %H:%M}; "
            "ingest deliveries of questions and labels first"
        )
    window = Days(days[0], days[-1])
    tables = known_tables(lake, definition, window, as_of)
    if isinstance(lake, Knowing):
        told = lake.turned_out(definition, span(definition, window), as_of)
        frame = _beside(definition, lake.asked(definition, window, as_of), told)
    else:
        frame = labelled(definition, tables, window)
    frame = frame[frame["day"].isin({day.isoformat() for day in days})]
    out = golden.holds(frame) if golden else np.zeros(len(frame), dtype=bool)
    left_out = int(out.sum())
    frame = frame[~out].reset_index(drop=True)
    if left_out:
        _log.info("%d pinned rows are left out, %d rows remain", left_out, len(frame))
    if frame.empty:
        raise NotEnoughData(
            f"{definition.pipeline.name}: 0 labelled rows on {len(days)} complete days "
            f"({days[0]} to {days[-1]}) beside {left_out} that are pinned; look at what was "
            f"ingested into {definition.pipeline.label.table}"
        )
    snapshot = _snapshot(definition, lake, frame, as_of)
    return Cohort(definition, frame, tables, snapshot, left_out, golden.latest if golden else None)


def labelled(definition: Definition, tables: Tables, window: Days) -> pd.DataFrame:
    """Features of every question of the window whose label is in `tables`."""
    return _beside(definition, features(definition, tables, window), labels(definition, tables))


def _beside(definition: Definition, asked: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    key = list(definition.pipeline.question.key)
    return asked.merge(told, on=key, how="inner", validate="1:1")


def ordinals(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """The day of each row (n,) as its proleptic ordinal."""
    return np.array([date.fromisoformat(day).toordinal() for day in frame["day"]], dtype=np.int64)


def digest(frame: pd.DataFrame) -> str:
    """Content digest of a frame's rows: same digest, same rows, whatever their order."""
    rows = pd.util.hash_pandas_object(frame, index=False).sort_values().to_numpy()
    names = ",".join(f"{name}:{kind}" for name, kind in frame.dtypes.items())
    return hashlib.sha256(names.encode() + rows.tobytes()).hexdigest()


def _snapshot(definition: Definition, lake: Lake, frame: pd.DataFrame, as_of: datetime) -> Snapshot:
    versions = {name: lake.table(name).version() for name in definition.pipeline.tables}
    return Snapshot(
        pipeline=definition.pipeline.name,
        as_of=as_of,
        versions={name: version for name, version in versions.items() if version is not None},
        first_day=date.fromisoformat(frame["day"].min()),
        last_day=date.fromisoformat(frame["day"].max()),
        rows=len(frame),
        digest=digest(frame),
    )
