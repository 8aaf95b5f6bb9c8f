"""What a delivery says for itself, before the lake is asked: it may be judged anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from config.expectations import Suite
from config.load import Definition
from config.schema import Table
from tasks.data.source import Source
from tasks.errors import Refused
from tasks.quality.batch import refuse_above_limit, refuse_batch
from tasks.quality.contract import Cast, cast, without
from tasks.quality.docs import rendered
from tasks.quality.expectations import Findings, check
from tasks.quality.frames import frame
from tasks.quality.reasons import Reasons, merged
from tasks.records import Delivery, Held


@dataclass(frozen=True)
class Refusal:
    """Why a delivery is refused whole, as `Refused` says it."""

    code: str
    message: str

    @classmethod
    def of(cls, refused: Refused) -> "Refusal":
        return cls(refused.code, refused.message)


@dataclass(frozen=True)
class Judged:
    """A delivery, judged without the lake: what would be kept of it, or why nothing is.

    `rows` fit the contract, `kept` are those that meet the expectations too; `refusal` stands
    whatever the lake says when there are no `rows`, else the lake is asked first. `page` is the
    delivery's page in the Data Docs, empty when it did not come to a judgement.
    """

    delivery: Delivery
    refusal: Refusal | None = None
    rows: pa.Table | None = None
    kept: pa.Table | None = None
    held: tuple[Held, ...] = ()
    warnings: tuple[str, ...] = ()
    page: str = ""


@dataclass(frozen=True)
class Judge:
    """Judges deliveries of a pipeline; goes to another process as it is."""

    definition: Definition
    source: Source

    def judged(self, delivery: Delivery) -> Judged:
        """The delivery read, cast and checked. Bad data never raises; nothing is written."""
        table = self.definition.pipeline.tables[delivery.table]
        try:
            refuse_bad_name(delivery, table)
            delivered = cast(self.source.read(delivery), table, delivery.arrived_at)
            refuse_batch(delivered, table, delivery.partition)
            refuse_above_limit(delivered, delivered.reasons, table)
        except Refused as refused:
            return Judged(delivery, Refusal.of(refused))
        suite = self.definition.suites.get(delivery.table, Suite())
        try:
            findings = check(frame(delivered.rows), suite, title(delivery), delivery.arrived_at)
        except Refused as refused:
            return Judged(delivery, Refusal.of(refused), delivered.rows)
        return _judged(delivery, table, delivered, findings)


def title(delivery: Delivery) -> str:
    """What a delivery is called."""
    return f"{delivery.table} {delivery.name}"


def refuse_bad_name(delivery: Delivery, table: Table) -> None:
    """Raise `Refused` (bad_name) if a partitioned table's file is not named by its day."""
    try:
        named = not table.partition or str(date.fromisoformat(delivery.partition)) == (
            delivery.partition
        )
    except ValueError:
        named = False
    if not named:
        raise Refused(
            "bad_name",
            f"the file is named {delivery.partition!r} and not by its {table.partition}; "
            "name it like 2013-02-14.csv",
        )


def _judged(delivery: Delivery, table: Table, delivered: Cast, findings: Findings) -> Judged:
    page = rendered(findings.result)
    reasons = merged(delivered.reasons, findings.reasons)
    try:
        findings.refuse()
        refuse_above_limit(delivered, reasons, table)
    except Refused as refused:
        return Judged(delivery, Refusal.of(refused), delivered.rows, page=page)
    return Judged(
        delivery=delivery,
        rows=delivered.rows,
        kept=without(delivered.rows, findings.reasons),
        held=tuple(_held(delivery, delivered, reasons)),
        warnings=delivered.warnings + findings.warnings,
        page=page,
    )


def _held(delivery: Delivery, delivered: Cast, reasons: Reasons) -> Sequence[Held]:
    payloads = delivered.payloads(reasons)
    return [
        Held(
            table=delivery.table,
            partition=delivery.partition,
            delivery=delivery.sha256,
            row=row,
            reasons=tuple(why),
            payload=payloads[row],
            held_at=delivery.arrived_at,
        )
        for row, why in reasons.items()
    ]
