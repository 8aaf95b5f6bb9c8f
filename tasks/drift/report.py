"""Evidently's picture of what the champion was trained on beside what it meets now."""

import html
import math
import warnings
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from config.schema import Features
from config.watch import Watch
from tasks.data.artifact import REFERENCE
from tasks.errors import NotEnoughData
from tasks.features.choice import stratified
from tasks.records import Performance

with warnings.catch_warnings():
    # evidently 0.7.23 still reads numpy.core at import
    warnings.simplefilter("ignore", DeprecationWarning)
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset


MISSING = "(missing)"
"""The category of rows without one: the share of missing values may drift too."""

_MOMENT = "%Y-%m-%d_%H%M"
_NOTHING = "<!doctype html><title>Drift</title><p>None of {} features could be compared.</p>"


@dataclass(frozen=True)
class Drift:
    """Evidently's verdict: distance by column, which crossed its threshold, and the page."""

    distances: dict[str, float]
    drifted: tuple[str, ...]
    undefined: tuple[str, ...]
    rows: int
    page: str


@dataclass(frozen=True)
class Reporter:
    """Writes a report to `folder` when one is due; the page's name is the moment it speaks of."""

    features: Features
    watch: Watch
    folder: Path

    def when_due(
        self, champion: Path | None, met: pd.DataFrame, performance: Performance
    ) -> Drift | None:
        """The report for this moment, None when none is due or there is nothing to compare.

        `champion` is the folder of the champion's model with a sample of its training rows,
        `met` the rows answered lately, with their `day` and `version`. Due: none for
        `watch.report_every_days`, or a drop. At most `watch.report_rows` of each are compared,
        however many there are.
        """
        page = self.folder / f"{performance.as_of:{_MOMENT}}.html"
        if champion is None or met.empty or page.exists() or not self._due(performance):
            return None
        reference = pd.read_parquet(champion / REFERENCE)
        rows = self.watch.report_rows
        if len(reference) > rows:  # kept when more were asked for
            reference = reference.sample(rows, random_state=0)
        return report(reference, sampled(met, rows), self.features, page)

    def _due(self, performance: Performance) -> bool:
        pages = [path.stem for path in self.folder.glob("*.html")]
        newest = (performance.as_of - timedelta(days=self.watch.report_every_days)).strftime(
            _MOMENT
        )
        return performance.dropped or not any(newest < page for page in pages)


def sampled(met: pd.DataFrame, rows: int) -> pd.DataFrame:
    """At most `rows` of what was met, each day and version keeping its share within a row.

    The same rows whenever it is drawn from the same frame. Days share their weather: a plain
    sample has a day more or less in it by chance, which looks like drift.
    """
    strata = met[["day", "version"]].assign(place=np.arange(len(met)))
    return met.iloc[stratified(strata, "version", rows)["place"].to_numpy()]


def report(reference: pd.DataFrame, current: pd.DataFrame, features: Features, page: Path) -> Drift:
    """Compare two samples of feature rows, write the page, and return the verdict.

    Columns without a value in one of the samples, or whose distance is no number, cannot be
    compared: they are named in `undefined`, which is never "no drift". Raises `NotEnoughData` on
    an empty sample.
    """
    if reference.empty or current.empty:
        raise NotEnoughData(
            f"drift report: {len(reference)} reference and {len(current)} current rows; "
            "both must have some"
        )
    named = [name for name in features.columns if name in reference and name in current]
    old, new = _finite(reference[named]), _finite(current[named])
    usable = [name for name in named if old[name].notna().any() and new[name].notna().any()]
    page.parent.mkdir(parents=True, exist_ok=True)
    found = _compared(old[usable], new[usable], features, page) if usable else []
    if not usable:
        page.write_text(_NOTHING.format(len(features.columns)), encoding="utf-8")
    values = {html.unescape(each["config"]["column"]): float(each["value"]) for each in found}
    crossed = [_crossed(each["config"], float(each["value"])) for each in found]
    distances = {name: value for name, value in values.items() if math.isfinite(value)}
    return Drift(
        distances=distances,
        drifted=tuple(name for name, over in zip(values, crossed, strict=True) if over),
        undefined=tuple(name for name in features.columns if name not in distances),
        rows=len(current),
        page=str(page),
    )


def _compared(
    old: pd.DataFrame, new: pd.DataFrame, features: Features, page: Path
) -> list[dict[str, Any]]:
    """Evidently's result for every column; its page is written."""
    definition = DataDefinition(
        numerical_columns=[html.escape(name) for name in old if name in features.numeric],
        categorical_columns=[html.escape(name) for name in old if name in features.categorical],
    )
    with warnings.catch_warnings():
        # Constant columns and single rows divide by zero; what comes of it is nan.
        warnings.simplefilter("ignore", RuntimeWarning)
        result = Report([DataDriftPreset()]).run(
            Dataset.from_pandas(_escaped(new, features), data_definition=definition),
            Dataset.from_pandas(_escaped(old, features), data_definition=definition),
        )
        result.save_html(str(page))
    return [metric for metric in result.dict()["metrics"] if "column" in metric["config"]]


def _finite(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.replace([math.inf, -math.inf], math.nan)


def _escaped(frame: pd.DataFrame, features: Features) -> pd.DataFrame:
    """Evidently's page does not escape: no name or category may carry markup into it."""
    texts = [name for name in frame if name in features.categorical]
    safe = frame.assign(**{str(name): frame[name].map(_text) for name in texts})
    return safe.rename(columns=html.escape)


def _text(category: str | float | None) -> str:
    return MISSING if pd.isna(category) else html.escape(str(category))


def _crossed(config: dict[str, object], value: float) -> bool:
    """Distances grow with drift, p-values shrink with it."""
    threshold = float(str(config["threshold"]))
    return value < threshold if "p_value" in str(config["method"]) else value >= threshold
