"""A person makes a registered version serve: any that is known, and only if it still works."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from tasks.errors import Corrupt, Terminal
from tasks.ledger.deciding import Bench
from tasks.ledger.decisions import BY, Entry
from tasks.ledger.ledger import Ledger
from tasks.records import Decision, Kind

if TYPE_CHECKING:
    import pandas as pd

    from tasks.predictions.scorer import Model


@dataclass(frozen=True)
class Appointment:
    """A promotion that a person asked for."""

    pipeline: str
    as_of: datetime
    version: int
    reason: str
    by: str
    recorded_at: datetime

    @property
    def key(self) -> str:
        """The same version at the same moment is the same appointment."""
        return request_key("promote", self.pipeline, self.as_of, self.version)


def request_key(what: str, pipeline: str, as_of: datetime, version: int | None) -> str:
    """Names what a person asked for, so that asking twice is asking once."""
    told = f"{what}\n{pipeline}\n{as_of.timestamp()}\n{version}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def appointee(ledger: Ledger, asked: Appointment, bench: Bench) -> int:
    """The version that may serve if it still works.

    Raises `Terminal` when nobody or nothing is named, when the version is not known, or when it
    serves already.
    """
    for what, text in (("by", asked.by), ("reason", asked.reason)):
        if not text.strip():
            raise Terminal(f"{asked.pipeline}: a promotion by hand needs {what!r}: it is kept")
    known = [version.number for version in ledger.versions(asked.pipeline)]
    if asked.version not in known:
        raise Terminal(
            f"{asked.pipeline}: v{asked.version} is not known; {len(known)} versions have been "
            f"decided on: {', '.join(f'v{number}' for number in known) or 'none'}"
        )
    if bench.champion is not None and bench.champion.number == asked.version:
        raise Terminal(f"{asked.pipeline}: v{asked.version} serves already")
    return asked.version


def rehearse(load: "Callable[[int], Model]", number: int, sample: "pd.DataFrame") -> int:
    """Load the version, bytes verified, and predict; how many rows it answered.

    Raises `Corrupt` when it does not load or its answers are no probabilities, `Terminal` when
    there is nothing to answer: what was not rehearsed may not serve.
    """
    if sample.empty:
        raise Terminal(f"v{number} cannot be rehearsed: 0 rows in the sample that it keeps")
    answers = load(number).predict_proba(sample)[:, 1]
    if not (np.isfinite(answers).all() and ((answers >= 0) & (answers <= 1)).all()):
        raise Corrupt(f"v{number} loads but its answers are no probabilities; it may not serve")
    return len(answers)


def appoint(ledger: Ledger, asked: Appointment, bench: Bench) -> Decision:
    """Write down that a person made the version serve, and what the gate had said about it.

    Raises `Conflict` when somebody else decided since the appointment began.
    """
    return ledger.decide(
        Entry(
            pipeline=asked.pipeline,
            kind=Kind.PROMOTED,
            as_of=asked.as_of,
            key=asked.key,
            version=asked.version,
            champion=asked.version,
            reason=f"by {asked.by}: {asked.reason}",
            evidence={
                BY: asked.by,
                "why": asked.reason,
                "from": bench.champion.number if bench.champion else None,
                "gate": _gate(ledger, asked),
            },
            generation=bench.generation,
            recorded_at=asked.recorded_at,
        )
    )


def _gate(ledger: Ledger, asked: Appointment) -> dict[str, object]:
    """The decision that was taken when the version was judged; empty when none is known."""
    return next(
        (
            {"sequence": each.sequence, "choice": each.evidence["choice"], "reason": each.reason}
            for each in ledger.decisions(asked.pipeline)
            if each.version == asked.version and "choice" in each.evidence
        ),
        {},
    )
