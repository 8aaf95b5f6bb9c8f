"""Streams of real rows as pipelines: a definition, and a lake in which every block is a day.

The rows keep their order. What was a block of so many rows is a day of its own, with its questions
from four in the morning on and its answers half an hour before midnight: on the night after, all
of it is known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import yaml

from config.settings import Settings
from tasks.stores import Stores, open_stores

FOLDER = Path(__file__).parents[2] / "shared" / "streams"
OPENING = date(2001, 1, 1)
HISTORY = 0.2
"""Share of the days that there are before the first night."""

_ASKED, _ANSWERED = time(4, 0), time(23, 30)
_SPREAD = timedelta(hours=18)
_COUNTED = "expect_table_row_count_to_be_between: {min_value: 1}"


@dataclass(frozen=True)
class Stream:
    """One file: how many of its rows make a day, and what is asked about its target."""

    name: str
    rows: int
    label: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.bool_]]

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}.parquet"


def _up(target: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return target > 0


def _busy(target: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """More than in half of the hours of the history."""
    return target > float(np.median(target[: int(HISTORY * len(target))]))


STREAMS = (
    Stream("elec2", 48, _up),
    Stream("noaa_weather", 32, _up),
    Stream("bike_hourly", 24, _busy),
)


@dataclass(frozen=True)
class Opened:
    """A stream's pipeline, and the nights that it can be lived on."""

    stores: Stores
    first: date
    last: date
    rows: pd.DataFrame
    """All of them with their `day`."""


def opened(stream: Stream, home: Path, most: int | None = None) -> Opened:
    """Define the pipeline and fill its lake below `home`, with at most so many days."""
    settings = Settings.from_environment(
        {"RATCHET_HOME": str(home), "RATCHET_PIPELINES": str(home / "pipelines")}
    )
    frame = pd.read_parquet(stream.file)
    days = min(len(frame) // stream.rows, most or len(frame))
    rows = _rows(stream, frame).head(days * stream.rows)
    _define(settings.pipelines / stream.name, stream, _inputs(frame))
    stores = open_stores(stream.name, settings)
    for name, columns in (("asked", ["asked_at", *_inputs(frame)]), ("answers", ["target"])):
        _fill(stores, name, rows, columns)
    first = OPENING + timedelta(days=int(HISTORY * days))
    return Opened(stores, first, OPENING + timedelta(days=days - 1), rows)


def _rows(stream: Stream, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with a number, their day, when they were asked, and what turned out."""
    number = np.arange(len(frame))
    day, place = np.divmod(number, stream.rows)
    opening = datetime.combine(OPENING, _ASKED, UTC)
    since = pd.to_timedelta(day, unit="D") + pd.to_timedelta(place * _SPREAD / stream.rows)
    inputs = frame[_inputs(frame)].astype("float64")
    return inputs.assign(
        number=number.astype(np.int64),
        day=[OPENING + timedelta(days=int(n)) for n in day],
        asked_at=pd.DatetimeIndex(opening + since),
        target=stream.label(frame["target"].to_numpy(np.float64)),
    )


def _fill(stores: Stores, name: str, rows: pd.DataFrame, columns: list[str]) -> None:
    """One partition a day; answers are known at its end, questions when they are asked."""
    table = stores.lake.table(name)
    for day, part in rows.groupby("day"):
        assert isinstance(day, date)
        late = datetime.combine(day, _ANSWERED, UTC)
        known = part["asked_at"] if "asked_at" in columns else late
        told = part[["number", "day", *columns]].assign(known_at=known)
        arrow = pa.Table.from_pandas(told, preserve_index=False)
        moments = [n for n in ("asked_at", "known_at") if n in arrow.column_names]
        schema = arrow.schema.remove_metadata()
        for moment in moments:
            place = schema.get_field_index(moment)
            schema = schema.set(place, pa.field(moment, pa.timestamp("us", "UTC")))
        table.replace_partition(day.isoformat(), arrow.cast(schema), f"{name} of {day}")


def _inputs(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame if name not in ("event_time", "target")]


def _define(folder: Path, stream: Stream, inputs: list[str]) -> None:
    folder.mkdir(parents=True)
    (folder / "pipeline.yaml").write_text(
        yaml.safe_dump(_pipeline(stream, inputs), sort_keys=False)
    )
    (folder / "features.sql").write_text(f"SELECT number, {', '.join(inputs)} FROM questions\n")
    (folder / "expectations.yaml").write_text(
        "".join(f"{name}:\n  batch:\n    - {_COUNTED}\n" for name in ("asked", "answers"))
    )


def _pipeline(stream: Stream, inputs: list[str]) -> Mapping[str, object]:
    """One policy for all streams: short windows and little proof, as days are this short.

    Labels are there by the next night, so that a model of four days ago can be judged. The gate
    compares by rank: a few days of log loss do not even tell a good model from none.
    """
    shared = {"number": "integer", "day": "date", "known_at": "timestamp"}
    asked = {**shared, "asked_at": "timestamp", **dict.fromkeys(inputs, "float?")}
    return {
        "name": stream.name,
        "title": f"The stream {stream.name}",
        "schedule": {"at": "03:00", "timezone": "UTC"},
        "tables": {
            "asked": _table("asked", asked),
            "answers": _table("answers", {**shared, "target": "boolean"}),
        },
        "question": {
            "table": "asked",
            "key": ["number"],
            "event_time": "asked_at",
            "asked_at": "asked_at",
        },
        "label": {
            "name": "label",
            "table": "answers",
            "expression": "target",
            "complete_after_days": 0,
        },
        "features": {"lookback_days": 1, "numeric": inputs},
        "candidates": {
            "boosting": {
                "estimator": "sklearn.ensemble.HistGradientBoostingClassifier",
                "encoding": "ordinal",
                "params": {"max_iter": 60, "early_stopping": False, "max_features": 0.5},
                "budget": {"trials": 1},
            }
        },
        "metric": "roc_auc",
        "windows": {"holdout_days": 4, "half_life_days": 75, "refit": True},
        "gate": {
            "mode": "refresh",
            "metric": "roc_auc",
            "margin": 0.02,
            "confidence": 0.8,
            "max_calibration_error": 0.5,
            "resamples": 500,
            "min_rows": 60,
            "min_per_class": 10,
            "min_days": 2,
        },
        "watch": {"window_days": 7, "min_labels": 100, "max_drop": 0.03},
        "retrain": {"max_age_days": 4, "cool_down_days": 3, "budget": 9, "budget_days": 28},
    }


def _table(name: str, columns: Mapping[str, str]) -> Mapping[str, object]:
    return {
        "deliveries": f"{name}/*.csv",
        "partition": "day",
        "key": ["number"],
        "columns": dict(columns),
    }
