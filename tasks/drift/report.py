"""Evidently's picture of what the champion was trained on beside what it meets now."""

import html
import warnings
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd

from config.schema import Features, Watch
from tasks.errors import NotEnoughData
from tasks.models.selection import REFERENCE
from tasks.records import Performance

with warnings.catch_warnings():
    # evidently 0.7.23 still reads numpy.core at import
    warnings.simplefilter("ignore", DeprecationWarning)
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset


_MOMENT = "%Y-%m-%d_%H%M"


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
        `met` the rows it has answered lately. Due: none for `watch.report_every_days`, or a drop.
        """
        page = self.folder / f"{performance.as_of:{_MOMENT}}.html"
        if champion is None or met.empty or page.exists() or not self._due(performance):
            return None
        reference = pd.read_parquet(champion / REFERENCE)
        current = met.sample(min(len(met), self.watch.report_rows), random_state=0)
        return report(reference, current, self.features, page)

    def _due(self, performance: Performance) -> bool:
        pages = [path.stem for path in self.folder.glob("*.html")]
        newest = (performance.as_of - timedelta(days=self.watch.report_every_days)).strftime(
            _MOMENT
        )
        return performance.dropped or not any(newest < page for page in pages)


def report(reference: pd.DataFrame, current: pd.DataFrame, features: Features, page: Path) -> Drift:
    """Compare two samples of feature rows, write the page, and return the verdict.

    Columns without a value in one of the samples cannot be compared: they are named in
    `undefined`, which is never "no drift". Raises `NotEnoughData` on an empty sample.
    """
    if reference.empty or current.empty:
        raise NotEnoughData(
            f"drift report: {len(reference)} reference and {len(current)} current rows; "
            "both must have some"
        )
    columns = [name for name in features.columns if name in reference and name in current]
    usable = [n for n in columns if reference[n].notna().any() and current[n].notna().any()]
    definition = DataDefinition(
        numerical_columns=[html.escape(n) for n in usable if n in features.numeric],
        categorical_columns=[html.escape(n) for n in usable if n in features.categorical],
    )
    result = Report([DataDriftPreset()]).run(
        Dataset.from_pandas(_escaped(current[usable]), data_definition=definition),
        Dataset.from_pandas(_escaped(reference[usable]), data_definition=definition),
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    result.save_html(str(page))
    found = [metric for metric in result.dict()["metrics"] if "column" in metric["config"]]
    distances = {metric["config"]["column"]: float(metric["value"]) for metric in found}
    return Drift(
        distances=distances,
        drifted=tuple(
            metric["config"]["column"]
            for metric in found
            if _crossed(metric["config"], float(metric["value"]))
        ),
        undefined=tuple(name for name in features.columns if name not in usable),
        rows=len(current),
        page=str(page),
    )


def _escaped(frame: pd.DataFrame) -> pd.DataFrame:
    """Evidently's page does not escape: no name or category may carry markup into it."""
    texts = frame.select_dtypes(exclude="number").columns
    safe = frame.assign(
        **{name: frame[name].map(lambda each: html.escape(str(each))) for name in texts}
    )
    return safe.rename(columns=html.escape)


def _crossed(config: dict[str, object], value: float) -> bool:
    """Distances grow with drift, p-values shrink with it."""
    threshold = float(str(config["threshold"]))
    return value < threshold if "p_value" in str(config["method"]) else value >= threshold
