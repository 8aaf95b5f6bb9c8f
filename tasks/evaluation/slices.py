"""Checks inside groups of rows: nobody pays for everybody else's gain."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tasks.evaluation.comparison import shown_above
from tasks.evaluation.metrics import higher_is_better, measure
from tasks.evaluation.trial import Bench, Scores
from tasks.records import Check, Severity, Status


def slices(bench: Bench) -> tuple[Check, ...]:
    """Not shown worse by more than the slice margin in any group, against champion or baseline.

    A group below `min_slice_rows` is told and does not block; a column that is missing, or has
    no group that is large enough, blocks: a check that had nothing to check has not passed.
    """
    found = _reference(bench)
    if found is None and bench.gate.slices and bench.trial.champion_version is None:
        told = "no champion and no baseline to compare groups with"
        return (Check("slice", "Slices", Status.NOT_APPLICABLE, told),)
    return tuple(check for column in bench.gate.slices for check in _column(bench, column, found))


def _reference(bench: Bench) -> tuple[str, Scores] | None:
    """The champion; before the first one the baseline that is best on all rows."""
    trial = bench.trial
    if trial.champion_version is not None:
        if trial.champion is None:
            return None
        return f"champion {trial.champion_version}", trial.champion
    sign = 1 if higher_is_better(bench.metric) else -1
    values = {
        name: sign * measure(bench.metric, trial.y, scores)
        for name, scores in trial.baselines.items()
    }
    defined = {name: value for name, value in values.items() if not np.isnan(value)}
    if not defined:
        return None
    best = max(defined, key=defined.__getitem__)
    return f"baseline {best}", np.asarray(trial.baselines[best], dtype=np.float64)


def _column(bench: Bench, column: str, found: tuple[str, Scores] | None) -> Iterator[Check]:
    title = f"Groups by {column}"
    if found is None or column not in bench.trial.slices:
        missing = "answers to compare with" if found is None else f"column {column!r}"
        told = f"{missing} missing on these rows: groups by {column} cannot be judged"
        yield Check(f"slice:{column}", title, Status.NO_EVIDENCE, told)
        return
    values = np.asarray(bench.trial.slices[column]).astype(str)
    names, counts = np.unique(values, return_counts=True)
    if not len(names) or counts.max() < bench.gate.min_slice_rows:
        largest = f", the largest has {counts.max():,}" if len(names) else ""
        told = (
            f"0 of {len(names)} groups by {column} have {bench.gate.min_slice_rows:,} rows{largest}"
        )
        yield Check(f"slice:{column}", title, Status.NO_EVIDENCE, told)
    for name in names:
        yield _group(bench, f"{column}={name}", values == name, found)


def _group(
    bench: Bench, group: str, rows: npt.NDArray[np.bool_], found: tuple[str, Scores]
) -> Check:
    code, title, count = f"slice:{group}", f"Group {group}", int(rows.sum())
    numbers = {"rows": float(count)}
    if count < bench.gate.min_slice_rows:
        told = f"{group}: {count:,} of {bench.gate.min_slice_rows:,} rows"
        return Check(code, title, Status.NO_EVIDENCE, told, numbers, Severity.NOTE)
    reference_name, reference = found
    lead = bench.lead(reference, rows)
    if np.isnan(lead.low):
        told = f"{group}: {bench.metric} is undefined on {count:,} rows"
        return Check(code, title, Status.NO_EVIDENCE, told, numbers)
    margin = bench.gate.slice_margin
    worse = shown_above(lead, -margin) is Status.FAIL
    told = (
        f"{group}: {bench.metric} {lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}] against "
        f"{reference_name} on {count:,} rows"
    )
    told += f", worse by more than {margin:g}" if worse else ""
    numbers |= {"difference": lead.value, "low": lead.low, "high": lead.high, "threshold": -margin}
    return Check(code, title, Status.FAIL if worse else Status.PASS, told, numbers)
