"""A version: what it was made from, how it was judged, what it scored and how it did."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tasks.ledger.probations import Probation
from tasks.ledger.text import digest
from tasks.records import (
    Check,
    Decision,
    Interval,
    Kind,
    Performance,
    Severity,
    Snapshot,
    Status,
)
from tasks.stores import Stores
from tasks.tracing.sources import Content, Sources


@dataclass(frozen=True)
class Judgement:
    """How a version was judged: the decision with its checks; `replaced` is the champion of then.

    `approved_by` is who let it serve, empty where nobody was asked or nobody said yes.
    """

    decision: int
    hash: str
    as_of: datetime
    kind: Kind
    verdict: str
    reason: str
    checks: tuple[Check, ...]
    replaced: int | None
    approved_by: str


@dataclass(frozen=True)
class Origin:
    """What a version was made from and with; what its decision does not say is none or empty.

    `manifest` is a sha256 over those of all its files, `same_config` whether the pipeline is
    still defined as it was.
    """

    version: int
    candidate: str
    trained_through: date
    manifest: str
    run_id: str
    uri: str
    snapshot: Snapshot | None
    content: Content | None
    judgement: Judgement | None
    code_version: str
    config_hash: str
    same_config: bool
    environment: str


@dataclass(frozen=True)
class Taken:
    """One decision about a version."""

    decision: int
    as_of: datetime
    kind: Kind
    champion: int | None
    reason: str


@dataclass(frozen=True)
class Reign:
    """A time in which a version served; it still does without an end."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Scored:
    """Questions of a day that a version answered."""

    day: date
    rows: int


@dataclass(frozen=True)
class VersionTrace:
    """Everything that is on record about a version."""

    origin: Origin
    promised: Interval
    decisions: tuple[Taken, ...]
    reigns: tuple[Reign, ...]
    scored: tuple[Scored, ...]
    performances: tuple[Performance, ...]
    probations: tuple[Probation, ...]


def version(stores: Stores, number: int) -> VersionTrace:
    """Trace a version; `Terminal` naming the known ones when there is none."""
    ledger, name = stores.ledger, stores.name
    found = origin(Sources(stores), number)
    decisions = ledger.decisions(name)
    return VersionTrace(
        origin=found,
        promised=ledger.reference(name, number),
        decisions=tuple(_taken(each) for each in decisions if number in _about(each)),
        reigns=reigns(decisions, number),
        scored=tuple(Scored(*each) for each in stores.log.answered_by(number).items()),
        performances=tuple(p for p in ledger.performances(name) if p.version == number),
        probations=tuple(p for p in ledger.probations(name) if p.version == number),
    )


def origin(sources: Sources, number: int) -> Origin:
    """What a version came from, by the ledger's word; `Terminal` when there is no such version."""
    stores = sources.stores
    kept = stores.ledger.version(stores.name, number)
    about = [d for d in stores.ledger.decisions(stores.name) if d.version == number]
    judged = next((each for each in about if each.judged), None)
    evidence: Mapping[str, Any] = judged.evidence if judged else {}
    seen = snapshot(evidence)
    return Origin(
        version=number,
        candidate=kept.candidate,
        trained_through=kept.trained_through,
        manifest=digest(kept.manifest),
        run_id=kept.run_id,
        uri=kept.uri,
        snapshot=seen,
        content=sources.content(seen) if seen else None,
        judgement=_judgement(judged, about) if judged else None,
        code_version=str(evidence.get("code_version", "")),
        config_hash=str(evidence.get("config_hash", "")),
        same_config=evidence.get("config_hash") == stores.definition.config_hash,
        environment=str(evidence.get("environment", "")),
    )


def snapshot(evidence: Mapping[str, Any]) -> Snapshot | None:
    """The snapshot that a decision's evidence names; None when it names none."""
    kept = evidence.get("snapshot")
    if not isinstance(kept, Mapping):
        return None
    return Snapshot(
        pipeline=kept["pipeline"],
        as_of=datetime.fromisoformat(kept["as_of"]),
        versions=dict(kept["versions"]),
        first_day=date.fromisoformat(kept["first_day"]),
        last_day=date.fromisoformat(kept["last_day"]),
        rows=kept["rows"],
        digest=kept["digest"],
    )


def reigns(decisions: Sequence[Decision], number: int) -> tuple[Reign, ...]:
    """The times in which a version served, oldest first."""
    changes = [
        each
        for each, before in zip(decisions, [None, *decisions], strict=False)
        if before is None or before.champion != each.champion
    ]
    ends = [*(each.as_of for each in changes[1:]), None]
    return tuple(
        Reign(each.as_of, end)
        for each, end in zip(changes, ends, strict=True)
        if each.champion == number
    )


def _about(decision: Decision) -> tuple[int | None, ...]:
    """The versions that a decision says something about: a rollback also brings one back."""
    back = decision.champion if decision.kind is Kind.ROLLED_BACK else None
    return decision.version, back


def _taken(decision: Decision) -> Taken:
    return Taken(
        decision.sequence, decision.as_of, decision.kind, decision.champion, decision.reason
    )


def _judgement(judged: Decision, about: Sequence[Decision]) -> Judgement:
    evidence: Mapping[str, Any] = judged.evidence
    replaced = evidence.get("champion")
    return Judgement(
        decision=judged.sequence,
        hash=judged.hash,
        as_of=judged.as_of,
        kind=judged.kind,
        verdict=str(evidence.get("choice", "")),
        reason=judged.reason,
        checks=tuple(_check(each) for each in evidence.get("checks", ())),
        replaced=replaced if isinstance(replaced, int) else None,
        approved_by=next(filter(None, map(_approver, about)), ""),
    )


def _approver(decision: Decision) -> str:
    """Who agreed to what the gate would promote, or promoted it whatever the gate said."""
    if decision.kind is not Kind.PROMOTED:
        return ""
    asked = decision.evidence.get("approval")
    by = asked.get("by") if isinstance(asked, Mapping) else decision.evidence.get("by")
    return str(by or "")


def _check(kept: Mapping[str, Any]) -> Check:
    numbers = {name: math.nan if n is None else n for name, n in kept.get("numbers", {}).items()}
    return Check(
        code=kept["code"],
        title=kept["title"],
        status=Status(kept["status"]),
        reason=kept["reason"],
        numbers=numbers,
        severity=Severity(kept.get("severity", Severity.BLOCKING)),
    )
