"""The desk where a delivery is admitted: judged, held in part, or refused whole."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from config.expectations import Suite
from config.load import Definition
from config.schema import Table
from tasks.data.lake import Lake, Read
from tasks.data.source import Source
from tasks.errors import Refused
from tasks.quality.batch import guarded, refuse_above_limit, refuse_batch, refuse_unit_change
from tasks.quality.contract import Cast, cast, without
from tasks.quality.docs import DataDocs
from tasks.quality.expectations import check
from tasks.quality.frames import frame
from tasks.quality.quarantine import Quarantine
from tasks.quality.reasons import Reasons, merged
from tasks.records import Admission, Delivery, Held, Outcome

_log = logging.getLogger("ratchet.ingest")


@dataclass(frozen=True)
class Desk:
    """Everything that admitting a pipeline's deliveries needs; `docs` is the Data Docs folder."""

    definition: Definition
    source: Source
    lake: Lake
    quarantine: Quarantine
    docs: Path

    def admit(self, delivery: Delivery) -> Admission:
        """The delivery's verdict, and the lake as it says.

        Rows in the lake and rows in quarantine are then the rows delivered, or, refused, both are
        as they were. Bad data never raises. The same delivery admitted again ends in the same
        state, also after a kill at any point. Raises `Conflict` when another writer replaces the
        same partition meanwhile.
        """
        pages = DataDocs(self.docs)
        table = self.definition.pipeline.tables[delivery.table]
        docs = ""
        try:
            _refuse_bad_name(delivery, table)
            delivered = self._delivered(delivery, table)
            findings = check(
                frame(delivered.rows), self._suite(delivery), _title(delivery), delivery.arrived_at
            )
            docs = str(pages.write(delivery, findings.result))
            findings.refuse()
            reasons = merged(delivered.reasons, findings.reasons)
            refuse_above_limit(delivered, reasons, table)
        except Refused as refusal:
            message = f"{_title(delivery)}: {refusal.message}"
            return Admission(
                delivery, Outcome.REFUSED, code=refusal.code, message=message, docs=docs
            )
        rows = without(delivered.rows, findings.reasons)
        # Held rows first: killed in between, a row is in quarantine early and nowhere lost.
        self.quarantine.hold(delivery.sha256, _held(delivery, delivered, reasons))
        version = self.lake.table(delivery.table).replace_partition(
            delivery.partition, rows, delivery.sha256
        )
        return Admission(
            delivery,
            Outcome.ACCEPTED,
            rows=rows.num_rows,
            held=len(reasons),
            warnings=delivered.warnings + findings.warnings,
            table_version=version,
            docs=docs,
        )

    def admit_all(self, deliveries: Iterable[Delivery]) -> list[Admission]:
        """Verdicts in the order given; one log line each, by which progress is counted."""
        admissions = []
        for delivery in deliveries:
            admission = self.admit(delivery)
            admissions.append(admission)
            _log.info("%s", _told(admission), extra={"advance": 1})
        return admissions

    def _delivered(self, delivery: Delivery, table: Table) -> Cast:
        """The delivery's rows, after everything that speaks against all of them."""
        delivered = cast(self.source.read(delivery), table, delivery.arrived_at)
        refuse_batch(delivered, table, delivery.partition)
        refuse_above_limit(delivered, delivered.reasons, table)
        other, previous = self._previous(delivery, table)
        if previous is not None:
            refuse_unit_change(delivered.rows, previous, other)
        return delivered

    def _previous(self, delivery: Delivery, table: Table) -> tuple[str, pa.Table | None]:
        """Guarded columns of the latest earlier partition, else of the first later one."""
        columns = guarded(table)
        lake_table = self.lake.table(delivery.table)
        others = [p for p in lake_table.partitions() if p != delivery.partition] if columns else []
        if not others:
            return "", None
        earlier = [name for name in others if name < delivery.partition]
        nearest = earlier[-1] if earlier else others[0]
        return nearest, lake_table.read(Read(tuple(columns), nearest, nearest))

    def _suite(self, delivery: Delivery) -> Suite:
        return self.definition.suites.get(delivery.table, Suite())


def _refuse_bad_name(delivery: Delivery, table: Table) -> None:
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


def _title(delivery: Delivery) -> str:
    return f"{delivery.table} {delivery.name}"


def _told(admission: Admission) -> str:
    found = f"{admission.rows} rows, {admission.held} held"
    told = found if admission.outcome is Outcome.ACCEPTED else admission.code
    return f"{_title(admission.delivery)}: {admission.outcome}, {told}"
