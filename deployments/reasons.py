"""What an attempt followed from, beside the one before it: what was fitted anew, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments import show
from deployments.attempts import Run
from tasks.errors import RatchetError
from tasks.ledger.telling import decision_sentence
from tasks.records import Decision, ModelVersion
from tasks.registry import recipe
from tasks.stores import open_stores

SNAPSHOT, ROWS, CODE, CONFIG, ENVIRONMENT, SOURCES = (
    "snapshot", "training rows", "code", "config", "environment", "own estimators"
)  # fmt: skip
_FITS_FOLLOW = (ROWS, CODE, CONFIG, ENVIRONMENT, SOURCES)
_SHOWN = 12  # characters of a digest

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """Something that an attempt follows from; `before` is that of the attempt before it.

    `since` is the first of the latest attempts in a row that share it, and as of when that was.
    `changed` is none where one of both is not on record. `differs` says how, as far as is known.
    """

    name: str
    value: str
    before: str
    changed: bool | None
    since: str
    since_as_of: datetime
    differs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tried:
    """A candidate of the attempt: fitted, taken from an earlier attempt, or failed; and why."""

    candidate: str
    came: str
    why: str
    cpu_seconds: float


@dataclass(frozen=True)
class Reasons:
    """An attempt with its decision; `before` is the key of the attempt before it, or empty.

    `cpu_seconds` are those that its fits took here, and those that the ones it took had taken.
    """

    pipeline: str
    key: str
    run_id: str
    version: int
    as_of: datetime
    decision: str
    before: str
    parts: tuple[Part, ...]
    fits: tuple[Tried, ...]
    cpu_seconds: Mapping[str, float]


def tell(run: Run, as_json: bool) -> None:
    """Print why an attempt was made as it was."""
    found = reasons(run)
    if as_json:
        show.document(found)
        return
    show.line(decision_sentence(run.decision))
    title = f"attempt {found.key}, v{found.version}, MLflow run {found.run_id}"
    columns = ["follows from", "this attempt", f"before: {found.before or 'none'}", "", "since"]
    show.table(title, columns, [_row(part, not found.before) for part in found.parts])
    for part in found.parts:
        for told in part.differs:
            show.line(f"{part.name}: {told}")
    rows: list[list[show.Cell]] = [
        [each.candidate, each.came, each.cpu_seconds, each.why] for each in found.fits
    ]
    show.table("fits", ["candidate", "", "CPU seconds", "why"], rows)
    spent = found.cpu_seconds
    if spent:
        told = f"{spent['reused']:.1f} had been spent by earlier attempts"
        show.line(f"{spent['spent']:.1f} CPU seconds were spent on these fits, {told}")


def reasons(run: Run) -> Reasons:
    """What an attempt follows from, and what came of that for each of its candidates."""
    parts = _parts(run)
    evidence: Plain = run.decision.evidence
    return Reasons(
        pipeline=run.decision.pipeline,
        key=run.decision.key,
        run_id=run.version.run_id,
        version=run.version.number,
        as_of=run.decision.as_of,
        decision=decision_sentence(run.decision),
        before=run.before.key if run.before else "",
        parts=parts,
        fits=tuple(_tried(each, parts, run.before) for each in evidence["attempts"]),
        cpu_seconds=evidence.get("cpu_seconds", {}),
    )


def _parts(run: Run) -> tuple[Part, ...]:
    values = [_values(each) for each in run.line]
    return tuple(
        _part(run, name, [each.get(name, "") for each in values])
        for name in (SNAPSHOT, *_FITS_FOLLOW)
        if any(name in each for each in values[-2:])
    )


def _values(decision: Decision) -> dict[str, str]:
    """What is on record of an attempt, by name; an older Ratchet kept less."""
    evidence: Plain = decision.evidence
    sources = evidence.get("sources") or {}
    told = {
        SNAPSHOT: evidence["snapshot"]["digest"],
        ROWS: evidence.get("training", {}).get("digest"),
        CODE: evidence.get("code_version"),
        CONFIG: evidence.get("config_hash"),
        ENVIRONMENT: evidence.get("environment"),
        SOURCES: ", ".join(f"{name} {digest[:_SHOWN]}" for name, digest in sources.items()),
    }
    return {name: str(value) for name, value in told.items() if value}


def _part(run: Run, name: str, values: Sequence[str]) -> Part:
    value, before = values[-1], values[-2] if run.before else ""
    first = next((n + 1 for n in range(len(values) - 1, -1, -1) if values[n] != value), 0)
    known = bool(value and before) or name == SOURCES
    changed = value != before if run.before and known else None
    return Part(
        name=name,
        value=value,
        before=before,
        changed=changed,
        since=run.line[first].key,
        since_as_of=run.line[first].as_of,
        differs=_differs(run, run.before, name) if run.before and changed else (),
    )


def _differs(run: Run, before: Decision, name: str) -> tuple[str, ...]:
    """How a part of this attempt differs from that of the one before, as far as is known."""
    now, then = run.version, run.versions[before.version]
    if name == SNAPSHOT:
        return (f"{_rows(run.decision)}; before {_rows(before)}",)
    if name == CONFIG:
        below = f"{recipe.DEFINITION}/{now.pipeline}/"
        return _files(*(_below(below, each.manifest) for each in (now, then)))
    return _distributions(now, then) if name == ENVIRONMENT else ()


def _rows(decision: Decision) -> str:
    evidence: Plain = decision.evidence
    seen = evidence["snapshot"]
    return f"{seen['rows']:,} rows of {seen['first_day']} to {seen['last_day']}"


def _below(folder: str, manifest: Mapping[str, str]) -> dict[str, str]:
    return {
        path.removeprefix(folder): digest
        for path, digest in manifest.items()
        if path.startswith(folder)
    }


def _files(now: Mapping[str, str], then: Mapping[str, str]) -> tuple[str, ...]:
    """Which files changed; nothing where one of both versions was registered without them."""
    if not (now and then):
        return ()
    told = {
        **{name: "changed" for name in now if now[name] != then.get(name)},
        **{name: "is new" for name in now if name not in then},
        **{name: "is gone" for name in then if name not in now},
    }
    return tuple(f"{name} {how}" for name, how in sorted(told.items()))


def _distributions(now: ModelVersion, then: ModelVersion) -> tuple[str, ...]:
    """Which distributions changed; nothing where one of both recipes cannot be read."""
    try:
        stores = open_stores(now.pipeline)
        one, other = (
            dict(each.split("==", 1) for each in recipe.read(v, stores.folder(v.number)).installed)
            for v in (now, then)
        )
    except (RatchetError, OSError):
        return ()
    names = sorted(name for name in one.keys() | other if one.get(name) != other.get(name))
    return tuple(
        f"{name} {one.get(name, 'is gone')}, was {other.get(name, 'not there')}" for name in names
    )


def _tried(attempt: Plain, parts: Sequence[Part], before: Decision | None) -> Tried:
    seconds = float(attempt.get("cpu_seconds") or 0.0)
    name, reused = str(attempt["candidate"]), attempt.get("reused")
    if reused:
        why = "nothing that it follows from had changed since"
        return Tried(name, f"taken from attempt {reused}", why, seconds)
    if "kind" in attempt:
        return Tried(name, "failed", f"{attempt['kind']}: {attempt['reason']}", seconds)
    changed = [part.name for part in parts if part.changed and part.name in _FITS_FOLLOW]
    if changed:
        why = f"{' and '.join(changed)} changed"
    elif before is None:
        why = "there is no attempt before it"
    else:
        why = "no fit was kept that it could take, or it would go on from another champion"
    return Tried(name, "fitted anew", why, seconds)


def _row(part: Part, is_first: bool) -> list[show.Cell]:
    mark = {True: "changed", False: "same", None: ""}[part.changed]
    since = f"{part.since_as_of:%Y-%m-%d} ({part.since})"
    before = "-" if is_first else _short(part.before)
    return [part.name, _short(part.value), before, mark, since]


def _short(value: str) -> str:
    return (value if " " in value else value[:_SHOWN]) or "not on record"
