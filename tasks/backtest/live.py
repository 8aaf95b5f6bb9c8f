"""Every night of a period under each of several policies, from the same first champion on."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial

from threadpoolctl import threadpool_limits

from tasks.backtest.arms import Arm, Lived, Period
from tasks.backtest.home import Common, Home, opened
from tasks.backtest.life import Life
from tasks.backtest.memory import Memory
from tasks.backtest.shared import Shared
from tasks.errors import NotEnoughData, Terminal
from tasks.registry.lineage import code_version, environment
from tasks.stores import Stores

OPENING = "until the first champion"


def lived(
    stores: Stores, arms: Sequence[Arm], period: Period, told: Callable[[int], None]
) -> list[Lived]:
    """Live every night of the period under each arm; told(nights done over all arms) as it goes.

    Until the first champion is there the pipeline lives as it is defined, once for all; then each
    arm on its own, night by night beside the others: what they have in common is computed once.
    The lake is only read, as it is now. A night knows the rows that were known by then, of files
    that are taken to have come when all of it was known, or the day was over that they are of.

    What was lived is kept by arm, period, code and table versions. Asked again, an arm that came
    to its end is read back, and one that was killed goes on with the night that it was in.
    """
    folder = stores.settings.work / stores.name / "backtest"
    end = stores.definition.pipeline.schedule.night_of(period.last)
    shared = Shared(Memory.of(stores.lake, stores.definition, end), folder / "fits")
    world, common = _world(stores, period), Common()

    def life(arm: Arm) -> Life:
        place = folder / _digest(world, arm)
        return Life(arm, place, partial(opened, stores, arm.definition, place, common))

    one_thread = partial(threadpool_limits, 1)  # those that wait for a busy core cost ten times
    with one_thread(), ThreadPoolExecutor(1, initializer=one_thread) as beside:
        opening, every = life(Arm(OPENING, stores.definition)), [life(arm) for arm in arms]
        lives = _Lives(opening, every, shared, beside)
        for done, _ in enumerate(lives.nights(period), start=1):
            told(done)
        return [each.told(period, shared) for each in every]


def homes(stores: Stores, lives: Sequence[Lived]) -> dict[str, Home]:
    """The stores of arms that have lived, by name."""
    common = Common()
    return {
        each.arm.name: opened(stores, each.arm.definition, each.folder, common) for each in lives
    }


@dataclass(frozen=True)
class _Lives:
    """All arms, and the one life that they begin from.

    References live in a thread of their own: they wait for a fit on most nights.
    """

    opening: Life
    arms: Sequence[Life]
    shared: Shared
    beside: ThreadPoolExecutor

    def nights(self, period: Period) -> Iterator[Life]:
        """An arm whenever it has lived a night."""
        for tonight in period.nights:
            self.shared.begin()
            yield from self._lived(tonight)
        if not self.opening.has_champion:
            raise NotEnoughData(_without_champion(self.opening, period))
        for each in self.arms:
            each.begin(self.opening)

    def _lived(self, tonight: date) -> Iterator[Life]:
        if not self.opening.has_champion:
            self.opening.live(tonight, self.shared)
            if self.opening.error:
                raise Terminal(f"before there was a champion, the {self.opening.error}")
            yield from self.arms
            return
        for each in self.arms:
            each.begin(self.opening)
        references = [each for each in self.arms if not each.arm.gated]
        waiting = [self.beside.submit(each.live, tonight, self.shared) for each in references]
        for each in self.arms:
            if each.arm.gated:
                each.live(tonight, self.shared)
                yield each
        for each, night in zip(references, waiting, strict=True):
            night.result()
            yield each


def _without_champion(opening: Life, period: Period) -> str:
    name = opening.home.name
    decisions = opening.home.ledger.decisions(name)
    evaluations = opening.home.ledger.evaluations(name)
    last = decisions[-1].reason if decisions else evaluations[-1].reason
    return (
        f"{name}: no champion in {len(period.nights)} nights from {period.first} to {period.last}, "
        f"so no policy to compare; {len(decisions)} attempts, the last word: {last}"
    )


def _world(stores: Stores, period: Period) -> str:
    """Everything beside the arm that its life follows from."""
    tables = stores.definition.pipeline.tables
    versions = {name: stores.lake.table(name).version() for name in tables}
    known = len(stores.ledger.admissions(stores.name)), len(stores.ledger.pinnings(stores.name))
    opening = _policy(Arm(OPENING, stores.definition))
    return f"{opening}\n{period}\n{versions}\n{known}\n{code_version()}\n{environment()}"


def _policy(arm: Arm) -> str:
    """An arm's own rule is told apart by where it is written, and by the arm's name."""
    definition, when = arm.definition, arm.when
    rule = f"{when.__module__}.{when.__qualname__}" if when else ""
    described = definition.pipeline.model_dump_json()
    return f"{arm.name}\n{arm.gated}\n{rule}\n{described}\n{definition.features_sql}"


def _digest(world: str, arm: Arm) -> str:
    return hashlib.sha256(f"{world}\n{_policy(arm)}".encode()).hexdigest()[:16]
