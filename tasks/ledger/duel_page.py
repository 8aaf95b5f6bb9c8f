"""The comparison page: challenger and champion side by side, in one file that opens anywhere."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from config.values import Metric
from tasks.evaluation.metrics import higher_is_better
from tasks.ledger import drawing
from tasks.ledger.axis import Axis
from tasks.ledger.drawing import Whisker, whisker
from tasks.ledger.duel import CHALLENGER, CHAMPION, Duel, Part, stood_in_the_way
from tasks.ledger.templates import UNKNOWN, rendered
from tasks.records import Check, Choice, Failure, Fit, Interval, Severity, Status

HEADINGS = ("Stood in the way", "Warnings", "Notes", "Passed", "Not applicable")
_MOST_PARTS, _MOST_COLUMNS, _MOST_STAKES = 40, 15, 60
_STATES = {Choice.PROMOTE: "good", Choice.KEEP: "bad", Choice.UNDECIDED: "warn"}
_MARKS = {Status.PASS: "✓", Status.FAIL: "✕", Status.NO_EVIDENCE: "?", Status.NOT_APPLICABLE: "·"}


@dataclass(frozen=True)
class Row:
    """A name with an interval in words and on an axis; `whose` colours it."""

    name: str
    whose: str
    found: Interval
    drawn: Whisker


@dataclass(frozen=True)
class Panel:
    """One metric of everybody, on an axis of its own."""

    metric: Metric
    role: str
    direction: str
    axis: Axis | None
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Lost:
    """What everybody loses when one column is shuffled; None for who does not say."""

    column: str
    by: tuple[tuple[str, Row | None], ...]


@dataclass(frozen=True)
class Tried:
    """A candidate with what it cost, and by how much it is better than the cheapest."""

    fit: Fit
    gain: float
    is_chosen: bool


@dataclass(frozen=True)
class View:
    """What the template asks for, from one record."""

    duel: Duel

    @property
    def state(self) -> str:
        """The colour of the verdict."""
        return _STATES[self.duel.verdict.choice]

    @cached_property
    def checks(self) -> dict[str, list[Check]]:
        """Every check under what it means for the challenger; headings without one are left out."""
        made: dict[str, list[Check]] = {heading: [] for heading in HEADINGS}
        for check in self.duel.checks:
            made[stood_in_the_way(check)].append(check)
        return {heading: checks for heading, checks in made.items() if checks}

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """The gate's metric first, then the pipeline's, the others, and the pinned rows."""
        pipeline, measured = self.duel.pipeline, self.duel.standings
        roles = {pipeline.metric: "the pipeline's", pipeline.gate.metric: "the gate's"}
        if len(roles) == 1:
            roles = {pipeline.metric: "the gate's and the pipeline's"}
        metrics = dict.fromkeys([*reversed(roles), *measured.get(CHALLENGER, {})])
        panels = [
            self._panel(metric, roles.get(metric, ""), _of(metric, measured)) for metric in metrics
        ]
        if self.duel.golden:
            role = f"golden set v{self.duel.golden_version}"
            panels.append(self._panel(pipeline.gate.metric, role, self.duel.golden))
        return tuple(panels)

    def _panel(self, metric: Metric, role: str, measured: Mapping[str, Interval]) -> Panel:
        axis = drawing.reaches(list(measured.values()))
        label = self.duel.label
        return Panel(
            metric=metric,
            role=role,
            direction="higher is better" if higher_is_better(metric) else "lower is better",
            axis=axis,
            rows=tuple(
                Row(label.get(name, name), _whose(name), found, whisker(axis or _ANY, found))
                for name, found in measured.items()
            ),
        )

    @cached_property
    def evidence(self) -> drawing.Evidence | None:
        """The reign's bets; None without one."""
        return drawing.evidence(self.duel.stakes, self.duel.pipeline.gate.alpha)

    @property
    def goal(self) -> float:
        """The wealth at which a challenger is shown better."""
        alpha = self.duel.pipeline.gate.alpha
        return 1 / alpha if alpha > 0 else math.inf

    @property
    def wealth(self) -> str:
        """What there is after the last night."""
        last = self.duel.stakes[-1].wealth if self.duel.stakes else math.nan
        return f"{last:,.3g}" if math.isfinite(last) else UNKNOWN

    @cached_property
    def parts(self) -> list[tuple[Part, Row, float]]:
        """Groups with their interval and where their threshold stands; the worst of too many."""
        axis = self.forest or _ANY
        shown = self.duel.parts
        if len(shown) > _MOST_PARTS:
            worst = sorted(shown, key=lambda part: _or(part.lead.low, math.inf))[:_MOST_PARTS]
            shown = tuple(part for part in shown if part in worst)
        return [
            (
                part,
                Row(part.name, _colour(part), part.lead, whisker(axis, part.lead)),
                axis.at(part.check.numbers.get("threshold", 0.0)),
            )
            for part in shown
        ]

    @cached_property
    def forest(self) -> Axis | None:
        return drawing.forest(self.duel.parts)

    @cached_property
    def calibrated(self) -> drawing.Square | None:
        return drawing.calibrated(self.duel.calibration)

    @cached_property
    def scattered(self) -> drawing.Square | None:
        return drawing.scattered(self.duel.shift) if self.duel.shift else None

    @cached_property
    def shuffled(self) -> Axis | None:
        return drawing.shuffled(self.duel.importances)

    @cached_property
    def importances(self) -> list[Lost]:
        """Columns by what the challenger, or else the champion, loses most; the first few."""
        axis, label = self.shuffled or _ANY, self.duel.label
        names = [name for name in (CHALLENGER, CHAMPION) if self.duel.importances.get(name)]
        by = {name: {e.column: e.loss for e in self.duel.importances[name]} for name in names}
        columns = dict.fromkeys(column for name in names for column in by[name])
        order = sorted(columns, key=lambda column: tuple(-_loss(by[n], column) for n in names))
        return [
            Lost(
                column,
                tuple(
                    (
                        name,
                        Row(label[name], name, found, whisker(axis, found))
                        if (found := by[name].get(column))
                        else None,
                    )
                    for name in names
                ),
            )
            for column in order
        ]

    @cached_property
    def tried(self) -> list[Tried]:
        """Candidates that were fitted, the cheapest first."""
        fits = [each for each in self.duel.attempts if isinstance(each, Fit)]
        fits.sort(key=lambda fit: (_or(fit.cpu_seconds, math.inf), fit.candidate))
        sign = 1 if higher_is_better(self.duel.pipeline.metric) else -1
        return [
            Tried(
                fit,
                sign * (fit.score - fits[0].score),
                fit.candidate == self.duel.challenger.candidate,
            )
            for fit in fits
        ]

    @property
    def failures(self) -> list[Failure]:
        """Candidates that did not make it."""
        return [each for each in self.duel.attempts if isinstance(each, Failure)]


_ANY = Axis(0.0, 1.0)


def comparison_page(duel: Duel) -> str:
    """The page as HTML that loads nothing from elsewhere; every value in it is escaped.

    The same record gives the same bytes.
    """
    return rendered(
        "duel.html.j2",
        view=View(duel),
        duel=duel,
        marks=_MARKS,
        standing=_standing,
        is_critical=lambda check: check.severity is Severity.BLOCKING,
        most_columns=_MOST_COLUMNS,
        most_stakes=_MOST_STAKES,
        challenger=CHALLENGER,
        champion=CHAMPION,
    )


def _of(metric: Metric, measured: Mapping[str, Mapping[Metric, Interval]]) -> dict[str, Interval]:
    return {name: by[metric] for name, by in measured.items() if metric in by}


def _whose(name: str) -> str:
    return name if name in (CHALLENGER, CHAMPION) else "other"


def _standing(check: Check) -> str:
    """The colour of a check."""
    if check.status is Status.PASS:
        return "good"
    if check.status is Status.NOT_APPLICABLE or check.severity is Severity.NOTE:
        return ""
    is_bad = check.blocks and check.status is Status.FAIL
    return "bad" if is_bad else "warn"


def _colour(part: Part) -> str:
    """A group's check, where it warns or blocks; otherwise whether the group is shown better."""
    if part.check.status is not Status.PASS:
        return _standing(part.check)
    return "good" if part.lead.low > 0 else "other"


def _loss(losses: Mapping[str, Interval], column: str) -> float:
    found = losses.get(column)
    return _or(found.value, -math.inf) if found else -math.inf


def _or(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise
