"""Quiet years and days of change, seen by every watcher in turn."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.columns import CHANGES, TRAINING_DAYS, Change, World, day_of
from benchmarks.watchers import Training, Verdict, Watcher
from tasks.drift.quickness import History

SIZES = (1_000, 10_000, 100_000)
"""Rows a day."""
LEAD_DAYS = 35
"""Quiet days before a change that whoever remembers has seen."""
CHANGED_ROWS = 1_000
_YEARS_FEWER = {1_000: 1, 10_000: 3, 100_000: 10}

Histories = Mapping[str, list[History]]


@dataclass(frozen=True, eq=False)
class Side:
    """A watcher, and how much of it is looked at: the slow ones see fewer days.

    `days` are those of a quiet year that it sees, by rows a day; `rounds` and `horizon_days` bound
    the years and the days of a change. `lead` says that it remembers, so has to see days before.
    """

    name: str
    starts: Callable[[Training], Watcher]
    days: Mapping[int, int]
    rounds: int
    horizon_days: int
    lead: bool = False
    of_half: bool = False
    """Whether it also has a verdict on the whole of the columns."""

    def told(self, verdict: Verdict, columns: frozenset[str] | None = None) -> dict[str, bool]:
        """By rule, whether these columns (None: any) are told to have drifted."""
        named = verdict.columns if columns is None else verdict.columns & columns
        return {self.name: bool(named), **({self.half: verdict.dataset} if self.of_half else {})}

    @property
    def half(self) -> str:
        return f"{self.name}, half"


def quiet(sides: Sequence[Side], rows: int, unlike: float, rounds: int) -> Histories:
    """By rule, years in which nothing changes; days differ by `unlike` deviations."""
    made: dict[str, list[History]] = defaultdict(list)
    for seed in range(max(1, rounds // _YEARS_FEWER[rows])):
        taking_part = [side for side in sides if seed < side.rounds]
        for rule, history in _year(taking_part, World(rows, seed, unlike)):
            made[rule].append(history)
    return made


def _year(sides: Sequence[Side], world: World) -> Iterator[tuple[str, History]]:
    """By rule, one year, whose days are drawn once for all sides."""
    training = Training.of(world)
    watchers = {side.name: side.starts(training) for side in sides}
    seen: dict[str, list[bool]] = defaultdict(list)
    for number in range(max(side.days[world.rows] for side in sides)):
        today = TRAINING_DAYS + number
        frame = world.day(today)
        for side in (each for each in sides if number < each.days[world.rows]):
            watchers[side.name], verdict = watchers[side.name].look(day_of(today), frame)
            for rule, alarm in side.told(verdict).items():
                seen[rule].append(alarm)
    for rule, alarms in seen.items():
        yield rule, History(len(alarms), tuple(day for day, alarm in enumerate(alarms) if alarm))


def changed(sides: Sequence[Side], rounds: int) -> Mapping[str, Histories]:
    """By change and rule, the first alarm about a changed column from the day of the change on."""
    made: dict[str, dict[str, list[History]]] = defaultdict(lambda: defaultdict(list))
    for seed in range(rounds):
        world = World(CHANGED_ROWS, 1000 + seed)
        training = Training.of(world)
        taking_part = [side for side in sides if seed < side.rounds]
        watchers = {side: _led(side, side.starts(training), world) for side in taking_part}
        for side, change in product(taking_part, CHANGES):
            for rule, history in _found(side, watchers[side], world, change):
                made[change.name][rule].append(history)
    return made


def _led(side: Side, watcher: Watcher, world: World) -> Watcher:
    """The watcher after the quiet days before the change."""
    for number in range(LEAD_DAYS if side.lead else 0):
        watcher, _ = watcher.look(day_of(TRAINING_DAYS + number), world.day(TRAINING_DAYS + number))
    return watcher


def _found(
    side: Side, watcher: Watcher, world: World, change: Change
) -> Iterator[tuple[str, History]]:
    first: dict[str, int] = {}
    for after in range(side.horizon_days):
        number = TRAINING_DAYS + LEAD_DAYS + after
        watcher, verdict = watcher.look(day_of(number), world.day(number, change))
        found = side.told(verdict, frozenset(change.columns))
        first |= {rule: after for rule, yes in found.items() if yes and rule not in first}
        if side.name in first:
            break
    for rule in side.told(Verdict()):
        yield rule, History(side.horizon_days, (first[rule],) if rule in first else (), change=0)
