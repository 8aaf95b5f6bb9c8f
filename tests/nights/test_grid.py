"""Which cells a backfill has, in which turn, and what each of them waits for."""

from datetime import date, timedelta

import pytest

from config.schema import Schedule
from tasks.errors import Terminal
from tasks.ledger.played import STEPS, Cell, Played, by_night
from tasks.nights.grid import Grid
from tasks.nights.running import run

FIRST, LAST = date(2024, 1, 20), date(2024, 1, 22)


def grid(*steps: str, **chosen: object) -> Grid:
    """Three nights."""
    return Grid(Schedule(), FIRST, LAST, steps or STEPS, **chosen)  # type: ignore[arg-type]  # as chosen


def turns(of: Grid) -> list[str]:
    """The cells by day of the month and first letter."""
    return [f"{cell.night.day}{cell.step[0]}" for cell in of.cells]


def test_oldest_first_plays_night_by_night() -> None:
    """A night takes its steps before the next one begins, where nothing else decides."""
    assert turns(grid("score", "ingest")) == ["20i", "20s", "21i", "21s", "22i", "22s"]


def test_newest_first_turns_only_what_may_be_turned() -> None:
    """Admissions and watching follow from what was before: they go forward always."""
    assert turns(grid(order="newest first")) == [
        *("20i", "21i", "22i"),
        *("22s", "22r", "21s", "21r", "20s", "20r"),
        *("20w", "21w", "22w"),
    ]


@pytest.mark.parametrize("order", ["oldest first", "newest first"])
@pytest.mark.parametrize("promote", [False, True])
def test_every_cell_comes_after_what_it_waits_for(order: str, promote: bool) -> None:
    """So that one worker never waits."""
    if promote and order == "newest first":
        with pytest.raises(Terminal, match="promotions go oldest first"):
            grid(order=order, promote=promote)
        return
    of, over = grid(order=order, promote=promote), set[Cell]()
    for cell in of.cells:
        assert over.issuperset(of.after(cell)), cell
        over.add(cell)
    assert len(over) == len(of) == 12


def test_who_answers_follows_from_the_retrain_of_the_night_before() -> None:
    """With promotions a score waits for the last decision; without, for its deliveries alone."""
    score = grid().cell(LAST, "score")
    before = {LAST: "ingest"}
    assert {each.night: each.step for each in grid().after(score)} == before
    waited = {(each.night, each.step) for each in grid(promote=True).after(score)}
    assert (LAST - timedelta(days=1), "retrain") in waited


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("order", ["oldest first", "newest first"])
def test_a_failing_cell_stops_no_other(workers: int, order: str) -> None:
    """Only those of its own night that need what it would have made are left."""
    of, played = grid("ingest", "score", "watch", order=order), list[Cell]()

    def play(cell: Cell) -> Played:
        assert {each.night for each in played if each.step == cell.step} != {cell.night}
        played.append(cell)
        if cell == of.cell(FIRST, "ingest"):
            raise ValueError("no disk")
        return Played(cell.night, predictions=1)

    went = list(run(of, play, workers))
    first, *others = by_night(each.played for each in went)
    assert first.error == "ingest: ValueError: no disk"
    assert first.unplayed == ("score", "watch")
    assert [each.predictions for each in others] == [3, 3]
    assert went[-1].percent == pytest.approx(100)
    assert len(played) == 7


@pytest.mark.parametrize("workers", [1, 3])
def test_what_waits_is_played_after(workers: int) -> None:
    """However many are at work: nothing is played before all that it waits for is over."""
    of, over = grid(), list[Cell]()

    def play(cell: Cell) -> Played:
        assert set(over).issuperset(of.after(cell))
        over.append(cell)
        return Played(cell.night)

    assert not [each.played.error for each in run(of, play, workers) if each.played.error]
    assert len(over) == 12


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [(LAST, FIRST, "comes after the last"), (FIRST, date.max, "not come")],
)
def test_impossible_nights(first: date, last: date, says: str) -> None:
    """No night, and a night to come."""
    if last == date.max:
        last = date.today() + timedelta(days=3)  # noqa: DTZ011 - far enough in any zone
    with pytest.raises(Terminal, match=says):
        Grid(Schedule(), first, last, STEPS)
