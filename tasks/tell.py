"""What Prefect may run to tell people and machines: log lines, artifacts, events, the page."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import cast
from uuid import UUID

from prefect import task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from config import events
from tasks import pages, policy
from tasks.evaluation.hearing import Hearing
from tasks.features.pinning import Pinning
from tasks.ledger.attestations import Attestation
from tasks.ledger.claims import Claim
from tasks.ledger.played import Played
from tasks.ledger.pointer import Lost
from tasks.ledger.probations import Ending, Probation
from tasks.ledger.selftests import Selftest
from tasks.ledger.telling import (
    candidates_markdown,
    decision_sentence,
    facts_markdown,
    verdict_markdown,
)
from tasks.post import emit, slug
from tasks.predictions.scorer import Scored
from tasks.records import Admission, Decision, Kind, ModelVersion, Outcome
from tasks.stores import Stores

_log = logging.getLogger("ratchet.tell")


def _deliveries(pipeline: str, admissions: list[Admission], as_of: datetime) -> None:
    """A table of what arrived, and events for new data and for refused deliveries."""
    if not admissions:
        _log.info("nothing new arrived")
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
    create_table_artifact(key=f"deliveries-{slug(pipeline)}", table=rows[:200])
    refused = [each for each in admissions if each.outcome is Outcome.REFUSED]
    accepted, held = len(admissions) - len(refused), sum(each.held for each in admissions)
    _log.info("%d deliveries accepted, %d refused, %d rows held", accepted, len(refused), held)
    if accepted:
        emit(events.DATA_ARRIVED, pipeline, {"deliveries": accepted, "as_of": as_of})
    for each in refused:
        payload = {"table": each.delivery.table, "partition": each.delivery.partition}
        emit(events.DELIVERY_REFUSED, pipeline, {**payload, "code": each.code})


def _asked(pipeline: str, claim: Claim, evidence: Mapping[str, object] | None) -> None:
    """Why this retrain was started, with the numbers behind it; nothing when a person asked."""
    if not claim.cause:
        return
    _log.info("answers %s", claim.cause)
    create_markdown_artifact(
        key=f"cause-{slug(pipeline)}",
        markdown=facts_markdown(claim.cause, evidence or claim.evidence),
    )


def _declined(pipeline: str, claim: Claim) -> None:
    """That nothing was trained, and why: on the run, in its log, and in its name."""
    _log.info("nothing trained: %s", claim.declined)
    create_markdown_artifact(
        key=f"declined-{slug(pipeline)}",
        markdown=facts_markdown("Nothing trained", {"why": claim.declined, "cause": claim.cause}),
    )
    with get_client(sync_client=True) as client:
        name = f"{flow_run.get_name()}, declined"
        client.update_flow_run(UUID(str(flow_run.get_id())), name=name)


def _verdict(stores: Stores, hearing: Hearing, version: ModelVersion) -> None:
    """The verdict with every check, as a table on the run, and a link to the comparison."""
    pipeline, verdict = hearing.definition.pipeline, hearing.verdict
    title = f"{pipeline.name} v{version.number} ({hearing.challenger.candidate})"
    _log.info("%s: %s, %s", title, verdict.choice.value, verdict.reason)
    told = [verdict_markdown(verdict, title), candidates_markdown(hearing.costs, pipeline.metric)]
    refit = hearing.ships.certificate
    if refit is not None:
        told.append(facts_markdown(refit.title, {refit.status.value: refit.reason}))
    create_markdown_artifact(key=f"verdict-{slug(pipeline.name)}", markdown="\n\n".join(told))
    create_link_artifact(
        key=f"comparison-{slug(pipeline.name)}",
        link=pages.comparison(stores, hearing, version).as_uri(),
        link_text=f"{title} beside the champion",
    )


def _decision(decision: Decision) -> None:
    """An event that says what was decided."""
    _log.info("%s", decision_sentence(decision))
    event = {
        Kind.PROMOTED: events.CHAMPION_PROMOTED,
        Kind.REFUSED: events.CHALLENGER_REFUSED,
        Kind.EXPIRED: events.APPROVAL_EXPIRED,
        Kind.ROLLED_BACK: events.CHAMPION_ROLLED_BACK,
    }[decision.kind]
    payload = {
        "sequence": decision.sequence,
        "version": decision.version,
        "champion": decision.champion,
        "as_of": decision.as_of.isoformat(),
        "reason": decision.reason,
    }
    emit(event, decision.pipeline, payload)


def _probation(probation: Probation) -> None:
    """What a promotion delivered; an alarm when it is worse and serves on."""
    _log.info("%s", probation.told)
    create_markdown_artifact(key=f"probation-{slug(probation.pipeline)}", markdown=probation.told)
    if probation.ending is Ending.WORSE:
        what = f"v{probation.version} is worse than v{probation.replaced}, which it replaced"
        _alarm(probation.pipeline, what, probation.reason, probation.as_of)


def _begun(pipeline: str, what: str) -> UUID:
    """A bar on the run that shows how far it is."""
    bar = create_progress_artifact(0.0, key=f"progress-{slug(pipeline)}", description=what)
    return cast("UUID", bar)  # typed for callers that await it


def _advanced(bar: UUID, percent: float) -> None:
    """Move the bar."""
    update_progress_artifact(bar, percent)


def _nights(pipeline: str, played: list[Played]) -> None:
    """A table of past nights that were played again, those that failed first."""
    rows = [asdict(each) for each in sorted(played, key=lambda each: (not each.error, each.night))]
    table = [{**row, "night": str(row["night"])} for row in rows]
    create_table_artifact(key=f"nights-{slug(pipeline)}", table=table)


def _pinned(pinning: Pinning) -> None:
    """What was pinned, by whom and why."""
    _log.info("%s", pinning.told)
    facts = {name: str(value) for name, value in asdict(pinning).items() if name != "columns"}
    markdown = facts_markdown(f"Golden v{pinning.number}", facts)
    create_markdown_artifact(key=f"golden-{slug(pinning.pipeline)}", markdown=markdown)


def _scored(scored: Scored) -> None:
    """How many answers were given, by whom."""
    versions = ", ".join(f"v{number}" for number in scored.versions) or "no champion needed"
    _log.info("scored %d rows on %d days (%s)", scored.rows, len(scored.days), versions)


def _night(pipeline: str, as_of: datetime, told: Sequence[str]) -> None:
    """What the night came to, also when there was nothing to do; its end is an event."""
    _log.info("the night is over: %s", "; ".join(told))
    lines = "\n".join(f"- {line}" for line in told)
    create_markdown_artifact(key=f"night-{slug(pipeline)}", markdown=lines)
    emit(events.NIGHT_FINISHED, pipeline, {"as_of": as_of, "told": list(told)})


def _alarm(pipeline: str, what: str, detail: str, as_of: datetime) -> None:
    """Something that a person should look at."""
    _log.warning("ALARM: %s%s", what, f" ({detail})" if detail else "")
    facts = {"pipeline": pipeline, "as of": as_of.isoformat(), "detail": detail}
    create_markdown_artifact(key=f"alarm-{slug(pipeline)}", markdown=facts_markdown(what, facts))
    emit(events.ALARM_RAISED, pipeline, {"what": what, "detail": detail, "as_of": as_of})


def _lost(lost: Lost, as_of: datetime) -> None:
    """An alarm when versions were deleted; nothing when none was."""
    if lost.numbers:
        _alarm(lost.pipeline, lost.told, lost.remedy, as_of)


def _reconciled(pipeline: str, done: Sequence[str]) -> None:
    """What was found unfinished, and what became of it."""
    _log.info("%s", "; ".join(done) or "nothing was left unfinished")
    if done:
        lines = "\n".join(f"- {line}" for line in done)
        create_markdown_artifact(key=f"reconciled-{slug(pipeline)}", markdown=lines)


def _selftest(pipeline: str, found: Selftest) -> None:
    """What sabotage came to, misses first; a miss is an alarm."""
    _log.info("selftest: %s", found.told)
    rows = [
        {
            "case": case.name,
            "verdict": "MISSED" if case.missed else "",
            "came to": "refused" if case.refused else "taken",
            "by": ", ".join(case.by),
            "why": case.reason,
        }
        for case in sorted(found.cases, key=lambda case: not case.missed)
    ]
    create_table_artifact(key=f"selftest-{slug(pipeline)}", table=rows)
    if found.missed:
        _alarm(pipeline, "sabotage was not refused", found.told, found.as_of)


def _attestation(pipeline: str, found: Attestation | None) -> None:
    """How a version that was made again came out; an alarm when it is another."""
    told = found.told if found else "no version can be made again yet"
    _log.info("attestation: %s", told)
    create_markdown_artifact(key=f"attestation-{slug(pipeline)}", markdown=told)
    if found is not None and not found.likeness.holds:
        what = f"v{found.version} does not reproduce: {found.likeness.value}"
        _alarm(pipeline, what, found.reason, found.as_of)


def _redone(pipeline: str, told: Sequence[str]) -> None:
    """What was done again after deliveries that were corrected."""
    _log.info("%s", "; ".join(told))
    lines = "\n".join(f"- {line}" for line in told)
    create_markdown_artifact(key=f"redone-{slug(pipeline)}", markdown=lines)


def _status(stores: Stores, as_of: datetime) -> Path:
    """The monitoring and the status page, written whole; the run links to them."""
    monitoring, page = pages.monitoring(stores, as_of), pages.status(stores, as_of)
    for what, path in (("monitoring", monitoring), ("status", page)):
        if path is not None:
            create_link_artifact(
                key=f"{what}-{slug(stores.name)}",
                link=path.as_uri(),
                link_text=f"{what} as of {as_of:%Y-%m-%d %H:%M}",
            )
    return page


deliveries = task(**policy.IO, name="tell what arrived")(_deliveries)
asked = task(**policy.IO, name="tell the cause")(_asked)
declined = task(**policy.IO, name="tell why not")(_declined)
verdict = task(**policy.IO, name="tell the verdict")(_verdict)
decision = task(**policy.IO, name="tell the decision")(_decision)
probation = task(**policy.IO, name="tell the probation")(_probation)
scored = task(**policy.IO, name="tell the score")(_scored)
night = task(**policy.IO, name="tell the night")(_night)
alarm = task(**policy.IO, name="raise the alarm")(_alarm)
lost = task(**policy.IO, name="tell of lost versions")(_lost)
reconciled = task(**policy.IO, name="tell what was mended")(_reconciled)
selftest = task(**policy.IO, name="tell the selftest")(_selftest)
attestation = task(**policy.IO, name="tell the attestation")(_attestation)
redone = task(**policy.IO, name="tell what was redone")(_redone)
status = task(**policy.IO, name="status page")(_status)
begun = task(**policy.IO, name="show a progress bar")(_begun)
advanced = task(**policy.IO, name="move the progress bar")(_advanced)
pinned = task(**policy.IO, name="tell what was pinned")(_pinned)
nights = task(**policy.IO, name="tell the nights")(_nights)
