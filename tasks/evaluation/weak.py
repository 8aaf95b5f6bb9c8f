"""Checks inside groups that nobody declared: found on some days, tested on later ones."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.evaluation.groups import Label, Opponent, Rows, compared, judged, opponent
from tasks.evaluation.metrics import losses, usable
from tasks.evaluation.regions import Region, regions
from tasks.evaluation.trial import Bench, Scores
from tasks.records import Check, Severity, Status

_TITLE = "Groups that nobody declared"
_FEWEST_DAYS = 4  # two to find on, two to test on
_SUSPECT = 0.1  # p-value on the earlier days up to which a group is worth a test


def weak(bench: Bench) -> tuple[Check, ...]:
    """Not shown worse by more than the slice margin in any group that a search comes up with.

    The search sees the earlier half of the days, the test the later half, so that a group found
    by chance has to be weak by chance again: in no more than 1 - confidence, over all groups that
    are tested (`judged`). What is shown so is as real as in a declared group, and blocks like it.
    Too few rows to search are told and do not block; a search that lacks its inputs does.
    """
    against = opponent(bench)
    if not bench.gate.weak_slices:
        return _unsearched(Status.NOT_APPLICABLE, "gate.weak_slices is false")
    if against is None and bench.trial.champion_version is None:
        return _unsearched(Status.NOT_APPLICABLE, "no champion and no baseline to compare with")
    missing = _missing(bench, against)
    if against is None or missing:
        return _unsearched(Status.NO_EVIDENCE, missing)
    search = _Search(bench, against, pd.DataFrame(bench.trial.inputs))
    if search.too_little:
        return _unsearched(Status.NO_EVIDENCE, search.too_little, Severity.NOTE)
    return search.checks()


def _missing(bench: Bench, against: Opponent | None) -> str:
    """What a search cannot do without and the trial does not have, if anything."""
    if against is None:
        return "the champion has no answers on these rows"
    inputs = bench.trial.inputs
    if inputs is None or inputs.empty or len(inputs) != bench.rows:
        return f"inputs are missing for {bench.rows:,} rows"
    sound = usable(bench.trial.challenger) and usable(against.scores)
    return "" if sound else "answers are no probabilities"


def _unsearched(
    status: Status, reason: str, severity: Severity = Severity.BLOCKING
) -> tuple[Check, ...]:
    told = f"{reason}: groups that nobody declared were not looked for"
    return (Check("weak", _TITLE, status, told, severity=severity),)


@dataclass(frozen=True)
class _Search:
    """Earlier days to find groups on, later days to test them on."""

    bench: Bench
    against: Opponent
    inputs: pd.DataFrame

    @property
    def earlier(self) -> Rows:
        """Rows of the earlier half of the days."""
        days = np.unique(self.bench.trial.days)
        return np.isin(self.bench.trial.days, days[: len(days) // 2])

    @property
    def least(self) -> int:
        """Rows of a group in each half: as many in both as of a declared group."""
        return (self.bench.gate.min_slice_rows + 1) // 2

    @property
    def too_little(self) -> str:
        """What is too little to search in, if anything."""
        days, half = self.bench.day_count, int(min(self.earlier.sum(), (~self.earlier).sum()))
        if days < _FEWEST_DAYS:
            return f"{days} of {_FEWEST_DAYS} days"
        if half < 2 * self.least:
            return f"{half:,} of {2 * self.least:,} rows in half of the days"
        return ""

    def checks(self) -> tuple[Check, ...]:
        """A check for each group that is shown worse; one that says so when none is."""
        earlier, bench = self.earlier, self.bench
        loss = _losses(bench, bench.trial.challenger) - _losses(bench, self.against.scores)
        found = regions(self.inputs[earlier], loss[earlier], self.least)
        suspects = [each for each in found if self._looks_weak(each)]
        rows = [each.holds(self.inputs) & ~earlier for each in suspects]
        groups = [
            compared(bench, self.against, _label(place, each), held, bench.gate.slice_margin)
            for place, (each, held) in enumerate(zip(suspects, rows, strict=True), 1)
            if held.sum() >= self.least
        ]
        tested = judged(bench, self.against, groups).values()
        shown = tuple(check for check in tested if check.status is Status.FAIL)
        numbers = {"found": len(found), "suspected": len(suspects), "tested": len(groups)}
        told = (
            f"0 of {len(found)} groups found on the earlier days are worse by more than "
            f"{bench.gate.slice_margin:g} on the later days; {len(suspects)} looked like it"
        )
        return shown or (Check("weak", _TITLE, Status.PASS, told, numbers),)

    def _looks_weak(self, region: Region) -> bool:
        """Whether the group has rows enough on the earlier days, and is likely to be worse there.

        Each group that is tested makes it harder to show the others.
        """
        rows = region.holds(self.inputs) & self.earlier
        margin = self.bench.gate.slice_margin
        likely = self.bench.doubt(self.against.scores, margin, rows) <= _SUSPECT
        return likely and bool(rows.sum() >= self.least)


def _losses(bench: Bench, scores: Scores) -> Scores:
    """The loss of every row; of a metric that has none, the log-loss says where to look."""
    metric = "log_loss" if bench.metric == "roc_auc" else bench.metric
    return losses(metric, np.asarray(bench.trial.y).astype(bool), scores)


def _label(place: int, region: Region) -> Label:
    name = f"{region.told} (found on earlier days)"
    return Label(name, f"weak:{place}", f"Weak where {region.told}")
