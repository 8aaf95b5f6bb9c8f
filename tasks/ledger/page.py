"""The status page: one file that opens anywhere and tells what the loop has been doing."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tasks.ledger import chart
from tasks.ledger.attestations import Attestation
from tasks.ledger.probations import Probation
from tasks.ledger.templates import rendered
from tasks.records import (
    Admission,
    Decision,
    Intent,
    Interval,
    ModelVersion,
    Outcome,
    Performance,
)

_SHOWN = 60


@dataclass(frozen=True)
class Link:
    """A page beside this one, by relative path."""

    label: str
    href: str


@dataclass(frozen=True)
class PageData:
    """Everything that the page shows.

    `held` counts rows in quarantine by table; `problems` is what `Ledger.verify` found, None
    when nobody looked. `attested` is the last version that was made again. `monitoring` is the
    page of what watching has found; None without one.
    """

    pipeline: str
    title: str
    as_of: datetime
    metric: str
    higher_is_better: bool
    champion: ModelVersion | None = None
    reference: Interval | None = None
    decisions: tuple[Decision, ...] = ()
    admissions: tuple[Admission, ...] = ()
    held: Mapping[str, int] = field(default_factory=dict)
    performances: tuple[Performance, ...] = ()
    intents: tuple[Intent, ...] = ()
    links: tuple[Link, ...] = ()
    problems: tuple[str, ...] | None = None
    probations: tuple[Probation, ...] = ()
    attested: Attestation | None = None
    monitoring: Link | None = None


@dataclass(frozen=True)
class Arrivals:
    """One table's deliveries in numbers; rows and held rows are those of accepted ones."""

    table: str
    accepted: int
    refused: int
    rows: int
    held: int
    last: str


def status_page(data: PageData) -> str:
    """The page as HTML that loads nothing from elsewhere; every value in it is escaped."""
    latest = next((p for p in reversed(data.performances) if _is_defined(p)), None)
    refused = [each for each in data.admissions if each.outcome is Outcome.REFUSED]
    return rendered(
        "status.html.j2",
        data=data,
        chart=chart.drawn(data.performances, data.decisions),
        frame=chart,
        latest=latest,
        state=_state(data),
        decisions=list(reversed(data.decisions))[:_SHOWN],
        intents=list(reversed(data.intents))[:_SHOWN],
        refused=list(reversed(refused))[:_SHOWN],
        refused_count=len(refused),
        arrivals=_arrivals(data.admissions),
        kinds=Counter(each.kind.value for each in data.decisions),
        held=sum(data.held.values()),
    )


def _is_defined(performance: Performance) -> bool:
    return math.isfinite(performance.measured.value)


def _state(data: PageData) -> tuple[str, str]:
    if data.problems:
        return "bad", "The ledger has been changed"
    if data.champion is None:
        return "idle", "No champion yet"
    if data.performances and data.performances[-1].dropped:
        return "warn", "Performance has dropped"
    return "good", "Serving"


def _arrivals(admissions: tuple[Admission, ...]) -> list[Arrivals]:
    tables = sorted({each.delivery.table for each in admissions})
    return [
        _arrived(table, [each for each in admissions if each.delivery.table == table])
        for table in tables
    ]


def _arrived(table: str, admissions: list[Admission]) -> Arrivals:
    accepted = [each for each in admissions if each.outcome is Outcome.ACCEPTED]
    return Arrivals(
        table=table,
        accepted=len(accepted),
        refused=len(admissions) - len(accepted),
        rows=sum(each.rows for each in accepted),
        held=sum(each.held for each in accepted),
        last=max((each.delivery.partition for each in accepted), default="none"),
    )
