"""Bars: what each champion was promoted with, by metric, from the decisions that promoted it."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

from config.schema import Pipeline
from config.values import Metric
from tasks.evaluation.skill import Bar, Pledge, model_free
from tasks.ledger.ledger import Ledger
from tasks.ledger.standing import Standing
from tasks.ledger.text import interval
from tasks.records import Decision, Interval, Kind


def bars(ledger: Ledger, pipeline: Pipeline, as_of: datetime) -> dict[Metric, Bar]:
    """A bar for every metric, from decisions taken by then; none without a champion.

    A champion that was rolled back did not keep what it had promised: its pledge does not count,
    unless a person promoted it again.
    """
    decisions = Standing(ledger, pipeline.name, as_of).decisions
    serving = decisions[-1].champion if decisions else None
    if serving is None:
        return {}
    since = _reigned(decisions)
    heard = {each.version: each.evidence for each in decisions if "measured" in each.evidence}
    own = {number: ledger.reference(pipeline.name, number) for number in since}
    made = {}
    metrics: tuple[Metric, ...] = get_args(Metric)
    for metric in metrics:
        pledges = tuple(
            Pledge(
                version=number,
                since=moment,
                measured=own[number]
                if metric == pipeline.metric
                else _measured(heard.get(number, {}), "challenger", metric),
                baseline=_baseline(heard.get(number, {}), metric),
            )
            for number, moment in since.items()
        )
        made[metric] = Bar(metric, serving, pledges, pipeline.gate.confidence)
    return made


def _reigned(decisions: Sequence[Decision]) -> dict[int, datetime]:
    """Since when each version has its promise, those left out that did not keep it."""
    since: dict[int, datetime] = {}
    for decision in decisions:
        if decision.kind is Kind.PROMOTED:
            since[decision.version] = decision.as_of
        elif decision.kind is Kind.ROLLED_BACK:
            since.pop(decision.version, None)
            if decision.champion is not None:
                since.setdefault(decision.champion, decision.as_of)
    return since


def _baseline(evidence: Mapping[str, object], metric: Metric) -> float:
    """The model-free answer on the rows that the version was judged on.

    From their own share of true labels, as a reading's is. Where that is not on record, the
    `dummy`, which answers with the share of the training rows and is at most as good.
    """
    checks = evidence.get("checks")
    found = [
        each
        for each in (checks if isinstance(checks, list) else ())
        if _at(each, "code") == "evidence"
    ]
    numbers = _at(found[0], "numbers") if found else None
    rows, positives = _number(numbers, "rows"), _number(numbers, "positives")
    if rows > 0:
        return model_free(metric, positives / rows)
    return _measured(evidence, "dummy", metric).value


def _measured(evidence: Mapping[str, object], who: str, metric: Metric) -> Interval:
    told = _at(_at(_at(evidence, "measured"), who), metric)
    return interval(*(_number(told, name) for name in ("value", "low", "high")))


def _at(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None


def _number(value: object, key: str) -> float:
    found = _at(value, key)
    return float(found) if isinstance(found, int | float) else math.nan
