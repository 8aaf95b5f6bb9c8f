"""Fit, compare, and promote or keep: one attempt, one decision in the ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import flow
from pydantic import AwareDatetime

from tasks import build, evaluate, fit, policy, record, register, tell
from tasks.ledger.deciding import Ruling
from tasks.records import Decision
from tasks.registry.hearing import Hearing, submission
from tasks.stores import open_stores


@dataclass(frozen=True)
class Retrained:
    """The decision that the attempt led to; `news` is false when it had been taken before."""

    decision: Decision
    news: bool


@flow(
    flow_run_name=policy.sentence("retrain {pipeline} as of {as_of} ({reason})"),
    task_runner=policy.threads(3),
)
def retrain(
    pipeline: str = "flights",
    as_of: AwareDatetime | None = None,
    reason: str = "asked for by hand",
    cause: str = "",
) -> Retrained:
    """Train a challenger on complete days, judge it on later ones, and promote it or not.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only rows known by then. Empty: now.
        reason: Why, in a few words; it is kept with the decision.
        cause: The intent in the ledger that this run answers. Empty: none.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    definition, ledger = stores.definition, stores.ledger
    record.claim(ledger, pipeline, cause, as_of)
    days = build.training_days(definition, stores.lake, as_of)
    cohort = build.cohort(definition, stores.lake, days, as_of)
    key = register.key(definition, cohort.snapshot)
    decision = record.known(ledger, pipeline, key)
    news = decision is None
    if decision is None:
        bench = record.bench(ledger, pipeline, as_of)
        leakage = build.leakage(cohort)
        split = build.split(cohort, bench.trained_through)
        jobs = fit.jobs(definition, split.training, stores.workshop(key))
        attempts = fit.candidate.map(jobs).result()
        challenger = fit.best(attempts, definition.pipeline.metric)
        trial = evaluate.contest(definition, split, challenger, stores.served(bench))
        verdict = evaluate.judge(definition, trial, [leakage])
        measured = evaluate.measured(definition, trial)
        hearing = Hearing(
            cohort, split, challenger, attempts, measured, verdict, trial.champion_version, reason
        )
        version = register.version(stores.registry, submission(hearing, key))
        decision = record.decide(ledger, Ruling(hearing, version, key, bench, datetime.now(UTC)))
        tell.verdict(hearing, version.number)
        tell.decision(decision)
    fit.sweep(stores, key)
    register.alias(stores)
    record.settle(ledger, cause, decision)
    tell.status(stores, as_of)
    return Retrained(decision, news)
