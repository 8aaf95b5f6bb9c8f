"""Fit, compare, and promote or keep: one attempt, one decision in the ledger."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow, unmapped
from pydantic import AwareDatetime

from tasks import ask, build, evaluate, fit, policy, record, register, tell
from tasks.evaluation.hearing import Hearing, submission
from tasks.ledger.approval import Wish
from tasks.ledger.claims import Claim
from tasks.ledger.deciding import Bench, Ruling
from tasks.ledger.telling import decision_sentence
from tasks.records import Decision
from tasks.stores import Stores, open_stores

if TYPE_CHECKING:
    from tasks.features.cohort import Cohort


@dataclass(frozen=True)
class Retrained:
    """The decision that the attempt led to; `news` is false when it had been taken before.

    `declined` says why nothing was trained; the decision is then the one that was there, or none.
    """

    decision: Decision | None
    news: bool
    declined: str = ""

    @property
    def told(self) -> str:
        if self.decision is None or self.declined:
            return f"nothing trained: {self.declined}"
        return decision_sentence(self.decision)


@flow(
    flow_run_name=policy.sentence("retrain {pipeline} as of {as_of} ({reason})"),
    task_runner=policy.threads(3),
)
def retrain(  # noqa: PLR0913, PLR0917 - one parameter a field of the form
    pipeline: str = "flights",
    as_of: AwareDatetime | None = None,
    reason: str = "asked for by hand",
    cause: str = "",
    evidence: dict[str, Any] | None = None,
    approval: Wish = "as configured",
) -> Retrained:
    """Train a challenger on complete days, judge it on later ones, and promote it or not.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only rows known by then. Empty: now.
        reason: Why, in a few words; it is kept with the decision.
        cause: The intent in the ledger that this run answers. Empty: none.
        evidence: The numbers behind the cause, shown on the run. Empty: those in the ledger.
        approval: Whether a person has to agree before the challenger serves.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    waits = stores.definition.pipeline.retrain.overlap == "wait"
    with record.alone(stores.retraining, waits) as busy:
        claim = record.claim(stores, cause, as_of, busy)
        if claim.declined:
            tell.declined(pipeline, claim)
            return Retrained(claim.decision, news=False, declined=claim.declined)
        tell.asked(pipeline, claim, evidence)
        suggested = stores.definition.trained_on(claim.train_days)
        return _attempt(replace(stores, definition=suggested), claim, reason, approval)


def _attempt(stores: Stores, claim: Claim, reason: str, approval: Wish) -> Retrained:
    """One attempt, for a moment that has been claimed; run again, it goes on where it was."""
    definition, ledger, as_of = stores.definition, stores.ledger, claim.as_of
    days = build.training_days(definition, stores.lake, as_of)
    cohort = build.cohort(definition, stores.lake, days, as_of, build.golden(stores))
    key = register.key(definition, cohort.snapshot)
    decision = record.known(ledger, stores.name, key)
    news = decision is None
    if decision is None:
        bench = record.bench(ledger, stores.name, as_of)
        hearing = heard(stores, bench, cohort, key, reason)
        version = register.version(stores.registry, submission(hearing, key))
        hearing = record.proved(stores, hearing, version)
        tell.verdict(stores, hearing, version)
        answer = ask.person(stores, hearing, version.number, approval)
        ruling = Ruling(hearing, version, key, bench, datetime.now(UTC), answer, claim.cause)
        decision = record.decide(ledger, ruling)
        register.documents(stores, ruling, decision)
        tell.decision(decision)
    fit.sweep(stores, key)
    register.alias(stores)
    record.settle(ledger, claim.cause, decision)
    tell.status(stores, as_of)
    return Retrained(decision, news)


def heard(stores: Stores, bench: Bench, cohort: "Cohort", key: str, reason: str) -> Hearing:
    """The best of the candidates, judged on rows that no model has seen; nothing is decided."""
    definition = stores.definition
    leakage = build.leakage(cohort)
    split = build.split(cohort, bench.trained_through)
    champion = record.served(stores, bench)
    jobs = fit.jobs(definition, split, stores.workshop(key), champion)
    seen = fit.fingerprint(definition, split)
    attempts = fit.candidate.map(jobs, unmapped(stores.fits), unmapped(seen)).result()
    challenger = fit.best(attempts, definition.pipeline.metric)
    beside = record.beside(stores, bench, cohort, champion)
    trial = evaluate.contest(definition, split, challenger, champion, beside)
    explaining = evaluate.explained.submit(definition, split, challenger, champion)
    examined = evaluate.examined(definition, split, challenger, champion, trial)
    explained = explaining.result()
    pace = record.pace(stores.ledger, stores.name, definition.pipeline.gate, cohort.snapshot.as_of)
    canaries = record.canaries(stores.ledger, stores.name)
    beforehand = [leakage, pace, canaries, *examined, explained.drift]
    hearing = Hearing(
        cohort=cohort,
        split=split,
        challenger=challenger,
        attempts=attempts,
        trial=trial,
        measured=evaluate.measured(definition, trial),
        verdict=evaluate.judge(definition, trial, beforehand),
        reason=reason,
        reign=beside.reign,
        scale=evaluate.usual_lead(trial, definition.pipeline.gate.metric),
        explained=explained,
    )
    return fit.refit(hearing, jobs)
