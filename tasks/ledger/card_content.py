"""What a model card says, section by section, whatever it is written in."""

from collections.abc import Iterator
from dataclasses import dataclass

from tasks.ledger import card_evidence
from tasks.ledger.approval import Approval
from tasks.ledger.card_blocks import Block, Section, checks_table, facts
from tasks.ledger.duel import Duel, stood_in_the_way
from tasks.ledger.templates import moment
from tasks.records import Decision, Severity, Status

NOT_STATED = "not stated"


@dataclass(frozen=True)
class Sheet:
    """What a card is made of; `decision` and `approval` are None as long as nobody has decided."""

    duel: Duel
    decision: Decision | None = None
    approval: Approval | None = None

    @property
    def title(self) -> str:
        return f"{self.duel.pipeline.title}: {self.duel.name}"


def sections(sheet: Sheet) -> tuple[Section, ...]:
    """The card's content, in the order in which it is read."""
    duel = sheet.duel
    return (
        Section("Model details", tuple(_details(duel))),
        Section("Intended use", tuple(_use(duel))),
        Section("Factors", tuple(_factors(duel))),
        Section("Metrics", tuple(card_evidence.metrics(duel))),
        Section("Evaluation data", (card_evidence.data(duel, duel.holdout),)),
        Section(
            "Training data",
            (card_evidence.data(duel, duel.training), *card_evidence.snapshot(duel)),
        ),
        Section("Training", tuple(card_evidence.training(duel))),
        Section("Metrics by group", tuple(card_evidence.groups(duel))),
        Section("Fairness", tuple(card_evidence.fairness(duel))),
        Section("Calibration", tuple(card_evidence.calibration(duel))),
        Section("What it leans on", tuple(card_evidence.importances(duel))),
        Section("Verdict", tuple(_verdict(sheet))),
        Section("Known limits", tuple(_limits(duel))),
    )


def summary(sheet: Sheet) -> str:
    """Verdict, decision and reason, in a line."""
    duel = sheet.duel
    decided = f"it was {sheet.decision.kind.value}" if sheet.decision else "nobody has decided yet"
    return f"The gate says {duel.verdict.choice.value}, {decided}: {duel.verdict.reason}"


def _details(duel: Duel) -> Iterator[Block]:
    version, card = duel.version, duel.pipeline.card
    described = duel.pipeline.candidates.get(version.candidate)
    yield facts(
        ("version", f"{version.number} of {version.pipeline}"),
        ("candidate", version.candidate),
        ("estimator", described.estimator if described else "no longer in the definition"),
        ("trained through", str(version.trained_through)),
        ("as of", f"{moment(duel.snapshot.as_of)} UTC"),
        ("registered as", version.uri),
        ("run", version.run_id),
        ("model sha256", version.manifest.get("model.skops", "not known")),
        ("configuration", duel.config_hash),
        ("code", duel.code),
        ("owner", card.owner or NOT_STATED),
        ("contact", card.contact or NOT_STATED),
    )


def _use(duel: Duel) -> Iterator[Block]:
    pipeline, asked = duel.pipeline, duel.pipeline.question
    yield f"Intended use: {pipeline.card.intended_use or NOT_STATED}"
    yield f"Out of scope: {pipeline.card.limits or NOT_STATED}"
    yield facts(
        ("about", f"rows of {asked.table}, by {', '.join(asked.key)}"),
        ("answer", f"probability of {pipeline.label.name}: {pipeline.label.expression}"),
        ("asked at", asked.asked_at),
        ("it happens at", asked.event_time),
        ("time zone", pipeline.schedule.timezone),
    )


def _factors(duel: Duel) -> Iterator[Block]:
    pipeline = duel.pipeline
    slices = (
        f"{name} ({'critical' if rule.critical else 'not critical'})"
        for name, rule in pipeline.gate.slices.items()
    )
    yield facts(
        ("groups compared", ", ".join(slices) or "none declared"),
        ("sensitive columns", ", ".join(pipeline.sensitive) or "none declared"),
        ("numeric inputs", ", ".join(pipeline.features.numeric) or "none"),
        ("categorical inputs", ", ".join(pipeline.features.categorical) or "none"),
    )


def _verdict(sheet: Sheet) -> Iterator[Block]:
    duel, verdict = sheet.duel, sheet.duel.verdict
    headings = [stood_in_the_way(check) for check in duel.checks]
    counts = (f"{headings.count(each)} {each.lower()}" for each in dict.fromkeys(headings))
    needed = f", {verdict.labels_needed:,} more labels needed" if verdict.labels_needed else ""
    yield facts(
        ("retrained because", duel.why),
        ("the gate", f"{verdict.choice.value}{needed}: {verdict.reason}"),
        ("met", duel.against),
        ("checks", ", ".join(counts)),
        ("decided by", _decided_by(sheet)),
        ("decision", _decision(sheet.decision)),
    )
    against = [check for check in verdict.checks if check.blocks]
    if against:
        yield checks_table(against)


def _decided_by(sheet: Sheet) -> str:
    approval, decision = sheet.approval, sheet.decision
    if approval is not None:
        return f"the gate, and {approval.told}"
    if decision is None:
        return "nobody yet"
    by = decision.evidence.get("by")
    return str(by) if by else "the gate"


def _decision(decision: Decision | None) -> str:
    if decision is None:
        return "not decided yet"
    serves = "nobody serves" if decision.champion is None else f"v{decision.champion} serves"
    return f"number {decision.sequence}: {decision.kind.value}, {serves}; {decision.reason}"


def _limits(duel: Duel) -> Iterator[Block]:
    """What was not shown, and what warns: a reader should know it before using the answers."""
    known = [
        check
        for check in duel.checks
        if check.status is Status.NO_EVIDENCE
        or (check.severity is Severity.WARNING and check.status is Status.FAIL)
    ]
    yield checks_table(known) if known else "No check lacked evidence, and none warns."
