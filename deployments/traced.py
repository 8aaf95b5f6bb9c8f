"""Traces in words: tables for people."""

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from deployments import show
from tasks.records import Check, Status
from tasks.tracing.files import FileTrace, Verdict
from tasks.tracing.predictions import PredictionTrace
from tasks.tracing.sources import File
from tasks.tracing.versions import Judgement, Origin, Reign, VersionTrace

_SHORT = 12  # characters of a digest that is shown

Rows = list[list[show.Cell]]


def prediction(found: PredictionTrace) -> None:
    """Print where a prediction came from, link by link."""
    answer, rescored = found.answer, found.rescored
    key = ", ".join(f"{name} {each}" for name, each in answer.key.items())
    rows: Rows = [
        ["question", f"{key}, asked {_at(answer.asked_at)}"],
        ["answer", f"{answer.probability!r} by v{answer.version}, logged {_at(answer.logged_at)}"],
        ["rescored", rescored.told],
        ["from the lake today", _today(found)],
        *_links(found.origin),
    ]
    show.table(f"prediction {answer.prediction_id}", ["", ""], rows)
    _checks(found.origin.judgement)
    show.table(
        f"its inputs were read from {len(found.files)} files",
        ["table", "partitions", "files", "rows", "last arrived", "replaced since"],
        [_read(table, [*files]) for table, files in groupby(found.files, lambda f: f.table)],
    )
    for each in found.files:
        if each.replaced_by:
            show.line(f"replaced since: {each.file} by {each.replaced_by[:_SHORT]}")
    for each in found.later:
        show.line(f"came later: {each.file or each.sha256[:_SHORT]}, {each.rows:,} rows")


def version(found: VersionTrace) -> None:
    """Print what is on record about a version, and the days that it scored."""
    rows = _links(found.origin)
    rows += [["decision", f"{d.decision}, {_at(d.as_of)}: {d.kind}"] for d in found.decisions]
    rows += [["champion", _reign(each)] for each in found.reigns] or [["champion", "never"]]
    promised = found.promised
    rows.append(["promised", f"{promised.value:.4f} [{promised.low:.4f}, {promised.high:.4f}]"])
    rows += [["probation", each.told] for each in found.probations]
    total = sum(each.rows for each in found.scored)
    rows.append(["scored", f"{total:,} questions of {len(found.scored)} days"])
    show.table(f"v{found.origin.version} ({found.origin.candidate})", ["", ""], rows)
    _checks(found.origin.judgement)
    if found.scored:
        listed: Rows = [[str(each.day), each.rows] for each in found.scored]
        show.table("partitions that it scored", ["day", "rows"], listed)
    for each in found.performances:
        show.line(f"measured {_at(each.as_of)}: {each.reason}")


def file(found: FileTrace) -> None:
    """Print what came of a delivered file."""
    lake, held, new = found.in_lake, found.in_quarantine, found.replaced_by
    reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in held.reasons.items())
    answered = ", ".join(f"v{number} {rows:,}" for number, rows in found.answered.items())
    rows: Rows = [
        ["file", found.file],
        ["sha256", found.sha256],
        ["delivers", f"{found.table}/{found.partition}"],
        ["arrived", f"{_at(found.arrived_at)}, {found.size_bytes:,} bytes"],
    ]
    rows += [["verdict", _verdict(each)] for each in found.verdicts]
    if not found.verdicts:
        rows.append(["verdict", "none yet: `ratchet ingest` judges it"])
    rows += [
        ["in the lake", f"{lake.rows:,} rows, at version {lake.table_version} of {found.table}"],
        ["held", f"{held.rows:,} rows, {held.released:,} released{reasons and f': {reasons}'}"],
        ["replaced by", f"{new.file}, {_at(new.arrived_at)}" if new else "nothing"],
        ["predictions of its questions", answered or "none"],
        ["versions trained with it", ", ".join(f"v{n}" for n in found.trained) or "none"],
    ]
    show.table(f"{found.table}/{found.partition}", ["", ""], rows)
    if new:
        show.line(f"what depended on it: `ratchet impact {found.table}/{found.partition}`")


def _links(origin: Origin) -> Rows:
    """The chain from a version back to its data, its verdict, its code and its configuration."""
    seen, content, judged = origin.snapshot, origin.content, origin.judgement
    same = "as today" if origin.same_config else "another today"
    rows: Rows = [
        ["version", f"v{origin.version} ({origin.candidate}), {origin.uri}"],
        ["model", f"manifest {origin.manifest[:_SHORT]}, trained through {origin.trained_through}"],
        ["run", origin.run_id],
    ]
    if seen and content:
        at = ", ".join(f"{name}@{number}" for name, number in sorted(seen.versions.items()))
        days = f"{seen.rows:,} rows of {seen.first_day} to {seen.last_day}"
        rows += [
            ["snapshot", f"{seen.digest[:_SHORT]}, as of {_at(seen.as_of)}: {days}"],
            ["table versions", at],
            ["its files", f"{content.files:,}, digest {content.digest[:_SHORT]}"],
        ]
    if judged:
        over = "nobody" if judged.replaced is None else f"v{judged.replaced}"
        rows += [
            ["gate", f"{judged.verdict or judged.kind} over {over}, {_at(judged.as_of)}"],
            ["decision", f"{judged.decision}, hash {judged.hash[:_SHORT]}: {judged.reason}"],
            ["approved by", judged.approved_by or "nobody was asked"],
        ]
    rows += [
        ["code", origin.code_version or "-"],
        ["configuration", f"{origin.config_hash[:_SHORT] or '-'}, {same}"],
        ["environment", origin.environment or "-"],
    ]
    return rows


def _checks(judged: Judgement | None) -> None:
    if judged:
        told = sorted(judged.checks, key=lambda each: [*Status].index(each.status))
        show.table("gate evidence", ["", "check", "why"], [_check(each) for each in told])


def _check(each: Check) -> Sequence[show.Cell]:
    return each.status, each.title, each.reason


def _today(found: PredictionTrace) -> str:
    now = found.rescored.now
    if math.isnan(now):
        return "-" if found.rescored.problem else "the question is gone"
    return "the same" if now == found.answer.probability else f"it would be {now!r}"


def _read(table: str, files: Sequence[File]) -> list[show.Cell]:
    partitions = sorted({each.partition for each in files})
    arrived = [each.arrived_at for each in files if each.arrived_at]
    return [
        table,
        partitions[0] if len(partitions) == 1 else f"{partitions[0]} to {partitions[-1]}",
        len(files),
        sum(each.rows for each in files),
        _at(max(arrived, default=None)),
        sum(bool(each.replaced_by) for each in files),
    ]


def _verdict(each: Verdict) -> str:
    told = f"{each.rows:,} rows, {each.held:,} held" if not each.code else each.code
    return "; ".join([f"{each.outcome}, {told}", *filter(None, [each.message, *each.warnings])])


def _reign(each: Reign) -> str:
    return f"from {_at(each.since)} " + (f"to {_at(each.until)}" if each.until else "until now")


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}" if moment else "-"
