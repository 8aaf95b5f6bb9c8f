"""Whether groups of people fare alike: how far a rate of theirs lies apart."""

from dataclasses import dataclass

import fairlearn.metrics
import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from config.gate import Fairness
from tasks.evaluation.intervals import MOST_UNDEFINED, Resampling, draws
from tasks.evaluation.metrics import Floats, usable
from tasks.evaluation.trial import Bench, Scores
from tasks.records import Check, Interval, Status

_RATES = {
    "selection_rate": (fairlearn.metrics.selection_rate, "rows"),
    "true_positive_rate": (fairlearn.metrics.true_positive_rate, "positives"),
    "false_positive_rate": (fairlearn.metrics.false_positive_rate, "negatives"),
}


@dataclass(frozen=True)
class Answers:
    """Rows (n,): their labels, whether the answer was yes, the group of each, and its day."""

    y: npt.NDArray[np.bool_]
    yes: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.str_]
    days: npt.NDArray[np.int64]

    def on(self, rows: npt.NDArray[np.bool_]) -> "Answers":
        """The same on some of the rows."""
        return Answers(self.y[rows], self.yes[rows], self.groups[rows], self.days[rows])


def fairness(bench: Bench) -> tuple[Check, ...]:
    """The gap between groups of a sensitive column is not shown to exceed what is allowed.

    A group is left out, and named, when fewer than `min_group_rows` of its rows count for the
    measure, or too few days. Without two groups, or without answers, there is no evidence.
    """
    rule, sensitive = bench.gate.fairness, bench.trial.sensitive
    if rule is None or not sensitive:
        told = "gate.fairness is not configured" if rule is None else "no column is sensitive"
        return (Check("fairness", "Fairness", Status.NOT_APPLICABLE, told),)
    return tuple(_column(bench, rule, name) for name in sensitive)


def rates(answers: Answers, measure: str) -> dict[str, float]:
    """The measure of each group, by its name, as fairlearn computes it."""
    frame = fairlearn.metrics.MetricFrame(
        metrics=_RATES[measure][0],
        y_true=answers.y,
        y_pred=answers.yes,
        sensitive_features=answers.groups,
    )
    return {str(name): float(rate) for name, rate in frame.by_group.items()}


def gap(answers: Answers, measure: str, plan: Resampling) -> Interval:
    """The largest difference of the measure between two groups; limits are nan where undefined.

    Among many groups the largest difference is large by chance alone. So the limits are the
    largest of all pairs' limits, which hold for all m pairs at once: difference +- t * s, with s
    from resampled days and t of days - 1 degrees of freedom at (1 - confidence) / 2m (Bonferroni:
    the quantile of the largest resampled difference, as in Romano and Wolf, Econometrica 73, 2005,
    held for 8 groups on 10 days in 75 % only). In simulated worlds of 10 days and 2 to 20 groups
    that fare alike, the lower limit was above 0 in at most 6 % (nominal 5 %).
    """
    answers = counted(answers, measure)
    values = np.array(list(rates(answers, measure).values()))
    drawn, days = _drawn(answers, plan), len(np.unique(answers.days))
    one, other = np.triu_indices(len(values), 1)
    apart = np.abs(values[one] - values[other])
    strayed = drawn[:, one] - drawn[:, other] - (values[one] - values[other])
    strayed = strayed[~np.isnan(strayed).any(axis=1)]
    if days < 2 or len(strayed) < (1 - MOST_UNDEFINED) * len(drawn):
        return Interval(float(apart.max()), float("nan"), float("nan"))
    error = strayed.std(axis=0) * (days / (days - 1)) ** 0.5
    reach = float(stdtrit(days - 1, 1 - (1 - plan.confidence) / (2 * len(apart)))) * error
    low, high = np.clip([(apart - reach).max(), (apart + reach).max()], 0.0, 1.0)
    return Interval(float(apart.max()), float(low), float(high))


def counted(answers: Answers, measure: str) -> Answers:
    """The rows that the measure is a share of: all, or those of one class."""
    if measure == "selection_rate":
        return answers
    return answers.on(answers.y if measure == "true_positive_rate" else ~answers.y)


def _drawn(answers: Answers, plan: Resampling) -> Floats:
    """The share of yes in each group on resampled days, nan without a row: (draws, groups)."""
    _, group = np.unique(answers.groups, return_inverse=True)
    days, day = np.unique(answers.days, return_inverse=True)
    shape = len(days), int(group.max(initial=-1)) + 1
    yes, rows = np.zeros(shape), np.zeros(shape)
    np.add.at(yes, (day, group), answers.yes)
    np.add.at(rows, (day, group), 1.0)
    weights = draws(len(days), plan)
    of = weights @ rows
    return np.asarray(np.divide(weights @ yes, of, out=np.full_like(of, np.nan), where=of > 0))


def _column(bench: Bench, rule: Fairness, column: str) -> Check:
    code, title = f"fairness:{column}", f"Groups by {column} fare alike"
    groups = np.asarray(bench.trial.sensitive[column]).astype(str)
    if len(groups) != bench.rows or not usable(bench.trial.challenger):
        told = f"{column}: no groups, or no probabilities, on {bench.rows:,} rows"
        return Check(code, title, Status.NO_EVIDENCE, told)
    answers = _answers(bench, rule, groups, bench.trial.challenger)
    kept, left_out = _comparable(answers, rule)
    ending = f"; left out: {', '.join(left_out)}" if left_out else ""
    if len(np.unique(groups[kept])) < 2:
        told = f"{column}: no two groups can be compared by {rule.measure}{ending}"
        return Check(code, title, Status.NO_EVIDENCE, told)
    found = gap(answers.on(kept), rule.measure, bench.plan)
    numbers = {"gap": found.value, "low": found.low, "high": found.high, "allowed": rule.max_gap}
    told = f"{rule.measure} lies {found.value:.3f} [{found.low:.3f}, {found.high:.3f}] apart"
    told = f"{column}: {told} ({_told(rates(answers.on(kept), rule.measure))})"
    if bench.trial.champion is not None:
        served = _answers(bench, rule, groups, bench.trial.champion).on(kept)
        numbers["champion"] = gap(served, rule.measure, bench.plan).value
        told += f", champion {bench.trial.champion_version}'s {numbers['champion']:.3f}"
    told += f", at most {rule.max_gap:g} allowed{ending}"
    return Check(code, title, _status(found, rule.max_gap), told, numbers)


def _status(found: Interval, allowed: float) -> Status:
    if np.isnan(found.low):
        return Status.NO_EVIDENCE
    return Status.FAIL if found.low > allowed else Status.PASS


def _answers(bench: Bench, rule: Fairness, groups: npt.NDArray[np.str_], scores: Scores) -> Answers:
    y = np.asarray(bench.trial.y).astype(bool)
    return Answers(y, scores >= rule.threshold, groups, bench.trial.days)


def _comparable(answers: Answers, rule: Fairness) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """Rows of groups that can be compared, and in words the groups that cannot."""
    of, days = counted(answers, rule.measure), len(np.unique(answers.days))
    kept, left_out = np.zeros(len(answers.y), dtype=bool), []
    for name in np.unique(answers.groups):
        rows = of.groups == name
        present = len(np.unique(of.days[rows]))
        if rows.sum() < rule.min_group_rows:
            which = _RATES[rule.measure][1]
            left_out.append(f"{name} ({rows.sum():,} of {rule.min_group_rows:,} {which})")
        elif 2 * present < days:
            left_out.append(f"{name} (on {present} of {days} days)")
        else:
            kept |= answers.groups == name
    return kept, left_out


def _told(by_group: dict[str, float]) -> str:
    lowest, highest = (
        min(by_group, key=by_group.__getitem__),
        max(by_group, key=by_group.__getitem__),
    )
    return f"{lowest} {by_group[lowest]:.3f}, {highest} {by_group[highest]:.3f}"
