"""The desk where a delivery is admitted: judged, held in part, or refused whole."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.load import Definition
from tasks.data.lake import Lake
from tasks.data.source import Source
from tasks.errors import Refused
from tasks.quality.batch import guarded, refuse_unit_change
from tasks.quality.docs import DataDocs
from tasks.quality.judging import Judge, Judged, Refusal, title
from tasks.quality.quarantine import Quarantine
from tasks.records import Admission, Delivery, Outcome

_log = logging.getLogger("ratchet.ingest")


@dataclass(frozen=True)
class Desk:
    """Everything that admitting a pipeline's deliveries needs; `docs` is the Data Docs folder."""

    definition: Definition
    source: Source
    lake: Lake
    quarantine: Quarantine
    docs: Path

    @property
    def judge(self) -> Judge:
        """Who says of a delivery what can be said without the lake."""
        return Judge(self.definition, self.source)

    def admit(self, delivery: Delivery) -> Admission:
        """The delivery's verdict, and the lake as it says.

        Rows in the lake and rows in quarantine are then the rows delivered, or, refused, both are
        as they were. Bad data never raises. The same delivery admitted again ends in the same
        state, also after a kill at any point. Raises `Conflict` when another writer replaces the
        same partition meanwhile.
        """
        try:
            return self.settle(self.judge.judged(delivery))
        finally:
            self.list_docs()

    def settle(self, judged: Judged) -> Admission:
        """The verdict on what was judged before, as `admit` has it.

        Deliveries of a table are settled in order of arrival: units are compared with the
        partitions that are in the lake by then.
        """
        delivery, kept = judged.delivery, judged.kept
        refusal = self._unit_changed(judged) or judged.refusal
        docs = "" if refusal and refusal != judged.refusal else self._documented(judged)
        if refusal or kept is None:
            assert refusal  # nothing is kept for a reason
            message = f"{title(delivery)}: {refusal.message}"
            return Admission(
                delivery, Outcome.REFUSED, code=refusal.code, message=message, docs=docs
            )
        # Held rows first: killed in between, a row is in quarantine early and nowhere lost.
        self.quarantine.hold(delivery.sha256, judged.held)
        version = self.lake.table(delivery.table).replace_partition(
            delivery.partition, kept, delivery.sha256
        )
        return Admission(
            delivery,
            Outcome.ACCEPTED,
            rows=kept.num_rows,
            held=len(judged.held),
            warnings=judged.warnings,
            table_version=version,
            docs=docs,
        )

    def admit_all(self, deliveries: Iterable[Delivery]) -> list[Admission]:
        """Verdicts in the order given; one log line each, by which progress is counted."""
        admissions = []
        try:
            for delivery in deliveries:
                admission = self.settle(self.judge.judged(delivery))
                admissions.append(admission)
                _log.info("%s", told(admission), extra={"advance": 1})
        finally:
            self.list_docs()
        return admissions

    def list_docs(self) -> None:
        """Bring the index of the Data Docs up to date: it lists every page that there is."""
        DataDocs(self.docs).list()

    def _documented(self, judged: Judged) -> str:
        """The address of the delivery's page, written; empty without one."""
        if not judged.page:
            return ""
        return str(DataDocs(self.docs).write(judged.delivery, judged.page))

    def _unit_changed(self, judged: Judged) -> Refusal | None:
        """Compared with the latest earlier partition, else with the first later one."""
        delivery = judged.delivery
        columns = guarded(self.definition.pipeline.tables[delivery.table])
        if judged.rows is None or not columns:
            return None
        other, previous = self.lake.table(delivery.table).beside(delivery.partition, columns)
        try:
            if previous is not None:
                refuse_unit_change(judged.rows, previous, other)
        except Refused as refused:
            return Refusal.of(refused)
        return None


def told(admission: Admission) -> str:
    """An admission in a line."""
    found = f"{admission.rows} rows, {admission.held} held"
    told = found if admission.outcome is Outcome.ACCEPTED else admission.code
    return f"{title(admission.delivery)}: {admission.outcome}, {told}"
