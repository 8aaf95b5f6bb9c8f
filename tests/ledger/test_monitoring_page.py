"""The monitoring page tells what watching found, says what it does not know, and runs nothing."""

import math
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.ledger.monitoring import Level, Maturity, MonitorData
from tasks.ledger.monitoring_page import View, monitoring_page
from tasks.ledger.page import Link, PageData, status_page
from tasks.records import Kind
from tasks.signs import Clock, Route, Signal, Track, Why
from tests.ledger.conftest import night, performance
from tests.ledger.monitored import AS_OF, LAST, decision, evaluation, reading, signal, year
from tests.ledger.test_comparison_page import HOSTILE, Page

EMPTY = MonitorData("flights", "Will it be late?", AS_OF, "roc_auc", True)
SECTIONS = ("clocks", "policy", "drift", "labels", "data")


@pytest.fixture(scope="module")
def data() -> MonitorData:
    return year()


@pytest.fixture(scope="module")
def page(data: MonitorData) -> Page:
    return Page(monitoring_page(data))


def test_clocks_are_told_with_their_intervals(data: MonitorData, page: Page) -> None:
    """Each clock's newest value, its limits, its window and how its past intervals came out."""
    for clock in Clock:
        newest = [each for each in data.readings if each.clock is clock][-1]
        measured = newest.measured
        figures = f"{measured.value:.4f} {measured.low:.4f} to {measured.high:.4f}"
        assert f"{figures} {newest.first_day} to {newest.last_day}" in page.told("clocks")
    assert f"the bar is {data.bars[-1].value:.4f}, higher is better" in page.told("")
    for track in data.tracks:
        held = f"{track.coverage * 100:.0f} % of {track.scored} intervals held"
        assert held in page.told("clocks")
        assert f"{track.mean_absolute_error:.4f}" in page.told("clocks")


def test_a_clock_that_is_undefined_says_why() -> None:
    """An undefined reading is told with its reason, and never as a number."""
    told = Page(monitoring_page(replace(EMPTY, readings=(reading(LAST, value=math.nan),))))
    assert "undefined: 900 labels: 1,000 needed" in told.told("clocks")
    assert "No clock has a value yet, for the reasons below." in told.told("clocks")
    assert "Not known 900 labels: 1,000 needed" in told.told("")


@pytest.mark.parametrize(
    ("track", "told"),
    [
        (None, "unproven: 0 of 10 scored"),
        (Track(Clock.ESTIMATED, "roc_auc", 9, 9, 0.01), "unproven: 9 of 10 scored"),
        (Track(Clock.ESTIMATED, "log_loss", 99, 99, 0.01), "unproven: 0 of 10 scored"),
        (Track(Clock.ESTIMATED, "roc_auc", 20, 16, 0.01), "trusted: 80 % of 20 intervals held"),
        (Track(Clock.ESTIMATED, "roc_auc", 20, 15, 0.01), "may not trigger: 75 % of 20 intervals"),
    ],
)
def test_who_is_trusted(track: Track | None, told: str) -> None:
    """A clock may trigger after enough past intervals of its metric, enough of which held."""
    tracks = (track,) if track else ()
    spoken = replace(EMPTY, readings=(reading(LAST, Clock.ESTIMATED),), tracks=tracks)
    assert told in Page(monitoring_page(spoken)).told("clocks")


def test_evaluations_and_verdicts(data: MonitorData, page: Page) -> None:
    """Every reason with how often it was given, and every verdict; the newest reason in words."""
    for why in {each.why for each in data.evaluations}:
        count = sum(each.why is why for each in data.evaluations)
        assert f"{why.value} {count}" in page.told("policy")
    for kind in Kind:
        count = sum(each.kind is kind for each in data.decisions)
        assert f"{kind.value} {count}" in page.told("policy")
    wanted = sum(each.wanted for each in data.evaluations)
    assert f"{wanted} retrains asked for in 365 evaluations" in page.told("policy")
    assert data.evaluations[-1].reason in page.told("latest")
    assert "measured 0.7161 bar 0.72 nights 1 of 3" in page.told("latest")


def test_alarms_with_their_streams(data: MonitorData, page: Page) -> None:
    """Each alarm with stream, reference, effect beside its floor, and since when it grew."""
    raised = [each for each in data.signals if each.alarmed]
    assert f"{len(raised)} alarms as a table" in page.told("drift")
    for each in raised:
        told = f"{each.day} {each.stream} {each.reference.value} 0.131 rank 0.02"
        assert told in page.told("drift")
    assert "20 of 21 streams could be compared" in page.told("drift")
    assert "skew not compared all 912 values are missing" in page.told("drift")
    assert "1 standing" in page.told("")


def test_data_and_labels(data: MonitorData, page: Page) -> None:
    """Tables by name with their refused deliveries, and through which day labels are complete."""
    assert "flights none refused" in page.told("data")
    assert "weather 3 deliveries refused" in page.told("data")
    assert "40 held" in page.told("data")
    assert f"complete to {data.complete_through}" in page.told("labels")


def test_empty_pipeline() -> None:
    """A pipeline that has done nothing has a page that says so, in every part of it."""
    page = Page(monitoring_page(EMPTY))
    for told in (
        "Nothing watched yet",
        "Nothing has been promoted.",
        "No clock has a value yet.",
        "No evaluation of the trigger policy is on record.",
        "No retrain has been judged.",
        "No day has been compared with a reference yet.",
        "No answers are on record",
        "Nothing has been delivered yet.",
    ):
        assert told in page.text, told
    assert "quiet" not in page.text
    assert "No alarm was raised" not in page.text


def alarm(day_ago: int = 0) -> Signal:
    raised = signal(LAST - timedelta(days=day_ago), evidence=9000.0)
    return replace(raised, alarmed=True, standing=True, effect=0.1)


@pytest.mark.parametrize(
    ("changed", "colour", "headline"),
    [
        (replace(EMPTY, readings=(reading(LAST),)), "idle", "Not judged yet"),
        (replace(EMPTY, signals=(alarm(),)), "idle", "Nothing watched yet"),
        (replace(EMPTY, evaluations=(evaluation(LAST),)), "good", "Champion holds its promise"),
        (
            replace(EMPTY, evaluations=(evaluation(LAST, Why.DROPPED, wanted=True),)),
            "warn",
            "Retrain asked for",
        ),
        (replace(EMPTY, evaluations=(evaluation(LAST, Why.IN_DOUBT),)), "warn", "A drop, but not"),
        (replace(EMPTY, evaluations=(evaluation(LAST, Why.UNDEFINED),)), "idle", "Too few labels"),
        (replace(EMPTY, evaluations=(evaluation(LAST, Why.BROKEN_DATA),)), "bad", "Broken data"),
        (
            replace(EMPTY, evaluations=(evaluation(LAST),), signals=(alarm(),)),
            "warn",
            "Drift in 1 stream",
        ),
        (
            replace(EMPTY, evaluations=(evaluation(LAST),), signals=(alarm(1), signal(LAST))),
            "good",
            "Champion holds its promise",
        ),
    ],
)
def test_headline(changed: MonitorData, colour: str, headline: str) -> None:
    """What is worst is told first, and what nobody looked at is never good."""
    found, told = View(changed).state
    assert (found, told[: len(headline)]) == (colour, headline)
    assert f'<span class="pill big {colour}">{told}</span>' in monitoring_page(changed)


def test_nothing_later_is_told() -> None:
    """The page as of a day tells nothing that was found, decided or scored after it."""
    later = LAST + timedelta(days=1)
    future = replace(
        EMPTY,
        readings=(reading(later),),
        performances=(performance(9000),),
        bars=(Level(later, "roc_auc", 0.5),),
        signals=(replace(alarm(), day=later),),
        decisions=(decision(later, 1, Kind.PROMOTED, 1),),
        evaluations=(evaluation(later),),
        maturity=(Maturity(later, 9, 9),),
    )
    assert monitoring_page(future) == monitoring_page(EMPTY)


def test_performances_stand_in_for_readings() -> None:
    """A ledger from before there were readings shows its realised performance and its bar."""
    old = tuple(performance(number, 0.66 if number == 9 else 0.71) for number in range(10))
    found = View(replace(EMPTY, as_of=night(10), performances=old))
    assert found.newest("realised") is not None
    assert found.bar == Level(night(9).date(), "roc_auc", 0.73)
    [panel] = found.panels
    assert panel.bar
    assert len(panel.dropped) == 1
    twice = replace(found.data, readings=(replace(reading(LAST), as_of=night(9)),))
    assert len(View(twice).readings) == 10


def test_several_metrics() -> None:
    """Each metric has a panel of its own, the pipeline's first."""
    other = replace(reading(LAST), metric="average_precision")
    found = View(replace(EMPTY, readings=(other, reading(LAST))))
    assert [panel.metric for panel in found.panels] == ["roc_auc", "average_precision"]
    assert [now.reading.metric for now in found.now] == ["roc_auc", "average_precision"]


def test_whatever_is_undefined() -> None:
    """With every number undefined the page is made, and neither draws nor prints a nan."""
    blank = replace(
        alarm(), p=math.nan, e=math.nan, evidence=math.nan, effect=math.nan, weight=math.nan
    )
    endless = replace(alarm(), stream="label", evidence=math.inf)
    nothing = replace(
        EMPTY,
        readings=tuple(reading(LAST, clock, math.nan) for clock in Clock),
        bars=(Level(LAST, "roc_auc", math.nan),),
        tracks=(Track(Clock.ESTIMATED, "roc_auc", 0, 0, math.nan),),
        signals=(blank, endless),
        evaluations=(replace(evaluation(LAST), evidence={"measured": math.nan}, reason=""),),
        maturity=(Maturity(LAST, 0, 0),),
        complete_through=LAST,
    )
    page = monitoring_page(nothing)
    assert not re.search(r"\bnan\b|\binf\b", page[page.index("<body>") :])


def test_needs_nothing_from_elsewhere(data: MonitorData, page: Page) -> None:
    """The page loads no script, font, image or sheet; its links are those it was given."""
    text = monitoring_page(data)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert page.links == [link.href for link in data.links]
    assert "url(" not in text
    assert set(SECTIONS) < set(page.texts)
    assert text.count("<section") == text.count("</section>")
    assert text.count("<svg") == text.count("</svg>")


def test_everything_is_escaped() -> None:
    """Names, reasons, streams, metrics and evidence that are markup stay text."""
    tame = year(40)
    hostile = replace(
        tame,
        pipeline=HOSTILE,
        title=HOSTILE,
        metric=HOSTILE,
        readings=tuple(
            replace(each, metric=HOSTILE, method=HOSTILE, reason=HOSTILE) for each in tame.readings
        ),
        scored=tuple(
            replace(each, reading=replace(each.reading, metric=HOSTILE), truth=0.0)
            for each in tame.scored
        ),
        signals=tuple(
            replace(each, stream=HOSTILE, unit=HOSTILE, reason=HOSTILE, alarmed=True)
            for each in tame.signals
        ),
        decisions=tuple(replace(each, reason=HOSTILE) for each in tame.decisions),
        evaluations=tuple(
            replace(each, reason=HOSTILE, evidence={HOSTILE: HOSTILE, "more": [HOSTILE]})
            for each in tame.evaluations
        ),
        admissions=tuple(
            replace(each, code=HOSTILE, message=HOSTILE,
                    delivery=replace(each.delivery, table=HOSTILE, partition=HOSTILE))
            for each in tame.admissions
        ),
        volumes=tuple(replace(each, table=HOSTILE) for each in tame.volumes),
        links=(Link(HOSTILE, "javascript:alert(1)"),),
    )  # fmt: skip
    page = Page(monitoring_page(hostile))
    assert not {"script", "img"} & set(page.tags)
    assert page.links == ["#"]
    for section in ("clocks", "latest", "drift", "data"):
        assert HOSTILE in page.told(section), section


def test_same_record_same_bytes(data: MonitorData) -> None:
    """The same record gives the same bytes, and a route is told only where there is one."""
    assert monitoring_page(data) == monitoring_page(year())
    quiet, loud = evaluation(LAST), replace(evaluation(LAST), route=Route.CONCEPT)
    assert "behind it: concept drift" in monitoring_page(replace(EMPTY, evaluations=(loud,)))
    assert "behind it: " not in monitoring_page(replace(EMPTY, evaluations=(quiet,)))


def test_a_year_stays_small(data: MonitorData) -> None:
    """A year of 21 streams on three clocks makes a page that opens at once; more is left out."""
    assert len(monitoring_page(data)) < 450_000
    assert View(replace(data, days=90)).days.days == 90
    assert len(monitoring_page(replace(data, days=90))) < 250_000


def test_the_status_page_leads_there() -> None:
    """The status page links to the monitoring page when there is one, and to nothing unsafe."""
    status = PageData("flights", "Will it be late?", AS_OF, "roc_auc", True)
    assert Page(status_page(status)).links == []
    linked = replace(status, monitoring=Link("Monitoring", "monitoring.html"))
    assert Page(status_page(linked)).links == ["monitoring.html"]
    unsafe = replace(status, monitoring=Link(HOSTILE, "javascript:alert(1)"))
    assert Page(status_page(unsafe)).links == ["#"]


def test_evidence_is_told_flat(data: MonitorData) -> None:
    """Triggers say their sentence, nested numbers their value; what is empty says nothing."""
    evidence: dict[str, object] = {
        "triggers": [{"trigger": "drop", "reason": "0.060 worse", "bar": 0.7}],
        "symptoms": {"held_share": 0.25},
        "money": {},
        "inequality": "",
    }
    latest = replace(data.evaluations[-1], evidence=evidence)
    text = monitoring_page(replace(data, evaluations=(latest,)))
    assert "<dt>triggers: drop</dt><dd>0.060 worse</dd>" in text
    assert "<dt>held share</dt><dd>0.25</dd>" in text
    assert "<dt>money</dt>" not in text
    assert "<dt>inequality</dt>" not in text
