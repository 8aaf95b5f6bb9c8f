"""Rows that a person pinned: what no stream can poison, no challenger may be worse on.

A gate on the stream that was poisoned promotes the poison (a data poisoning attack on the labels
of one group, Jagielski et al., Subpopulation Data Poisoning Attacks, CCS 2021): the challenger
that has learnt it is better on fresh rows, because they are poisoned as well.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from config.load import Definition
from config.values import Metric
from tasks.evaluation.intervals import Resampling, Sample, paired_difference
from tasks.evaluation.metrics import usable
from tasks.evaluation.trial import Bench, Pinned, Scores
from tasks.features.cohort import ordinals
from tasks.features.golden import Goldens
from tasks.predictions.scorer import Model
from tasks.records import Check, Interval, Severity, Status

if TYPE_CHECKING:
    from tasks.evaluation.contest import Beside, Champion

_TITLE = "Not worse on pinned rows"


def pinned(
    definition: Definition,
    training: pd.DataFrame,
    challenger: Model,
    champion: "Champion | None",
    beside: "Beside",
) -> Pinned | None:
    """Everybody's answers on the golden set; None when nothing is pinned.

    `training` are the rows that the challenger was fitted on.
    """
    golden, approved = beside.golden, beside.approved
    if golden is None:
        return None
    pipeline, frame = definition.pipeline, golden.frame
    wanted = [*pipeline.features.columns, pipeline.label.name]
    lacking = tuple(name for name in wanted if name not in frame)
    whole = frame.reindex(columns=[*frame.columns, *lacking])

    def scores(model: Model) -> Scores | None:
        return None if lacking else _scores(model, whole[list(pipeline.features.columns)])

    said = scores(challenger)
    served = scores(champion.model) if champion else None
    is_champion = champion and approved and champion.version.number == approved.version.number
    return Pinned(
        version=golden.pinning.number,
        y=whole[pipeline.label.name].fillna(0).to_numpy().astype(bool),
        days=ordinals(whole),
        challenger=np.full(len(whole), np.nan) if said is None else said,
        champion=served,
        reference=served if is_champion or approved is None else scores(approved.model),
        reference_version=approved.version.number if approved else None,
        metric=pipeline.metric,
        lacking=lacking,
        reused=int(Goldens(pipeline.question.key, (golden,)).holds(training).sum()),
    )


def golden(bench: Bench) -> tuple[Check, ...]:
    """On the pinned rows the challenger is not worse than by the margin, on the gate's metric.

    Than the champion, and than the last version that a person approved: steps that are each
    within the margin would otherwise walk away (biocreep). The rows stay the same, so what counts
    is the estimate itself; its interval is told beside it. The pipeline's metric only warns.
    """
    found, required = bench.trial.golden, bench.gate.golden.required
    if found is None:
        told = "no rows are pinned" + (" and gate.golden asks for them" if required else "")
        status = Status.NO_EVIDENCE if required else Status.NOT_APPLICABLE
        return (Check("golden", _TITLE, status, f"{told}: `ratchet golden pin`"),)
    if found.reused:
        told = f"the challenger was trained on {found.reused:,} rows of golden v{found.version}"
        return (Check("golden", _TITLE, Status.FAIL, told, {"reused_rows": float(found.reused)}),)
    wrong = _wrong(bench, found)
    if wrong:
        told = f"golden v{found.version}: {wrong}"
        return (Check("golden", _TITLE, Status.NO_EVIDENCE, told),)
    made = tuple(_made(bench, found))
    if made:
        return made
    told = "no champion yet: nobody to compare with on the pinned rows"
    return (Check("golden", _TITLE, Status.NOT_APPLICABLE, told),)


def _wrong(bench: Bench, found: Pinned) -> str:
    """Why nothing can be said on these rows; empty when something can."""
    rows, positives = len(found.y), int(np.asarray(found.y).astype(bool).sum())
    gate, fewer = bench.gate, min(positives, rows - positives)
    if found.lacking:
        return f"its rows have no {', '.join(found.lacking)}; pin them again"
    if rows < gate.min_rows or fewer < gate.min_per_class:
        return (
            f"{rows:,} rows, {positives:,} of them positive; {gate.min_rows:,} rows and "
            f"{gate.min_per_class:,} of each class are asked for; pin more"
        )
    if found.challenger.shape != (rows,) or not usable(found.challenger):
        return f"the challenger's answers to its {rows:,} rows are no probabilities"
    return ""


def _made(bench: Bench, found: Pinned) -> Iterator[Check]:
    champion, reference = bench.trial.champion_version, found.reference_version
    metrics = dict.fromkeys((bench.metric, found.metric or bench.metric))
    for metric in metrics:
        if champion is not None:
            yield _against(bench, metric, ("champion", f"champion {champion}"), found.champion)
        if reference is not None and reference != champion:
            who = ("approved", f"v{reference}, the last that was approved")
            yield _against(bench, metric, who, found.reference)


def _against(bench: Bench, metric: Metric, who: tuple[str, str], theirs: Scores | None) -> Check:
    found, (code, name) = bench.trial.golden, who
    assert found is not None
    is_gates, margin = metric == bench.metric, bench.gate.golden.margin
    code = f"golden:{code}" if is_gates else f"golden:{code}:{metric}"
    severity = Severity.BLOCKING if is_gates else Severity.WARNING
    rows = f"{len(found.y):,} rows of golden v{found.version}"
    lead = _lead(bench, found, metric, theirs)
    if math.isnan(lead.value):
        told = f"{name} has no answers on {rows} to compare {metric} with"
        return Check(code, _TITLE, Status.NO_EVIDENCE, told, severity=severity)
    told = (
        f"{metric} {abs(lead.value):.4f} {'better' if lead.value >= 0 else 'worse'} "
        f"[{lead.low:+.4f}, {lead.high:+.4f}] than {name} on {rows}, {margin:g} worse allowed"
    )
    numbers = {"difference": lead.value, "low": lead.low, "high": lead.high}
    numbers |= {"threshold": -margin, "rows": float(len(found.y)), "golden": float(found.version)}
    status = Status.FAIL if lead.value < -margin else Status.PASS
    return Check(code, _TITLE, status, told, numbers, severity)


def _lead(bench: Bench, found: Pinned, metric: Metric, theirs: Scores | None) -> Interval:
    """By how much the challenger is better; nan where nobody can say."""
    if theirs is None or theirs.shape != found.challenger.shape:
        return Interval(math.nan, math.nan, math.nan)
    return paired_difference(
        Sample(found.y, found.challenger, found.days),
        theirs,
        metric,
        Resampling(bench.gate.resamples, bench.gate.confidence),
    )


def _scores(model: Model, inputs: pd.DataFrame) -> Scores | None:
    """None for a model of other inputs, which cannot answer."""
    try:
        return np.asarray(model.predict_proba(inputs)[:, 1], dtype=np.float64)
    except (ValueError, KeyError):
        return None
