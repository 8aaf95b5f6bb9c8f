"""From a verdict to a decision, and from a drop to an intent: each written down exactly once."""

from dataclasses import dataclass
from datetime import date, datetime

from config.load import Definition
from tasks.errors import Terminal
from tasks.ledger.decisions import Entry
from tasks.ledger.intents import DECLINED, DONE, UNANSWERED
from tasks.ledger.ledger import Ledger
from tasks.records import (
    Admission,
    Choice,
    Decision,
    Intent,
    Kind,
    ModelVersion,
    Performance,
)
from tasks.registry.hearing import Hearing


@dataclass(frozen=True)
class Bench:
    """Who served when an attempt began, and after how many decisions: the compare-and-set."""

    champion: ModelVersion | None
    generation: int

    @property
    def trained_through(self) -> date | None:
        """The last day that the champion has seen; None without one."""
        return self.champion.trained_through if self.champion else None


def bench(ledger: Ledger, pipeline: str, as_of: datetime) -> Bench:
    """The champion to be compared with.

    Raises `Terminal` when a decision has been taken for a later moment: history is not rewritten.
    """
    decisions = ledger.decisions(pipeline)
    if decisions and decisions[-1].as_of > as_of:
        raise Terminal(
            f"{pipeline}: decision {decisions[-1].sequence} was taken as of "
            f"{decisions[-1].as_of:%Y-%m-%d %H:%M}, after {as_of:%Y-%m-%d %H:%M}; a champion "
            "cannot be changed in the past. Use a later --as-of"
        )
    number = decisions[-1].champion if decisions else None
    champion = None if number is None else ledger.version(pipeline, number)
    return Bench(champion, len(decisions))


@dataclass(frozen=True)
class Ruling:
    """A judged and registered challenger, about to be decided on."""

    hearing: Hearing
    version: ModelVersion
    key: str
    bench: Bench
    recorded_at: datetime


def decide(ledger: Ledger, ruling: Ruling) -> Decision:
    """Write down what the verdict means: promoted, or refused and the champion stays.

    Raises `Conflict` when somebody else decided since the attempt began.
    """
    hearing, number = ruling.hearing, ruling.version.number
    promoted = hearing.verdict.choice is Choice.PROMOTE
    serving = ruling.bench.champion.number if ruling.bench.champion else None
    ledger.keep_version(ruling.version, hearing.reference)
    return ledger.decide(
        Entry(
            pipeline=ruling.version.pipeline,
            kind=Kind.PROMOTED if promoted else Kind.REFUSED,
            as_of=hearing.cohort.snapshot.as_of,
            key=ruling.key,
            version=number,
            champion=number if promoted else serving,
            reason=f"{hearing.reason}: {hearing.verdict.choice.value}, {hearing.verdict.reason}",
            evidence=hearing.evidence(),
            generation=ruling.bench.generation,
            recorded_at=ruling.recorded_at,
        )
    )


def claim(ledger: Ledger, pipeline: str, cause: str, as_of: datetime) -> None:
    """Take an intent for this attempt; its own earlier, unfinished claim counts.

    A later attempt takes over what an earlier one left unfinished. Raises `Terminal` when a later
    attempt has it, or when it was answered by another decision than this attempt's.
    """
    by = as_of.isoformat()
    known = [intent for intent in ledger.intents(pipeline) if intent.cause == cause]
    if not known or ledger.claim(pipeline, cause, by):
        return
    (intent,) = known
    decided = any(decision.as_of == as_of for decision in ledger.decisions(pipeline))
    if intent.state not in UNANSWERED and not decided:
        raise Terminal(f"{pipeline}: {cause} is {intent.state} already: {intent.outcome}")
    claimant = ledger.claimant(pipeline, cause)
    if claimant is not None and datetime.fromisoformat(claimant) > as_of:
        raise Terminal(f"{pipeline}: {cause} was taken by the attempt as of {claimant}")


def settle(ledger: Ledger, cause: str, decision: Decision) -> None:
    """The intent behind an attempt has its answer: the decision.

    A promotion also answers what was said about the champions before it.
    """
    for intent in ledger.intents(decision.pipeline):
        if intent.cause == cause:
            told = f"v{decision.version} {decision.kind.value}: {decision.reason}"
            ledger.settle(decision.pipeline, cause, DONE, told)
        elif _is_moot(intent, decision):
            told = f"moot: v{decision.version} was promoted"
            ledger.settle(decision.pipeline, intent.cause, DECLINED, told)


def _is_moot(intent: Intent, decision: Decision) -> bool:
    promoted = decision.kind is Kind.PROMOTED
    return promoted and intent.state in UNANSWERED and intent.as_of <= decision.as_of


def measured(ledger: Ledger, performance: Performance, drop: Intent) -> bool:
    """Keep a measurement; a drop becomes an intent first. False when this moment was measured."""
    if any(each.as_of == performance.as_of for each in ledger.performances(performance.pipeline)):
        return False
    if performance.dropped:
        ledger.intend(drop)
    return ledger.performance(performance)


def journal(
    ledger: Ledger, definition: Definition, admissions: list[Admission], as_of: datetime
) -> None:
    """Write down what became of deliveries, so that none is judged twice."""
    for admission in admissions:
        ledger.journal(admission, definition.pipeline.name, as_of, definition.config_hash)
