"""A model card tells what a version is for, what it was shown to do, and what nobody has shown."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from config.schema import Card
from tasks.ledger.approval import Approval
from tasks.ledger.card import card_markdown, card_page
from tasks.ledger.card_content import Sheet, sections
from tasks.ledger.duelling import duel
from tasks.records import Check, Decision, Fit, Kind, Parent, Severity, Status
from tests.ledger.duels import AS_OF, VERSION, fought, hearing
from tests.ledger.test_comparison_page import HOSTILE, Page, heard_of
from tests.ledger.test_telling import rows


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return Sheet(fought())


def decision(kind: Kind = Kind.PROMOTED, **evidence: object) -> Decision:
    return Decision("shop", 4, kind, AS_OF, "key", 8, 8, "log_loss is better", evidence, "", "f00d")


def section(sheet: Sheet, name: str) -> str:
    """One section of the Markdown."""
    told = card_markdown(sheet).split("\n## ")
    return next(each for each in told if each.startswith(f"{name}\n"))


def test_both_forms_say_the_same(sheet: Sheet) -> None:
    """Every heading, paragraph and cell of the content is in the Markdown and in the page."""
    markdown, page = card_markdown(sheet), Page(card_page(sheet)).text
    plain = markdown.replace("\\|", "|")
    for each in sections(sheet):
        assert f"\n## {each.title}\n" in markdown
        for block in each.blocks:
            texts = [block] if isinstance(block, str) else [t for row in block.rows for t in row]
            for text in texts:
                assert " ".join(text.split()) in plain, text
                assert " ".join(text.split()) in page, text


def test_figures_are_those_of_the_duel(sheet: Sheet) -> None:
    """Metrics of everybody and of groups, calibration and importances, with their intervals."""
    duel = sheet.duel
    for by_metric in duel.measured.values():
        for each in by_metric.values():
            assert f"{each.value:.4f} ({each.low:.4f} to {each.high:.4f})" in section(
                sheet, "Metrics"
            )
    for part in duel.parts:
        told = f"| {part.name} | {'no' if 'origin' in part.name else 'yes'} | {part.rows:,} |"
        assert told in section(sheet, "Metrics by group")
    for curve in duel.calibration.values():
        assert f"{curve.error.value:.3f} (" in section(sheet, "Calibration")
    for found in duel.importances["challenger"]:
        assert f"| {found.column} | {found.loss.value:.4f}" in section(sheet, "What it leans on")


def test_what_it_is_for(sheet: Sheet) -> None:
    """What the definition says about use and owner; what it leaves out is not stated."""
    use = section(sheet, "Intended use")
    assert "Intended use: Tells passengers early" in use
    assert "Out of scope: not stated" in use
    assert "| asked at | placed_at |" in use
    assert "| owner | Night crew |" in section(sheet, "Model details")
    bare = sheet.duel.pipeline.model_copy(update={"card": Card(), "sensitive": ()})
    told = card_markdown(Sheet(replace(sheet.duel, pipeline=bare)))
    assert told.count("not stated") == 4
    assert "No column is declared sensitive." in told


def test_training(sheet: Sheet) -> None:
    """Rows by digest, parameters, cost of every candidate, and where a warm start went on from."""
    data, training = section(sheet, "Training data"), section(sheet, "Training")
    assert f"| digest | {'1a' * 32} |" in data
    assert "orders (version 41), weather (version 39)" in data
    assert "max_iter=150" in training
    assert "| boosting | 0.7390 | 9.8 | 6.2 | 312 | 3 |" in training
    assert "forest (timeout: killed after 120 s, of 2 trials 1 was done)" in training
    taken = tuple(
        replace(e, reused="1f2e") if isinstance(e, Fit) else e for e in sheet.duel.attempts
    )
    reused = section(Sheet(replace(sheet.duel, attempts=taken)), "Training")
    assert "| boosting (taken from attempt 1f2e) | 0.7390 | 9.8 |" in reused
    warm = replace(sheet.duel.challenger, parent=Parent(5, "e" * 64))
    assert "went on from v5" in section(Sheet(replace(sheet.duel, challenger=warm)), "Training")


@pytest.mark.parametrize(
    ("made", "approval", "told"),
    [
        (None, None, "nobody yet"),
        (decision(), None, "the gate"),
        (decision(by="Ada"), None, "Ada"),
        (
            decision(),
            Approval(True, "Ada", "looks right", AS_OF, AS_OF + timedelta(hours=1)),
            "the gate, and approved by Ada: looks right",
        ),
        (
            decision(Kind.EXPIRED),
            Approval(False, "", "nobody answered", AS_OF, AS_OF),
            "the gate, and not approved: nobody answered",
        ),
    ],
)
def test_who_decided(
    sheet: Sheet, made: Decision | None, approval: Approval | None, told: str
) -> None:
    """The gate, a person, both, or nobody yet."""
    verdict = section(Sheet(sheet.duel, made, approval), "Verdict")
    assert f"| decided by | {told} |" in verdict


def test_known_limits(sheet: Sheet) -> None:
    """What lacked evidence and what warns is a known limit; what passed is not."""
    checks = (
        Check("a", "Passes", Status.PASS, "fine"),
        Check("b", "Rare group", Status.NO_EVIDENCE, "9 rows", severity=Severity.NOTE),
        Check("c", "Slow", Status.FAIL, "2 ms", severity=Severity.WARNING),
    )
    verdict = replace(sheet.duel.verdict, checks=checks)
    limits = section(Sheet(replace(sheet.duel, verdict=verdict, beside=())), "Known limits")
    assert "Rare group" in limits
    assert "Slow" in limits
    assert "Passes" not in limits
    fine = replace(verdict, checks=checks[:1])
    limits = section(Sheet(replace(sheet.duel, verdict=fine, beside=())), "Known limits")
    assert "No check lacked evidence, and none warns." in limits


def test_first_version() -> None:
    """Without champion, importances and groups the card says so, and prints no nan."""
    heard = hearing()
    trial = replace(
        heard.trial, champion=None, champion_version=None, champion_through=None, slices={}, bets=()
    )
    told = card_markdown(Sheet(duel(heard_of(heard, trial), VERSION)))
    for text in ("no champion yet", "Importances were not measured.", "No group was compared"):
        assert text in told, text
    assert not re.search(r"\bnan\b", told)


def test_hostile_names(sheet: Sheet) -> None:
    """Markup in names stays text in both forms, and no cell of the Markdown breaks its table."""
    told = f"{HOSTILE} | a \\ [x](javascript:1)\n\n| fake |"
    pipeline = sheet.duel.pipeline.model_copy(
        update={"title": told, "card": Card(intended_use=told, owner=told, limits=told)}
    )
    hostile = replace(
        sheet.duel,
        pipeline=pipeline,
        why=told,
        version=replace(VERSION, candidate=told, uri=told),
        verdict=replace(sheet.duel.verdict, checks=(Check("x", told, Status.FAIL, told),)),
    )
    page = Page(card_page(Sheet(hostile)))
    assert not {"script", "img"} & set(page.tags)
    assert all(link.startswith("#") for link in page.links)
    markdown = card_markdown(Sheet(hostile))
    assert "<" not in markdown
    assert "](javascript" not in markdown
    for each in section(Sheet(hostile), "Verdict").split("\n\n"):
        assert len({len(row) for row in rows(each)}) <= 1


def test_same_record_same_bytes(sheet: Sheet) -> None:
    """The same record gives the same card."""
    assert card_markdown(sheet) == card_markdown(Sheet(fought()))
    assert card_page(sheet) == card_page(Sheet(fought()))
