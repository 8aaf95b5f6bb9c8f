"""What the drift benchmark makes of its figures: tables, a line, goals."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from benchmarks.columns import GOAL_CHANGE
from benchmarks.footprint import Footprint
from benchmarks.histories import Histories
from config.watch import Drift
from tasks.drift.quickness import History, Quickness, quickness
from tasks.records import Interval

OURS, STREAMED, EVIDENTLY = "Ratchet", "Ratchet, streamed", "Evidently"
PROMISE = Drift().false_alarm_days
"""Days to a false alarm, at least."""
GOAL_DELAY_DAYS, GOAL_TIMES, GOAL_MB = 3, 50, 1024
GOAL_ROWS, MOST_ROWS = 1_000_000, 10_000_000
Costs = Mapping[str, Sequence[Footprint]]


@dataclass
class Report:
    """Every history by world or change and rule, every comparison's cost by rows and side."""

    alarms: dict[str, Histories] = field(default_factory=dict)
    delays: dict[str, Histories] = field(default_factory=dict)
    costs: dict[int, Costs] = field(default_factory=dict)

    @property
    def table(self) -> str:
        told = [
            _table(
                "days with a false alarm in 365 quiet days (95 % limits; days looked at)",
                {world: _each(by_rule, _rate) for world, by_rule in self.alarms.items()},
            ),
            _table(
                "median days to the first alarm about a changed column (limits; share found)",
                {change: _each(by_rule, _delay) for change, by_rule in self.delays.items()},
            ),
            _table(
                "seconds to compare as many rows with as many (peak MB of the process)",
                {f"{rows:,}": _costs(by_side) for rows, by_side in self.costs.items()},
            ),
        ]
        return "\n\n".join(each for each in told if each)

    @property
    def missed(self) -> list[str]:
        """Goals that were missed; one that was not measured is."""
        return [f"{goal}: {figure}" for goal, figure, met in self._goals() if not met]

    @property
    def meets_goal(self) -> bool:
        return not self.missed

    @property
    def line(self) -> str:
        """All goals in one line of figures."""
        figures = "; ".join(f"{goal} {figure}" for goal, figure, _ in self._goals())
        word = "met" if self.meets_goal else f"missed by {', '.join(self.missed)}"
        return f"{figures}: {word}"

    @property
    def document(self) -> Mapping[str, object]:
        """For machines: every history and every time."""
        return {
            "promise_days": PROMISE,
            "alarms": _plain(self.alarms),
            "delays": _plain(self.delays),
            "costs": {
                str(rows): {side: [asdict(each) for each in taken] for side, taken in all_.items()}
                for rows, all_ in self.costs.items()
            },
        }

    def _goals(self) -> Iterator[tuple[str, str, bool]]:
        for world, by_rule in self.alarms.items() or [("no quiet years", {})]:
            ours = quickness(by_rule.get(OURS, []))
            yield f"false alarms at {world}", _rate(by_rule.get(OURS, [])), ours.keeps(PROMISE)
        found = _of(self.delays, GOAL_CHANGE)
        yield GOAL_CHANGE, _delay(found), quickness(found).delay_days.value <= GOAL_DELAY_DAYS
        times = ratios(self.costs.get(GOAL_ROWS, {}))
        told = ", ".join(f"{times[side]:.1f} x {side}" for side in times) or "not measured"
        fast = all(ratio > 1 for ratio in times.values())
        yield f"at {GOAL_ROWS:,} rows", told, fast and times.get(EVIDENTLY, 0) >= GOAL_TIMES
        peaks = [each.peak_mb for each in self.costs.get(MOST_ROWS, {}).get(STREAMED, ())]
        peak = max(peaks, default=float("nan"))
        yield f"at {MOST_ROWS:,} rows", f"{peak:,.0f} MB", peak <= GOAL_MB


def ratios(costs: Costs) -> Mapping[str, float]:
    """By peer, its median seconds over ours, rows in memory on both sides."""
    if OURS not in costs:
        return {}
    seconds = {side: median(each.seconds for each in taken) for side, taken in costs.items()}
    peers = [side for side in seconds if side not in (OURS, STREAMED)]
    return {side: seconds[side] / seconds[OURS] for side in peers}


def _of(delays: Mapping[str, Histories], change: str) -> Sequence[History]:
    return delays.get(change, {}).get(OURS, [])


def _each(by_rule: Histories, told: Callable[[Sequence[History]], str]) -> Mapping[str, str]:
    return {rule: told(histories) for rule, histories in by_rule.items()}


def _rate(histories: Sequence[History]) -> str:
    made = quickness(histories)
    days = sum(each.quiet_days for each in histories)
    return f"{_limits(made.false_alarms)} of {days:,}" if histories else "not measured"


def _delay(histories: Sequence[History]) -> str:
    made: Quickness = quickness(histories)
    if not histories:
        return "not measured"
    never = made.delay_days.value == float("inf")
    days = f">{histories[0].days}" if never else f"{made.delay_days.value:g}"
    return f"{days} ({made.recall.value:.0%} of {made.histories})"


def _limits(found: Interval) -> str:
    return f"{found.value:.1f} ({found.low:.1f}-{found.high:.1f})"


def _costs(by_side: Costs) -> Mapping[str, str]:
    return {
        side: f"{median(each.seconds for each in taken):.2f} "
        f"({max(each.peak_mb for each in taken):,.0f})"
        for side, taken in by_side.items()
    }


def _table(title: str, rows: Mapping[str, Mapping[str, str]]) -> str:
    """One line a row, one column a rule or side; empty without rows."""
    if not rows:
        return ""
    names = list(dict.fromkeys(name for cells in rows.values() for name in cells))
    wide = {
        name: max(len(name), *(len(cells.get(name, "")) for cells in rows.values())) + 2
        for name in names
    }
    first = max(len(label) for label in rows)
    lines = [title, " " * first + "".join(f"{name:>{wide[name]}}" for name in names)]
    for label, cells in rows.items():
        lines.append(
            f"{label:<{first}}" + "".join(f"{cells.get(n, '-'):>{wide[n]}}" for n in names)
        )
    return "\n".join(lines)


def _plain(measured: Mapping[str, Histories]) -> Mapping[str, object]:
    return {
        world: {rule: [asdict(each) for each in histories] for rule, histories in by_rule.items()}
        for world, by_rule in measured.items()
    }
