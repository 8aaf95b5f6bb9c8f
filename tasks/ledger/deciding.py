"""From a verdict to a decision, and from a drop to an intent: each written down exactly once."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from config.load import Definition
from tasks.errors import Terminal
from tasks.evaluation.hearing import Hearing
from tasks.ledger.approval import Approval
from tasks.ledger.decisions import CAUSE, Entry
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
    approval: Approval | None = None
    """A person's word, where one was asked for."""
    cause: str = ""
    """The intent that is answered, if one is."""

    @property
    def kind(self) -> Kind:
        """Refused by the gate or by a person; expired when the gate agreed and nobody answered."""
        asked = self.approval
        if self.hearing.verdict.choice is not Choice.PROMOTE:
            return Kind.REFUSED
        if asked is None or asked.agreed:
            return Kind.PROMOTED
        return Kind.REFUSED if asked.by else Kind.EXPIRED

    @property
    def reason(self) -> str:
        verdict = self.hearing.verdict
        told = f"{self.hearing.reason}: {verdict.choice.value}, {verdict.reason}"
        return f"{told}; {self.approval.told}" if self.approval else told

    @property
    def evidence(self) -> dict[str, object]:
        asked = {"approval": asdict(self.approval)} if self.approval else {}
        answered = {CAUSE: self.cause} if self.cause else {}
        return {**self.hearing.evidence(), **asked, **answered}


def decide(ledger: Ledger, ruling: Ruling) -> Decision:
    """Write down what the verdict and the person say: promoted, or else the champion stays.

    A cause that has been answered meanwhile keeps its answer, which is returned. Raises `Conflict`
    when somebody else decided on something else since the attempt began.
    """
    hearing, number = ruling.hearing, ruling.version.number
    serving = ruling.bench.champion.number if ruling.bench.champion else None
    ledger.keep_version(ruling.version, hearing.reference)
    return ledger.decide(
        Entry(
            pipeline=ruling.version.pipeline,
            kind=ruling.kind,
            as_of=hearing.cohort.snapshot.as_of,
            key=ruling.key,
            version=number,
            champion=number if ruling.kind is Kind.PROMOTED else serving,
            reason=ruling.reason,
            evidence=ruling.evidence,
            generation=ruling.bench.generation,
            recorded_at=ruling.recorded_at,
        )
    )


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


def measured(ledger: Ledger, performance: Performance, drop: Intent | None) -> bool:
    """Keep a measurement; a drop becomes an intent first. False when this moment was measured."""
    if any(each.as_of == performance.as_of for each in ledger.performances(performance.pipeline)):
        return False
    if drop is not None:
        ledger.intend(drop)
    return ledger.performance(performance)


def journal(
    ledger: Ledger, definition: Definition, admissions: list[Admission], as_of: datetime
) -> None:
    """Write down what became of deliveries, so that none is judged twice."""
    for admission in admissions:
        ledger.journal(admission, definition.pipeline.name, as_of, definition.config_hash)
