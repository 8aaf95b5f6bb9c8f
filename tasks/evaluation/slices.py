"""Checks inside declared groups of rows: nobody pays for everybody else's gain."""

from collections.abc import Iterator

import numpy as np

from tasks.evaluation.groups import Group, Label, Opponent, compared, judged, opponent
from tasks.evaluation.trial import Bench
from tasks.records import Check, Severity, Status


def slices(bench: Bench) -> tuple[Check, ...]:
    """Not shown worse by more than its margin in any group, against champion or best baseline.

    The groups of all columns are one family, see `judged`. A group below `min_slice_rows` is told
    and does not block; a column that is missing, or has no group that is large enough, counts
    like a loss: a check that had nothing to check has not passed. What counts in a column that is
    not critical is a warning.
    """
    rules, against = bench.gate.slices, opponent(bench)
    if not rules:
        return ()
    if against is None and bench.trial.champion_version is None:
        told = "no champion and no baseline to compare groups with"
        return (Check("slice", "Slices", Status.NOT_APPLICABLE, told),)
    found = [each for column in rules for each in _column(bench, column, against)]
    groups = [each for each in found if isinstance(each, Group)]
    checks = judged(bench, against, groups) if against else {}
    return tuple(checks[each.label.code] if isinstance(each, Group) else each for each in found)


def _column(bench: Bench, column: str, against: Opponent | None) -> Iterator[Check | Group]:
    """Groups that are large enough, in order of their names, and checks that say what is not."""
    gate, rule = bench.gate, bench.gate.slices[column]
    severity = Severity.BLOCKING if rule.critical else Severity.WARNING
    code, title = f"slice:{column}", f"Groups by {column}"
    if against is None or column not in bench.trial.slices:
        missing = "answers to compare with" if against is None else f"column {column!r}"
        told = f"{missing} missing on these rows: groups by {column} cannot be judged"
        yield Check(code, title, Status.NO_EVIDENCE, told, severity=severity)
        return
    values = np.asarray(bench.trial.slices[column]).astype(str)
    names, counts = np.unique(values, return_counts=True)
    if not len(names) or counts.max() < gate.min_slice_rows:
        largest = f", the largest has {counts.max():,}" if len(names) else ""
        told = f"0 of {len(names)} groups by {column} have {gate.min_slice_rows:,} rows{largest}"
        yield Check(code, title, Status.NO_EVIDENCE, told, severity=severity)
    margin = gate.slice_margin if rule.margin is None else rule.margin
    for name, count in zip(names, counts, strict=True):
        group = f"{column}={name}"
        label = Label(group, f"slice:{group}", f"Group {group}", severity)
        if count >= gate.min_slice_rows:
            yield compared(bench, against, label, values == name, margin)
        else:
            yield _small(label, int(count), gate.min_slice_rows)


def _small(label: Label, count: int, needed: int) -> Check:
    told, numbers = f"{label.name}: {count:,} of {needed:,} rows", {"rows": float(count)}
    return Check(label.code, label.title, Status.NO_EVIDENCE, told, numbers, Severity.NOTE)
