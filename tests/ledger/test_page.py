"""The status page tells what is so, to whoever opens it, and runs nothing that it was told."""

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tasks.ledger import chart
from tasks.ledger.ledger import Ledger
from tasks.ledger.page import Link, PageData, status_page
from tasks.records import Interval, Outcome
from tests.ledger.conftest import (
    START,
    admission,
    intent,
    model,
    night,
    performance,
    promote,
    refuse,
)

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    """Counts the elements of a page and keeps where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


@pytest.fixture
def data(ledger: Ledger) -> PageData:
    """What a pipeline has to show after a few nights."""
    promote(ledger, 1)
    refuse(ledger, 2)
    promote(ledger, 3)
    return PageData(
        pipeline="flights",
        title="Will it be late?",
        as_of=START,
        metric="roc_auc",
        higher_is_better=True,
        champion=model(3),
        reference=Interval(0.7312, 0.72, 0.74),
        decisions=tuple(ledger.decisions("flights")),
        admissions=(
            admission("f" * 64),
            admission("0" * 64, Outcome.REFUSED, partition="2013-03-15", message="1000 times"),
        ),
        held={"weather": 31},
        performances=tuple(
            performance(number, value, version=1 if number < 2 else 3)
            for number, value in enumerate([0.71, 0.68, math.nan, 0.72])
        ),
        intents=(intent("performance 2013-03-16"),),
        links=(Link("Drift report", "drift/2013-03-16.html"),),
        problems=(),
    )


def test_tells_the_story(data: PageData) -> None:
    """Champion, decisions and why, deliveries refused and held, intents and links are there."""
    page = status_page(data)
    for told in (
        "Version 3",
        "Serving",
        "0.7200",
        "0.7312",
        "roc_auc .73 against .70",
        "unit_change",
        "1000 times",
        "31 rows in quarantine",
        "performance 2013-03-16",
        "drift/2013-03-16.html",
        "2 promoted, 1 refused",
        "the chain verifies",
    ):
        assert told in page, told


def test_empty_pipeline() -> None:
    """A pipeline that has done nothing yet has a page that says so."""
    page = status_page(PageData("flights", "Will it be late?", START, "roc_auc", True))
    assert "No champion yet" in page
    assert "Nothing has been measured yet." in page
    assert "verifies" not in page, "nobody looked"


def test_states(data: PageData) -> None:
    """A drop and a ledger that does not verify are the first things one reads."""
    dropped = replace(data, performances=(*data.performances, performance(5, 0.6)))
    assert "Performance has dropped" in status_page(dropped)
    changed = status_page(replace(data, problems=("decision 2 (refused): is not what it was",)))
    assert "The ledger has been changed" in changed
    assert "decision 2 (refused): is not what it was" in changed
    assert "the chain verifies" not in changed


def test_needs_nothing_from_elsewhere(data: PageData) -> None:
    """The page loads no script, no font, no image and no sheet from anywhere."""
    tags = Tags(status_page(data))
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert tags.links == ["data_docs/weather/2013-03-14.html", "drift/2013-03-16.html"]
    assert "url(" not in status_page(data)


def test_everything_is_escaped(data: PageData) -> None:
    """Text from deliveries, reasons and names never becomes markup."""
    hostile = replace(
        data,
        title=HOSTILE,
        pipeline=HOSTILE,
        metric=HOSTILE,
        champion=replace(model(3), candidate=HOSTILE, uri=HOSTILE, run_id=HOSTILE),
        decisions=tuple(replace(each, reason=HOSTILE) for each in data.decisions),
        admissions=(admission("1" * 64, Outcome.REFUSED, partition=HOSTILE, message=HOSTILE),),
        performances=tuple(replace(each, metric=HOSTILE) for each in data.performances),
        intents=(replace(intent(HOSTILE), outcome=HOSTILE, state=HOSTILE),),
        links=(Link(HOSTILE, HOSTILE),),
        problems=(HOSTILE,),
    )
    assert not {"script", "img"} & set(Tags(status_page(hostile)).seen)


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("javascript:alert(1)", "#"),
        ("JavaScript:alert(1)", "#"),
        ("data:text/html,x", "#"),
        ("reports/2013:03.html", "reports/2013:03.html"),
        ("https://example.org/run", "https://example.org/run"),
    ],
)
def test_links_run_nothing(data: PageData, href: str, kept: str) -> None:
    """A link leads to a page or nowhere; it never runs code."""
    tags = Tags(status_page(replace(data, links=(Link("there", href),))))
    assert tags.links[-1] == kept


def test_gaps(data: PageData) -> None:
    """A measurement without a value interrupts line and band and has no mark."""
    drawing = chart.drawn(data.performances)
    assert drawing is not None
    assert len(drawing.lines) == len(drawing.bands) == 2
    assert len(drawing.marks) == 3


def test_nothing_to_draw() -> None:
    """Without a single value there is no drawing."""
    assert chart.drawn([]) is None
    assert chart.drawn([performance(1, math.nan)]) is None


def test_single_measurement() -> None:
    """One measurement is drawn within the frame, with its axis."""
    drawing = chart.drawn([performance(1)])
    assert drawing is not None
    assert 0 < drawing.marks[0].y < chart.HEIGHT
    assert len(drawing.levels) >= 2


def test_champion_changes(data: PageData) -> None:
    """Changes of champion stand where they were decided; a refusal changes nothing."""
    drawing = chart.drawn(data.performances, data.decisions)
    assert drawing is not None
    assert [each.label for each in drawing.changes] == ["v1", "v3"]


def test_crowded_changes(data: PageData) -> None:
    """Changes that stand close together are all drawn, and their labels do not overlap."""
    year = [performance(number, version=number) for number in range(290)]
    first = data.decisions[0]
    often = [replace(first, as_of=night(day), champion=day + 1) for day in range(0, 290, 5)]
    drawing = chart.drawn(year, often)
    assert drawing is not None
    labelled = [each.at for each in drawing.changes if each.label]
    assert len(drawing.changes) == len(often)
    assert all(after - at > 25 for at, after in pairwise(labelled))


def test_points_stay_inside(data: PageData) -> None:
    """Every point of line, band and reference lies within the drawing."""
    drawing = chart.drawn(data.performances, data.decisions)
    assert drawing is not None
    for points in (*drawing.lines, *drawing.bands, *drawing.references):
        for x, y in re.findall(r"([\d.]+),([\d.]+)", points):
            assert chart.LEFT <= float(x) <= chart.WIDTH - chart.RIGHT
            assert chart.TOP <= float(y) <= chart.HEIGHT - chart.BOTTOM
