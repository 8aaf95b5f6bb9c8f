"""A new champion's first days: held, once, against what it was promoted with."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import NotEnoughData, Terminal
from tasks.evaluation.delivered import delivered
from tasks.features.cohort import cohort, complete_days
from tasks.ledger.decisions import BY
from tasks.ledger.ledger import Ledger
from tasks.ledger.probations import Ending, Probation
from tasks.predictions.scorer import Model
from tasks.records import Decision, Interval, Kind

_UNKNOWN = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Case:
    """A promotion by the gate whose days are over; `ended` when it was judged and not acted on."""

    promotion: Decision
    replaced: int
    days: tuple[date, ...] = ()
    ended: Probation | None = None


def due(ledger: Ledger, definition: Definition, lake: Lake, as_of: datetime) -> Case | None:
    """The promotion whose probation is to end now; None when there is nothing to do.

    That is the present champion's own promotion, by the gate, over another champion. A person's
    promotion is the person's word, and a champion that has been replaced is on probation no more.
    """
    decisions = ledger.decisions(definition.pipeline.name)
    if not decisions or decisions[-1].as_of > as_of:
        return None
    found = _promotion(decisions)
    if found is None:
        return None
    known = ledger.probations(definition.pipeline.name)
    ended = next((each for each in known if each.sequence == found.promotion.sequence), None)
    if ended is not None:
        unfinished = ended.rolls_back
        return Case(found.promotion, found.replaced, ended=ended) if unfinished else None
    days = _days(ledger, definition, lake, found, as_of)
    enough = len(days) >= definition.pipeline.gate.probation.days
    return Case(found.promotion, found.replaced, days) if enough else None


def judged(
    definition: Definition, lake: Lake, case: Case, load: Callable[[int], Model], as_of: datetime
) -> Probation | None:
    """How the probation ended; None while too few of its rows have a label.

    Rows are counted before anybody looks at answers, so it is one look, whenever that is.
    """
    if case.ended is not None:
        return case.ended
    rows = _rows(definition, lake, case, as_of)
    if len(rows) < definition.pipeline.gate.probation.min_rows:
        return None
    try:
        models = load(case.promotion.version), load(case.replaced)
    except Terminal as error:
        return _told(definition, case, (len(rows), _UNKNOWN), as_of, f"cannot compare: {error}")
    lead = delivered(definition, rows, *models)
    return _told(definition, case, (len(rows), lead), as_of)


def _promotion(decisions: Sequence[Decision]) -> Case | None:
    changes = [
        (before.champion, each)
        for before, each in pairwise(decisions)
        if each.champion != before.champion
    ]
    if not changes:
        return None
    replaced, promotion = changes[-1]
    honest = promotion.kind is Kind.PROMOTED and BY not in promotion.evidence
    return Case(promotion, replaced) if honest and replaced is not None else None


def _days(
    ledger: Ledger, definition: Definition, lake: Lake, case: Case, as_of: datetime
) -> tuple[date, ...]:
    """Complete days since the promotion that neither model was trained on."""
    name, zone = definition.pipeline.name, definition.pipeline.schedule.zone
    since = case.promotion.as_of.astimezone(zone).date()
    seen = max(
        ledger.version(name, number).trained_through
        for number in (case.promotion.version, case.replaced)
    )
    return tuple(
        day for day in complete_days(definition, lake, as_of) if day >= since and day > seen
    )


def _rows(definition: Definition, lake: Lake, case: Case, as_of: datetime) -> pd.DataFrame:
    try:
        return cohort(definition, lake, list(case.days), as_of).frame
    except NotEnoughData:
        return pd.DataFrame()


def _told(
    definition: Definition,
    case: Case,
    measured: tuple[int, Interval],
    as_of: datetime,
    otherwise: str = "",
) -> Probation:
    gate, (rows, lead) = definition.pipeline.gate, measured
    promised = _promised(case.promotion)
    reason = otherwise or (
        f"{gate.metric} {_lead(lead)} against v{case.replaced} on {rows:,} rows of "
        f"{len(case.days)} days, {_lead(promised)} promised"
    )
    return Probation(
        pipeline=definition.pipeline.name,
        sequence=case.promotion.sequence,
        version=case.promotion.version,
        replaced=case.replaced,
        as_of=as_of,
        first_day=case.days[0],
        last_day=case.days[-1],
        rows=rows,
        promised=promised,
        delivered=lead,
        ending=_ending(definition, lead),
        reason=reason,
    )


def _ending(definition: Definition, lead: Interval) -> Ending:
    gate = definition.pipeline.gate
    if lead.high < 0:  # nan is not below anything
        return Ending.ROLLED_BACK if gate.probation.roll_back else Ending.WORSE
    return Ending.PASSED if lead.low >= -gate.margin else Ending.NOT_SHOWN


def _promised(promotion: Decision) -> Interval:
    """The lead over the champion that the gate's own check found."""
    checks = promotion.evidence.get("checks")
    listed = checks if isinstance(checks, list) else []
    found = [each for each in listed if each["code"] == "champion"]
    numbers: Mapping[str, float | None] = found[0].get("numbers", {}) if found else {}
    values = [numbers.get(name) for name in ("difference", "low", "high")]
    return Interval(*(math.nan if each is None else each for each in values))


def _lead(lead: Interval) -> str:
    if math.isnan(lead.value):
        return "not known"
    word = "better" if lead.value >= 0 else "worse"
    return f"{abs(lead.value):.4f} {word} [{lead.low:+.4f}, {lead.high:+.4f}]"
