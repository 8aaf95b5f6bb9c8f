"""The comparison page shows what was measured, and runs nothing that it was told."""

import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from tasks.evaluation.contest import judge, measured
from tasks.evaluation.hearing import Hearing, Shipped
from tasks.evaluation.metrics import measure
from tasks.evaluation.trial import Trial
from tasks.evaluation.wealth import curve
from tasks.ledger import drawing
from tasks.ledger.axis import Axis, around, by_ratio, shares
from tasks.ledger.duel import CHALLENGER, CHAMPION, Duel
from tasks.ledger.duel_page import HEADINGS, View, comparison_page
from tasks.ledger.duelling import duel
from tasks.records import Check, Severity, Status
from tests.ledger.duels import VERSION, bets, explained, fought, golden, hearing

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """The elements of a page, its text by section, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: dict[str, str] = {"": ""}
        self._section = ""
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag == "section":
            self._section = named.get("id") or ""
            self.texts[self._section] = ""
        if tag == "style":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self._section = ""
        if tag == "style":
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.texts[self._section] += f"{data} "

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts.values()).split())

    def told(self, section: str) -> str:
        """A section's text, its spaces made single."""
        return " ".join(self.texts[section].split())


@pytest.fixture(scope="module")
def heard() -> Hearing:
    return hearing()


@pytest.fixture(scope="module")
def found(heard: Hearing) -> Duel:
    return fought(heard)


def heard_of(heard: Hearing, trial: Trial) -> Hearing:
    """The hearing that this trial would have led to."""
    definition = heard.definition
    made = replace(heard, trial=trial, measured=measured(definition, trial))
    return replace(made, verdict=judge(definition, trial, []))


def test_figures_are_those_of_the_trial(heard: Hearing, found: Duel) -> None:
    """Metrics with their intervals, of everybody, the lead, and both sides' values in groups."""
    page, trial = Page(comparison_page(found)), heard.trial
    for by_metric in heard.measured.values():
        for each in by_metric.values():
            assert f"{each.value:.4f} {each.low:.4f} to {each.high:.4f}" in page.told("metrics")
    assert trial.champion is not None
    better = measure("log_loss", trial.y, trial.champion)
    better -= measure("log_loss", trial.y, trial.challenger)
    assert f"{better:+.4f}" in page.told("")
    rows = trial.slices["carrier"] == "UA"
    ours = measure("log_loss", trial.y[rows], trial.challenger[rows])
    theirs = measure("log_loss", trial.y[rows], trial.champion[rows])
    assert f"{ours:.4f} {theirs:.4f}" in page.told("slices")
    assert f"◆ carrier=UA {int(rows.sum())}" in page.told("slices")
    assert "◆ origin=JFK" not in page.told("slices"), "not critical"


def test_evidence_over_the_nights(found: Duel) -> None:
    """Each bet is a point of the curve and a bar, told with its challenger, lead and wealth."""
    page = comparison_page(found)
    told = Page(page).told("evidence")
    last = found.stakes[-1]
    for figure in (
        f"{last.bet.lead:+.4f}",
        f"{last.wealth:.3f}",
        f"{last.bet.day}",
        "mode does not ask for",
    ):
        assert figure in told, figure
    assert page.count("<rect") == len(found.stakes) == 20
    assert [stake.wealth for stake in found.stakes] == list(curve(bets()))
    drawn = drawing.evidence(found.stakes, 0.05)
    assert drawn is not None
    assert drawn.goal is not None
    heights = [float(point.split(",")[1]) for point in drawn.wealth.points.split()]
    crossed = [stake.wealth >= 20 for stake in found.stakes]
    assert [height <= drawn.goal for height in heights[1:]] == crossed
    assert [bar.is_up for bar in drawn.bars] == [stake.bet.lead >= 0 for stake in found.stakes]


def test_flips_are_counted_over_all_rows(heard: Hearing, found: Duel) -> None:
    """Gained and lost answers are those of every row, however few are drawn."""
    trial, shift = heard.trial, found.shift
    assert shift is not None
    assert trial.champion is not None
    truth = trial.y.astype(bool)
    right, was = (trial.challenger >= 0.5) == truth, (trial.champion >= 0.5) == truth
    assert (shift.gained, shift.lost) == (int((right & ~was).sum()), int((was & ~right).sum()))
    many = fought(hearing(300)).shift
    assert many is not None
    assert len(many.points) == 1500 < many.rows == 3000
    told = Page(comparison_page(found)).told("shift")
    assert f"{shift.gained} gained" in told
    assert f"{shift.lost} lost: negative flips" in told


def test_importances_side_by_side(found: Duel) -> None:
    """Both models' losses with intervals; what only one of them knows is told."""
    told = Page(comparison_page(found)).told("importances")
    for found_by in found.importances.values():
        for each in found_by:
            assert f"{each.loss.value:+.4f}" in told
    assert "column_5 +0.0073 +0.0053 to +0.0103 not an input" in told


def test_cost_beside_gain(found: Duel) -> None:
    """Every candidate with its cost, and what the dearer one gains over the cheapest."""
    told = Page(comparison_page(found)).told("candidates")
    assert "logistic 0.7180 cheapest 1.4 1.9 205 MB 3" in told
    assert "boosting challenger 0.7390 +0.0210 9.8 6.2 312 MB 3" in told
    assert "forest timeout killed after 120 s, of 2 trials 1 was done 120.0" in told


def test_checks_by_what_they_mean(found: Duel) -> None:
    """Every check is told once under its heading, what stood in the way first."""
    checks = (
        Check("one", "Passes", Status.PASS, "fine"),
        Check("two", "Blocks", Status.NO_EVIDENCE, "too few"),
        Check("three", "Fails and warns", Status.FAIL, "slow", severity=Severity.WARNING),
        Check("four", "Small", Status.NO_EVIDENCE, "9 rows", severity=Severity.NOTE),
        Check("five", "Elsewhere", Status.NOT_APPLICABLE, "no rule"),
    )
    changed = replace(found, verdict=replace(found.verdict, checks=checks), beside=())
    told = Page(comparison_page(changed)).told("checks")
    order = ["Blocks", "Fails and warns", "Small", "Passes", "Elsewhere"]
    places = [told.index(f"{name} {code}") for name, code in zip(
        order, ["two", "three", "four", "one", "five"], strict=True)]  # fmt: skip
    assert places == sorted(places)
    assert tuple(View(changed).checks) == HEADINGS
    assert "too few" in Page(comparison_page(changed)).told("verdict")


def test_what_the_gate_did_not_count(heard: Hearing) -> None:
    """A refit's certificate is told, and stands in nobody's way."""
    told = "moved by 9 %"
    refused = Check("refit", "Refit is what was judged", Status.FAIL, told, severity=Severity.NOTE)
    shipped = Shipped(heard.challenger, heard.split.trained_through, refused)
    page = Page(comparison_page(duel(replace(heard, shipped=shipped), VERSION)))
    assert told in page.told("checks")
    assert "Nothing stood in the way" in page.told("verdict")
    assert "the evaluated fit, not its refit" in page.told("candidates")


def test_pinned_rows(heard: Hearing) -> None:
    """What is measured on the golden set stands beside the rest."""
    trial = replace(heard.trial, golden=golden(heard.trial))
    found = duel(heard_of(heard, trial), VERSION)
    told = Page(comparison_page(found)).told("metrics")
    assert (
        f"golden set v2 lower is better challenger v8 {found.golden[CHALLENGER].value:.4f}" in told
    )


def test_first_champion(heard: Hearing) -> None:
    """Without a champion the page says so and compares with the best baseline."""
    trial = replace(
        heard.trial, champion=None, champion_version=None, champion_through=None, bets=()
    )
    page = Page(comparison_page(duel(heard_of(heard, trial), VERSION)))
    for told in (
        "v8 (boosting), no champion yet",
        "there is no champion to bet against yet",
        "There is no champion yet, so no answer changes.",
        "Importances were not measured.",
        "over the best baseline",
    ):
        assert told in page.text, told
    assert "champion v" not in page.text


@pytest.mark.parametrize(
    "fault", ["one class", "nan", "lengths", "no groups", "constant", "wealth"]
)
def test_whatever_a_trial_contains(heard: Hearing, fault: str) -> None:
    """Undefined and missing parts are told; nothing raises, and no nan is drawn or printed."""
    trial = heard.trial
    placed = tuple(replace(bet, lead=math.nan, scale=math.nan) for bet in bets(3))
    rows = len(trial.y)
    changed = {
        "one class": replace(trial, y=np.zeros(rows, dtype=bool)),
        "nan": replace(trial, challenger=np.full(rows, np.nan)),
        "lengths": replace(trial, challenger=trial.challenger[:-1]),
        "no groups": replace(trial, slices={}),
        "constant": replace(trial, challenger=np.full(rows, 0.5), champion=np.full(rows, 0.5)),
        "wealth": replace(trial, bets=placed),
    }[fault]
    definition = heard.definition
    known = heard.measured if fault == "lengths" else measured(definition, changed)
    made = replace(heard, trial=changed, measured=known, verdict=judge(definition, changed, []))
    found = duel(made, VERSION)
    wealth = (math.nan, 0.0, math.inf)
    stakes = [replace(s, wealth=w) for s, w in zip(found.stakes, wealth, strict=False)]
    page = comparison_page(replace(found, stakes=tuple(stakes)))
    own = page[page.index("<body>") :]
    assert not re.search(r"\bnan\b|\binf\b", re.sub(r'class="why">[^<]*', "", own))


def test_same_record_same_bytes(heard: Hearing, found: Duel) -> None:
    """The same hearing gives the same bytes."""
    assert comparison_page(found) == comparison_page(fought(heard))


def test_needs_nothing_from_elsewhere(found: Duel) -> None:
    """The page loads no script, font, image or sheet, and links only within itself."""
    text = comparison_page(found)
    page = Page(text)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert page.links == ["#checks"]
    assert "url(" not in text
    assert text.count("<section") == text.count("</section>")


def test_everything_is_escaped() -> None:
    """A carrier, a title, a reason and a column that are markup stay text."""
    heard = hearing()
    carriers = np.where(heard.trial.slices["carrier"] == "UA", HOSTILE, "AA")
    trial = replace(heard.trial, slices={"carrier": carriers})
    found = fought(heard_of(heard, trial))
    pipeline = found.pipeline.model_copy(update={"title": HOSTILE, "name": HOSTILE})
    hostile = replace(
        found,
        pipeline=pipeline,
        why=HOSTILE,
        version=replace(found.version, candidate=HOSTILE, uri=HOSTILE, run_id=HOSTILE),
        verdict=replace(
            found.verdict,
            checks=(*found.verdict.checks, Check(HOSTILE, HOSTILE, Status.FAIL, HOSTILE)),
        ),
        attempts=tuple(replace(each, candidate=HOSTILE) for each in found.attempts),
        measured={**found.measured, HOSTILE: found.measured[CHAMPION]},
        importances={
            CHALLENGER: tuple(
                replace(each, column=HOSTILE) for each in found.importances[CHALLENGER]
            )
        },
        config_hash=HOSTILE,
        code=HOSTILE,
    )
    page = Page(comparison_page(hostile))
    assert not {"script", "img"} & set(page.tags)
    assert f"carrier={HOSTILE}" in page.told("slices")


def test_a_page_stays_small() -> None:
    """9,000 rows and 33 inputs make a page that opens at once."""
    heard = replace(hearing(900), explained=explained(33))
    assert len(comparison_page(duel(heard, VERSION))) < 200_000


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(0.0, 1.0), ["0.0", "0.5", "1.0"]),
        (Axis(-0.021, 0.043), ["-0.02", "0.00", "0.02", "0.04"]),
        (by_ratio([0.4, 1.0, 20.0, 1000.0]), ["1", "10", "100", "1,000"]),
        (shares([0.43]), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
    ],
)
def test_ticks_are_round(axis: Axis, ticks: list[str]) -> None:
    """Axes are labelled with round values inside their ends."""
    assert [tick.label for tick in axis.ticks] == ticks
    assert all(0 <= tick.at <= 100 for tick in axis.ticks)


def test_axes_without_extent() -> None:
    """One value, or none above 0, has an axis all the same; no value at all has none."""
    single = around([0.5])
    assert single is not None
    assert single.at(0.5) == 50
    assert by_ratio([0.0]).at(1.0) == 50
    assert around([math.nan]) is None
