"""A retrain without a gate: what a reference ships."""

from dataclasses import asdict, replace
from datetime import date, datetime
from math import nan
from pathlib import Path

import pandas as pd

from tasks.backtest.attempt import pinned
from tasks.errors import Terminal
from tasks.features.cohort import complete_days
from tasks.features.known import asked, turned_out
from tasks.features.query import Days, span
from tasks.ledger.decisions import Entry
from tasks.models.again import again
from tasks.models.job import Job
from tasks.models.selection import FRAME
from tasks.records import Decision, Failure, Fit, Interval, Kind
from tasks.registry.submission import Submission
from tasks.stores import Stores

_UNJUDGED = Interval(nan, nan, nan)


def shipped(stores: Stores, as_of: datetime) -> Decision:
    """Fit the first champion's candidate, with its parameters, on all complete days; it serves."""
    key = f"ungated {as_of.isoformat()}"
    known = stores.ledger.decision(stores.name, key)
    if known is not None:
        return known
    rows = _rows(stores, as_of)
    fit = _fitted(stores, rows, stores.workshop(as_of.strftime("%Y-%m-%d")))
    version = stores.registry.register(_submission(stores, key, fit, rows))
    stores.ledger.keep_version(version, _UNJUDGED)
    decision = stores.ledger.decide(
        Entry(
            pipeline=stores.name,
            kind=Kind.PROMOTED,
            as_of=as_of,
            key=key,
            version=version.number,
            champion=version.number,
            reason="without a gate",
            evidence={
                "candidate": fit.candidate,
                "trained_through": version.trained_through.isoformat(),
                "attempts": [asdict(replace(fit, folder=""))],
            },
            generation=stores.ledger.generation(stores.name),
            recorded_at=as_of,
        )
    )
    stores.sweep(as_of.strftime("%Y-%m-%d"))
    stores.repair_alias()
    return decision


def _rows(stores: Stores, as_of: datetime) -> pd.DataFrame:
    definition = stores.definition
    days = complete_days(definition, stores.lake, as_of)
    most = definition.pipeline.windows.max_train_days
    kept = {day.isoformat() for day in (days if most is None else days[-most:])}
    window = Days(date.fromisoformat(min(kept)), date.fromisoformat(max(kept)))
    rows = asked(definition, stores.lake, window, as_of)
    told = turned_out(definition, stores.lake, span(definition, window), as_of)
    rows = rows[rows["day"].isin(kept)].merge(told, on=list(definition.pipeline.question.key))
    return rows[~pinned(stores, as_of).holds(rows)].reset_index(drop=True)


def _fitted(stores: Stores, rows: pd.DataFrame, folder: Path) -> Fit:
    pipeline = stores.definition.pipeline
    first = stores.ledger.decisions(stores.name)[0]
    candidate = str(first.evidence["candidate"])
    folder.mkdir(parents=True, exist_ok=True)
    rows[["day", *pipeline.features.columns, pipeline.label.name]].to_feather(folder / FRAME)
    job = Job(
        name=candidate,
        candidate=pipeline.candidates[candidate],
        features=pipeline.features,
        metric=pipeline.metric,
        windows=pipeline.windows,
        frame_path=folder / FRAME,
        label=pipeline.label.name,
        folder=folder / candidate,
    )
    told = again(job, _params(first), job.folder)
    if isinstance(told, Failure):
        raise Terminal(f"{candidate} {told.kind}: {told.reason}")
    return told


def _params(first: Decision) -> dict[str, bool | int | float | str | None]:
    """Those that the first champion was fitted with."""
    attempts = first.evidence["attempts"]
    assert isinstance(attempts, list)
    found = (each for each in attempts if each["candidate"] == first.evidence["candidate"])
    return dict(next(found)["params"])


def _submission(stores: Stores, key: str, fit: Fit, rows: pd.DataFrame) -> Submission:
    return Submission(
        pipeline=stores.name,
        key=key,
        folder=Path(fit.folder),
        candidate=fit.candidate,
        trained_through=date.fromisoformat(rows["day"].max()),
        input_example=rows[list(stores.definition.pipeline.features.columns)].head(5),
        params=fit.params,
        metrics={},
        tags={},
        evidence={},
    )
