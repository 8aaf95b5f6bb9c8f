"""What Prefect may run to tell what watching saw: log lines, artifacts, events."""

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prefect import task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)

from config import events
from tasks import policy
from tasks.drift import trigger
from tasks.ledger.telling import facts_markdown
from tasks.lookout import Conclusion, Sight
from tasks.post import emit, slug
from tasks.signs import Reading, Route, Signal
from tasks.stores import Stores

if TYPE_CHECKING:
    # Brings the library that draws drift reports, for which nobody else should wait.
    from tasks.drift.report import Drift

_log = logging.getLogger("ratchet.warn")

_SHOWN = 200


def _seen(stores: Stores, sight: Sight, drift: "Drift | None", conclusion: Conclusion) -> None:
    """What was measured and what has moved, as artifacts; what is news, as events."""
    performance, as_of = sight.performance, sight.performance.as_of
    _log.info("%s%s", "DROPPED: " if performance.dropped else "", performance.reason)
    key = slug(stores.name)
    create_markdown_artifact(key=f"performance-{key}", markdown=performance.reason)
    create_table_artifact(key=f"clocks-{key}", table=[_clock(each) for each in sight.readings])
    _signals(key, sight.signals)
    _route(key, sight)
    _report(key, drift, as_of)
    if not conclusion.news:
        return
    if conclusion.drop is not None:
        drop = conclusion.drop
        payload = {
            **drop.evidence,
            "version": performance.version,
            "as_of": drop.as_of,
            "cause": drop.cause,
            "reason": trigger.told(drop),
            "evidence": drop.evidence,
        }
        emit(events.PERFORMANCE_DROPPED, stores.name, payload)
    hold = sight.grounds.hold if sight.grounds.fired else None
    if hold is not None:
        what = f"{hold.why}: a drop that nothing is trained for"
        payload = {"what": what, "detail": hold.reason, "as_of": as_of}
        emit(events.ALARM_RAISED, stores.name, payload)
    if sight.alarms:
        _log.warning("drift: %s", sight.told)
        streams = sorted({each.stream for each in sight.alarms})
        payload = {"as_of": as_of, "streams": streams, "told": sight.told}
        emit(events.INPUTS_DRIFTED, stores.name, payload)


def _clock(reading: Reading) -> dict[str, object]:
    """A reading as a row of a table."""
    return {
        "clock": reading.clock.value,
        "metric": reading.metric,
        "value": reading.measured.value,
        "low": reading.measured.low,
        "high": reading.measured.high,
        "days": f"{reading.first_day} to {reading.last_day}",
        "rows": reading.rows,
        "labels": reading.labels,
        "why": reading.reason,
    }


def _route(key: str, sight: Sight) -> None:
    """What is thought to be behind it, on which numbers; nothing when there is nothing to do."""
    routed = sight.routed
    _log.info("%s: %s", routed.route.value, routed.reason)
    if routed.route is Route.NOTHING:
        return
    facts = {"why": routed.reason, **routed.evidence, **routed.suggested}
    create_markdown_artifact(key=f"route-{key}", markdown=facts_markdown(routed.route.value, facts))


def _signals(key: str, signals: Sequence[Signal]) -> None:
    """Streams by what speaks against them."""
    ordered = sorted(signals, key=lambda each: (not each.standing, -each.evidence * each.weight))
    create_table_artifact(
        key=f"signals-{key}",
        table=[
            {
                "stream": each.stream,
                "against": each.reference.value,
                "day": each.day.isoformat(),
                "verdict": "drifted" if each.standing else "",
                "evidence": each.evidence,
                "moved": each.measure,
                "effect": each.effect,
                "floor": each.floor,
                "unit": each.unit,
                "why": each.reason,
            }
            for each in ordered[:_SHOWN]
        ],
    )


def _report(key: str, drift: "Drift | None", as_of: datetime) -> None:
    """A link to the drift report, when one was due."""
    if drift is not None:
        create_link_artifact(
            key=f"drift-report-{key}",
            link=Path(drift.page).as_uri(),
            link_text=f"drift report as of {as_of:%Y-%m-%d %H:%M}",
        )


seen = task(**policy.IO, name="tell what was seen")(_seen)
