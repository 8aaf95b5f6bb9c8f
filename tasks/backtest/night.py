"""One night of an arm: the steps of flows.nightly in their order, without who tells of them."""

from dataclasses import replace
from datetime import datetime

from tasks.backtest.arms import Arm
from tasks.backtest.attempt import attempted
from tasks.backtest.shared import Shared
from tasks.backtest.ungated import shipped
from tasks.drift import performance
from tasks.drift.grounds import Grounds
from tasks.drift.trigger import Due, due
from tasks.ledger import deciding, probation, protection, rollback
from tasks.ledger.appointment import rehearse
from tasks.ledger.probations import Probation
from tasks.ledger.rollback import Return
from tasks.lookout import concluded, look
from tasks.signs import Why
from tasks.stores import Stores

NOTHING_SEEN = Grounds()


def night(stores: Stores, arm: Arm, shared: Shared, as_of: datetime) -> None:
    """Score, watch, end a probation, and retrain when it is due.

    An arm with a rule of its own does not look at its champion otherwise, and one that is not
    gated has nothing to put on probation.
    """
    scorer = stores.scorer
    scorer.score(scorer.due(as_of), as_of)
    grounds = _seen(stores, as_of) if arm.when is None else NOTHING_SEEN
    if arm.gated:
        _probation(stores, as_of)
    asked = _due(stores, arm, grounds, as_of)
    if asked.wanted:
        _retrain(stores, arm, shared, asked, as_of)


def _retrain(stores: Stores, arm: Arm, shared: Shared, asked: Due, as_of: datetime) -> None:
    if arm.gated:
        claim = stores.claim(asked.cause, as_of, busy="")
        if not claim.declined:
            suggested = stores.definition.trained_on(claim.train_days)
            attempted(replace(stores, definition=suggested), shared, claim, asked.reason)
    else:
        shipped(stores, as_of)
    keep = stores.definition.pipeline.retrain.keep_versions
    protection.swept(stores.ledger, stores.name, stores.settings.models, keep)


def _seen(stores: Stores, as_of: datetime) -> Grounds:
    """What a look at the champion amounts to, written down as by flows.watch."""
    definition = stores.definition
    promise = stores.standing(as_of).promise
    recent = performance.recent(definition, stores.lake, stores.log, as_of)
    measured = performance.realised(definition, recent.answered, promise, as_of)
    sight = look(stores, recent, measured)
    concluded(stores, sight)
    return sight.grounds


def _due(stores: Stores, arm: Arm, grounds: Grounds, as_of: datetime) -> Due:
    """What asks for a retrain now: the arm's own rule, else the definition's."""
    record = stores.record(as_of, grounds)
    if arm.when is None:
        return due(stores.definition.pipeline.retrain, record, as_of)
    wanted = record.trainable and arm.when(stores, as_of)
    return Due(wanted, "", f"{Why.SCHEDULED}: {arm.name}", Why.SCHEDULED)


def _probation(stores: Stores, as_of: datetime) -> None:
    """End the champion's probation when its days are over, as by flows.probation."""
    definition, ledger = stores.definition, stores.ledger
    case = probation.due(ledger, definition, stores.lake, as_of)
    if case is None:
        return
    found = probation.judged(definition, stores.lake, case, stores.model, as_of)
    if found is None:
        return
    ended = ledger.probation(found)
    if ended.rolls_back:
        _returned(stores, ended, as_of)


def _returned(stores: Stores, ended: Probation, as_of: datetime) -> None:
    """Back to the version before, as by flows.rollback."""
    reason = f"probation not passed: {ended.reason}"
    asked = Return(
        stores.name, as_of, ended.replaced, reason, recorded_at=as_of, probation_of=ended.sequence
    )
    if stores.ledger.decision(stores.name, asked.key) is None:
        bench = deciding.bench(stores.ledger, stores.name, as_of)
        target = rollback.target(stores.ledger, asked, bench)
        rehearse(stores.model, target, stores.reference(target))
        rollback.roll_back(stores.ledger, asked, bench, target)
    stores.repair_alias()
