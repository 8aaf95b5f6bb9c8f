"""What a model card says about rows and figures."""

import math
from collections.abc import Iterator

from tasks.evaluation.metrics import higher_is_better
from tasks.ledger.card_blocks import Block, Table, checks_table, facts
from tasks.ledger.duel import CHALLENGER, CHAMPION, Duel, Rows
from tasks.ledger.templates import number, percent, reach, signed, signed_reach
from tasks.records import Failure, Fit, Interval, Severity


def metrics(duel: Duel) -> Iterator[Block]:
    """Every metric of everybody, on rows that no model had seen and on pinned ones."""
    gate = duel.pipeline.gate
    metrics = tuple(duel.measured.get(CHALLENGER, {}))
    yield (
        f"On {duel.holdout.rows:,} rows that no model had seen, with {percent(gate.confidence, 0)} "
        f"intervals over days. The gate compares {gate.metric}, candidates are chosen by "
        f"{duel.pipeline.metric}."
    )
    heads = (f"{m} ({'higher' if higher_is_better(m) else 'lower'} is better)" for m in metrics)
    yield Table(
        tuple(
            (duel.label.get(name, name), *(_told(by.get(metric)) for metric in metrics))
            for name, by in duel.standings.items()
        ),
        ("", *heads),
    )
    if duel.champion is not None:
        lead = f"{signed(duel.lead.value)} ({signed_reach(duel.lead)})"
        yield f"Lead over the champion on {gate.metric}: {lead}; above 0 is better."
    if duel.golden:
        yield f"On the rows of golden set v{duel.golden_version}, which a person pinned:"
        golden = duel.golden.items()
        yield Table(
            tuple((duel.label.get(name, name), _told(found)) for name, found in golden),
            ("", gate.metric),
        )


def data(duel: Duel, rows: Rows) -> Table:
    """Rows of some days."""
    rate = percent(rows.positives / rows.rows) if rows.rows else "not known"
    return facts(
        ("rows", f"{rows.rows:,}, {rows.positives:,} of them {duel.pipeline.label.name} ({rate})"),
        ("days", f"{rows.first_day} to {rows.last_day}"),
        ("digest", rows.digest),
    )


def snapshot(duel: Duel) -> Iterator[Block]:
    """Where the rows came from, and how long their labels were waited for."""
    seen, label = duel.snapshot, duel.pipeline.label
    tables = ", ".join(f"{name} (version {at})" for name, at in seen.versions.items())
    yield facts(
        ("tables", tables),
        ("snapshot", seen.digest),
        ("snapshot's rows", f"{seen.rows:,}, {seen.first_day} to {seen.last_day}"),
        ("label", f"{label.name}, from {label.table}: {label.expression}"),
        ("waited for labels", f"{label.complete_after_days} d after a day's end"),
    )


def training(duel: Duel) -> Iterator[Block]:
    """How the challenger was chosen, and what every candidate cost."""
    fit = duel.challenger
    described = duel.pipeline.candidates.get(fit.candidate)
    params = ", ".join(f"{name}={value}" for name, value in sorted(fit.params.items()))
    yield facts(
        ("parameters", params or "as the estimator has them"),
        ("seed", str(described.seed) if described else "not known"),
        ("warm start", _start(fit)),
        ("what ships", duel.ships),
        ("selection score", f"{number(fit.score)} {duel.pipeline.metric} over {_folds(fit)}"),
    )
    yield Table(
        tuple(_attempt(each) for each in duel.attempts),
        ("candidate", "selection score", "CPU seconds", "seconds", "peak MB", "trials"),
    )


def _start(fit: Fit) -> str:
    if fit.parent:
        return f"went on from v{fit.parent.version} (model sha256 {fit.parent.digest})"
    return f"none: {fit.cold}" if fit.cold else "none"


def _folds(fit: Fit) -> str:
    return f"{len(fit.folds)} folds ({', '.join(number(each) for each in fit.folds) or 'none'})"


def _attempt(attempt: Fit | Failure) -> tuple[str, ...]:
    if isinstance(attempt, Failure):
        told = f"{attempt.candidate} ({attempt.kind}: {attempt.reason})"
        return (told, "none", "not known", number(attempt.seconds, 1), "not known", "not known")
    taken = f" (taken from attempt {attempt.reused})" if attempt.reused else ""
    return (
        f"{attempt.candidate}{taken}",
        number(attempt.score),
        number(attempt.cpu_seconds, 1),
        number(attempt.seconds, 1),
        number(attempt.peak_mb, 0),
        str(attempt.trials),
    )


def groups(duel: Duel) -> Iterator[Block]:
    """What each group won or lost."""
    if not duel.parts:
        yield "No group was compared: none is declared, or none is large enough."
        return
    over = "the best baseline" if duel.champion is None else duel.label[CHAMPION]
    yield f"Leads are on {duel.pipeline.gate.metric}, over {over}; above 0 is better."
    rows = (
        (
            part.name,
            "yes" if part.check.severity is Severity.BLOCKING else "no",
            f"{part.rows:,}",
            number(part.challenger),
            number(part.champion),
            f"{signed(part.lead.value)} ({signed_reach(part.lead)})",
            part.check.status.value,
        )
        for part in duel.parts
    )
    head = ("group", "critical", "rows", CHALLENGER, CHAMPION, "lead", "check")
    yield Table(tuple(rows), head)


def fairness(duel: Duel) -> Iterator[Block]:
    """The checks of sensitive columns."""
    checks = [each for each in duel.verdict.checks if each.code.startswith("fairness")]
    columns = ", ".join(duel.pipeline.sensitive)
    if not columns:
        yield "No column is declared sensitive."
    if checks:
        yield checks_table(checks)
    elif columns:
        yield f"No check was made, although groups by {columns} should fare alike."


def calibration(duel: Duel) -> Iterator[Block]:
    """Whether three in ten of those given 0.3 come true."""
    for name, found in duel.calibration.items():
        error = f"{number(found.error.value, 3)} ({reach(found.error, 3)})"
        yield f"Expected calibration error of the {duel.label[name]}: {error}."
    bins = duel.calibration[CHALLENGER].bins if CHALLENGER in duel.calibration else ()
    if not bins:
        yield "There are no probabilities to compare with what came true."
        return
    rows = ((f"{b.rows:,}", f"{b.predicted:.3f}", f"{b.observed:.3f}") for b in bins)
    yield Table(tuple(rows), ("rows", "predicted", "came true"))


def importances(duel: Duel) -> Iterator[Block]:
    """What challenger and champion lean on."""
    found = {who: {e.column: e.loss for e in each} for who, each in duel.importances.items()}
    if not any(found.values()):
        yield "Importances were not measured."
        return
    yield "By how much the loss rises when a column is shuffled:"
    columns = dict.fromkeys(column for losses in found.values() for column in losses)
    yield Table(
        tuple(
            (column, *(_told(losses.get(column)) for losses in found.values()))
            for column in columns
        ),
        ("column", *(duel.label.get(who, who) for who in found)),
    )


def _told(found: Interval | None) -> str:
    if found is None or math.isnan(found.value):
        return "not known"
    return f"{number(found.value)} ({reach(found)})"
