"""Who an attempt has to face: the champion, and what is known of its reign.

Libraries are imported where something is loaded, as in `tasks.stores`.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.errors import Corrupt
from tasks.evaluation.hearing import Hearing
from tasks.ledger.approved import approved as last_approved
from tasks.ledger.deciding import Bench
from tasks.ledger.reign import Reign, reign
from tasks.records import Check, ModelVersion, Status
from tasks.stores import Stores

if TYPE_CHECKING:
    from tasks.evaluation.contest import Beside, Champion
    from tasks.features.cohort import Cohort

_PROVED_ROWS = 2000


def served(stores: Stores, bench: Bench) -> "Champion | None":
    """The champion that an attempt has to face, loaded; None without one."""
    from tasks.evaluation.contest import Champion

    if bench.champion is None:
        return None
    number = bench.champion.number
    return Champion(bench.champion, stores.model(number), stores.folder(number))


def beside(stores: Stores, bench: Bench, cohort: "Cohort", champion: "Champion | None") -> "Beside":
    """What an attempt is held against beside its holdout; what is due is played first."""
    from tasks.evaluation.contest import Beside

    reigning = reign(stores.ledger.decisions(stores.name)[: bench.generation])
    if reigning is None or champion is None:
        return Beside(golden=cohort.golden)
    if stores.definition.pipeline.gate.mode == "superiority":
        _play(stores, reigning, cohort, champion)
    bets = tuple(stores.ledger.bets(stores.name, reigning.since))
    stood = approved(stores, bench, champion) if cohort.golden else None
    return Beside(reigning.since, bets, cohort.golden, stood)


def approved(stores: Stores, bench: Bench, champion: "Champion | None") -> "Champion | None":
    """The last version that a person approved, loaded; who serves when it is that one."""
    from tasks.evaluation.contest import Champion

    number = last_approved(stores.ledger.decisions(stores.name)[: bench.generation])
    if number is None or (champion and champion.version.number == number):
        return champion
    return Champion(stores.ledger.version(stores.name, number), stores.model(number))


def proved(stores: Stores, hearing: Hearing, version: ModelVersion) -> Hearing:
    """The hearing with a last check: what was logged loads elsewhere and answers as was judged.

    It is fetched back from the registry, every byte verified, and asked in a clean process about
    the golden rows, or the end of the holdout where nothing is pinned.
    """
    from tasks.data import artifact
    from tasks.evaluation.gate import joined
    from tasks.models.proof import proved as same

    golden = hearing.cohort.golden
    rows = golden.frame if golden else hearing.split.holdout.tail(_PROVED_ROWS)
    inputs = rows[list(hearing.definition.pipeline.features.columns)]
    answers = artifact.made(Path(hearing.ships.fit.folder)).predict_proba(inputs)[:, 1]
    try:
        folder = stores.registry.fetch(version, stores.settings.models)
        check = same(folder, version.manifest, inputs, answers)
    except Corrupt as error:
        check = Check("logged", "", Status.FAIL, str(error))
    late = replace(check, code="logged", title="What was logged answers as was judged")
    return replace(hearing, verdict=joined(hearing.verdict, late))


def _play(stores: Stores, reigning: Reign, cohort: "Cohort", champion: "Champion") -> None:
    """Place a bet on every complete day that has none, by the newest who had not seen it."""
    from tasks.evaluation import play

    placed = stores.ledger.bets(stores.name, reigning.since)
    after = placed[-1].day if placed else None
    days = [date.fromisoformat(day) for day in cohort.frame["day"].unique()]
    contenders = [
        play.Contender(
            stores.ledger.version(stores.name, rival.version),
            stores.model(rival.version),
            rival.last_day,
            rival.scale,
        )
        for rival in reigning.needed(days, after)
    ]
    bets = play.bets(stores.definition, cohort.frame, champion, contenders, after)
    stores.ledger.place(stores.name, reigning.since, bets, cohort.snapshot.as_of)
