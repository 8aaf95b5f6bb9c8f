"""What Prefect may run to tell people and machines: artifacts, events, the status page."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from prefect import task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.events import emit_event

from config import events
from tasks import policy
from tasks.drift.report import Drift
from tasks.ledger.telling import verdict_markdown
from tasks.records import Admission, Decision, Kind, Outcome, Performance
from tasks.registry.hearing import Hearing
from tasks.stores import Stores


def _deliveries(pipeline: str, admissions: list[Admission]) -> None:
    """A table of what arrived, and events for new data and for refused deliveries."""
    if not admissions:
        return
    rows = [
        {
            "table": each.delivery.table,
            "partition": each.delivery.partition,
            "outcome": each.outcome.value,
            "rows": each.rows,
            "held": each.held,
            "why": each.message,
        }
        for each in sorted(admissions, key=lambda each: each.outcome is Outcome.ACCEPTED)
    ]
    create_table_artifact(key=f"deliveries-{_slug(pipeline)}", table=rows[:200])
    refused = [each for each in admissions if each.outcome is Outcome.REFUSED]
    if len(refused) < len(admissions):
        _emit(events.DATA_ARRIVED, pipeline, {"deliveries": len(admissions) - len(refused)})
    for each in refused:
        payload = {"table": each.delivery.table, "partition": each.delivery.partition}
        _emit(events.DELIVERY_REFUSED, pipeline, {**payload, "code": each.code})


def _verdict(hearing: Hearing, number: int) -> None:
    """The verdict with every check, as a table on the run."""
    pipeline = hearing.definition.pipeline
    title = f"{pipeline.name} v{number} ({hearing.challenger.candidate})"
    create_markdown_artifact(
        key=f"verdict-{_slug(pipeline.name)}", markdown=verdict_markdown(hearing.verdict, title)
    )


def _decision(decision: Decision) -> None:
    """An event that says what was decided."""
    event = {
        Kind.PROMOTED: events.CHAMPION_PROMOTED,
        Kind.REFUSED: events.CHALLENGER_REFUSED,
        Kind.ROLLED_BACK: events.CHAMPION_ROLLED_BACK,
    }[decision.kind]
    payload = {
        "sequence": decision.sequence,
        "version": decision.version,
        "champion": decision.champion,
        "as_of": decision.as_of.isoformat(),
        "reason": decision.reason,
    }
    _emit(event, decision.pipeline, payload)


def _performance(performance: Performance, drift: Drift | None, news: bool) -> None:
    """What was measured, as artifacts; a drop that is news, as an event with its evidence."""
    slug = _slug(performance.pipeline)
    create_markdown_artifact(key=f"performance-{slug}", markdown=performance.reason)
    if drift is not None:
        rows: list[dict[str, str | float | None]] = [
            {"column": name, "distance or p-value": value, "verdict": "drifted" if over else ""}
            for over in (True, False)
            for name, value in drift.distances.items()
            if (name in drift.drifted) is over
        ]
        rows += [
            {"column": name, "distance or p-value": None, "verdict": "cannot be compared"}
            for name in drift.undefined
        ]
        create_table_artifact(key=f"drift-{slug}", table=rows)
        create_link_artifact(
            key=f"drift-report-{slug}",
            link=Path(drift.page).as_uri(),
            link_text=f"drift report as of {performance.as_of:%Y-%m-%d %H:%M}",
        )
    if news and performance.dropped:
        payload = {
            "metric": performance.metric,
            "value": performance.measured.value,
            "low": performance.measured.low,
            "high": performance.measured.high,
            "reference": performance.reference,
            "labels": performance.labels,
            "version": performance.version,
            "as_of": performance.as_of.isoformat(),
        }
        _emit(events.PERFORMANCE_DROPPED, performance.pipeline, payload)


def _status(stores: Stores, as_of: datetime) -> Path:
    """The status page, written whole; the run links to it."""
    page = stores.write_status_page(as_of)
    create_link_artifact(
        key=f"status-{_slug(stores.name)}",
        link=page.as_uri(),
        link_text=f"status as of {as_of:%Y-%m-%d %H:%M}",
    )
    return page


def _emit(name: str, pipeline: str, payload: Mapping[str, object]) -> None:
    resource = {
        "prefect.resource.id": f"ratchet.pipeline.{pipeline}",
        "prefect.resource.name": pipeline,
        "ratchet.pipeline": pipeline,
    }
    emit_event(name, resource=resource, payload=dict(payload))


def _slug(name: str) -> str:
    return name.replace("_", "-")


deliveries = task(**policy.IO, name="tell what arrived")(_deliveries)
verdict = task(**policy.IO, name="tell the verdict")(_verdict)
decision = task(**policy.IO, name="tell the decision")(_decision)
performance = task(**policy.IO, name="tell the performance")(_performance)
status = task(**policy.IO, name="status page")(_status)
