"""One attempt of an arm: the steps of flows.retrain in their order, without who tells of them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from tasks import arena
from tasks.backtest.memory import query_of
from tasks.backtest.shared import Shared
from tasks.data.artifact import MODEL_FILE, manifest
from tasks.evaluation import contest, examination, explanations, play, refit
from tasks.evaluation.hearing import Hearing, retrain_key, submission
from tasks.features import splits, truncation
from tasks.features.cohort import Cohort, cohort
from tasks.features.golden import Goldens
from tasks.features.splits import Split
from tasks.ledger import deciding
from tasks.ledger.canaries import canaries
from tasks.ledger.claims import Claim
from tasks.ledger.deciding import Bench, Ruling
from tasks.ledger.pace import pace
from tasks.models import reuse, selection
from tasks.models.job import Job
from tasks.models.reuse import Fingerprint
from tasks.records import Decision, Failure, Fit
from tasks.registry.lineage import code_version, environment
from tasks.stores import Stores

_AT_ONCE = 3  # candidates that are fitted at once, as in the flow


def attempted(stores: Stores, shared: Shared, claim: Claim, reason: str) -> Decision:
    """Fit, compare, and promote or keep, for a moment that has been claimed.

    Nobody is asked to approve: what the gate says is decided.
    """
    definition, ledger, as_of = stores.definition, stores.ledger, claim.as_of
    days = splits.training_days(definition, stores.lake, as_of)
    built = _built(stores, shared, days, as_of)
    key = retrain_key(definition, built.snapshot)
    decision = ledger.decision(stores.name, key)
    if decision is None:
        bench = deciding.bench(ledger, stores.name, as_of)
        hearing = _heard(stores, shared, bench, built, reason)
        version = stores.registry.register(submission(hearing, key))
        hearing = arena.proved(stores, hearing, version)
        ruling = Ruling(hearing, version, key, bench, as_of, None, claim.cause)
        decision = deciding.decide(ledger, ruling)
    stores.sweep(key)
    stores.repair_alias()
    deciding.settle(ledger, claim.cause, decision)
    return decision


def _built(stores: Stores, shared: Shared, days: list[date], as_of: datetime) -> Cohort:
    """The cohort of a window, built once for all arms that ask for it."""
    definition = stores.definition
    golden = pinned(stores, as_of)
    of = "cohort", as_of, query_of(definition), tuple(days), len(golden.versions)
    built = shared.once(of, lambda: cohort(definition, stores.lake, days, as_of, golden))
    return replace(built, definition=definition)


def pinned(stores: Stores, as_of: datetime) -> Goldens:
    """The rows that people had pinned by then."""
    known = [each for each in stores.ledger.pinnings(stores.name) if each.as_of <= as_of]
    return stores.vault.read(known, stores.definition.pipeline.question.key)


def _heard(stores: Stores, shared: Shared, bench: Bench, built: Cohort, reason: str) -> Hearing:
    definition = stores.definition
    rows, windows = built.snapshot, definition.pipeline.windows
    leakage = shared.once(("truncation", rows.digest), lambda: truncation.truncation(built))
    of = "split", rows.digest, bench.trained_through, windows.holdout_days, windows.min_train_days
    split = shared.once(of, lambda: splits.split(built, bench.trained_through))
    champion = arena.served(stores, bench)
    key = retrain_key(definition, built.snapshot)
    jobs = refit.candidates(definition, split, stores.workshop(key), champion)
    attempts = fitted(jobs, shared, split)
    challenger = selection.best(attempts, definition.pipeline.metric)
    beside = arena.beside(stores, bench, built, champion)
    trial = contest.contest(definition, split, challenger, champion, beside)
    served = champion.version.manifest[MODEL_FILE] if champion else ""
    models = manifest(Path(challenger.folder))[MODEL_FILE], served
    explained = shared.once(
        ("explained", models, split.holdout_digest, definition.pipeline.gate.metric),
        lambda: explanations.explained(definition, split, challenger, champion),
    )
    examined = examination.examined(definition, split, challenger, champion, trial)
    paced = pace(stores.ledger, stores.name, definition.pipeline.gate, built.snapshot.as_of)
    sabotaged = canaries(stores.ledger, stores.name)
    beforehand = [leakage, paced, sabotaged, *examined, explained.drift]
    hearing = Hearing(
        cohort=built,
        split=split,
        challenger=challenger,
        attempts=attempts,
        trial=trial,
        measured=contest.measured(definition, trial),
        verdict=contest.judge(definition, trial, beforehand),
        reason=reason,
        reign=beside.reign,
        scale=play.usual_lead(trial, definition.pipeline.gate.metric),
        explained=explained,
    )
    return refit.shipped(hearing, jobs)


def fitted(jobs: Sequence[Job], shared: Shared, split: Split) -> list[Fit | Failure]:
    """Every candidate's fit, taken from another arm where one has made it."""
    fingerprint = Fingerprint(split.training_digest, "", code_version(), environment())

    def made(job: Job) -> Fit | Failure:
        return reuse.attempt(_as_fitted(job), shared.fits, fingerprint)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(made, jobs))


def _as_fitted(job: Job) -> Job:
    """The job without what no fit sees of its windows."""
    unseen = {"holdout_days": 1, "min_train_days": 1, "refit": False}
    return replace(job, windows=job.windows.model_copy(update=unseen))
