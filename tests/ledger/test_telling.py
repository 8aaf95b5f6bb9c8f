"""Verdicts in words, whatever those words contain."""

import pytest

from tasks.evaluation.costs import costs
from tasks.ledger.ledger import Ledger
from tasks.ledger.telling import candidates_markdown, decision_sentence, verdict_markdown
from tasks.records import Check, Choice, Failure, Fit, Kind, Status, Verdict
from tests.ledger.conftest import entry


def check(status: Status, title: str, reason: str = "because") -> Check:
    return Check(title, title, status, reason)


def rows(markdown: str) -> list[list[str]]:
    """Cells of the table, split where a reader of Markdown would."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")][2:]
    cells = []
    for line in lines:
        cell, row, escaped = "", [], False
        for letter in line:
            if letter == "|" and not escaped:
                row.append(cell.strip())
                cell = ""
            else:
                cell += letter
            escaped = letter == "\\" and not escaped
        cells.append(row[1:])
    return cells


def test_what_stood_in_the_way_comes_first() -> None:
    """Failures, then what lacked evidence, then what passed; a mark for each."""
    statuses = [Status.PASS, Status.NOT_APPLICABLE, Status.NO_EVIDENCE, Status.FAIL]
    checks = tuple(check(status, status.value) for status in statuses)
    told = rows(verdict_markdown(Verdict(Choice.KEEP, checks), "flights v2"))
    assert [row[1] for row in told] == ["fail", "no evidence", "pass", "not applicable"]
    assert len({row[0] for row in told}) == 4


def test_head() -> None:
    """Title, choice, reason, and how many labels would decide."""
    verdict = Verdict(Choice.UNDECIDED, (check(Status.NO_EVIDENCE, "x", "too few"),), 1200)
    told = verdict_markdown(verdict, "flights v2 (boosting)")
    assert told.startswith("# flights v2 (boosting)\n**UNDECIDED** (1,200 more labels needed): too")
    assert "more labels" not in verdict_markdown(Verdict(Choice.KEEP, verdict.checks), "x")


@pytest.mark.parametrize(
    "planted",
    [
        "a | b",
        "a \\| b",
        "a \\\\| b",
        "ends in \\",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "![](https://example.org/x.png)",
        "one\ntwo\r\nthree\n\n| fake | row | here |",
        "&lt;b&gt;",
    ],
)
def test_texts_stay_texts(planted: str) -> None:
    """No category of the data breaks the table, makes a link or carries markup."""
    verdict = Verdict(Choice.KEEP, (check(Status.FAIL, planted, planted),))
    told = verdict_markdown(verdict, planted)
    (row,) = rows(told)
    assert len(row) == 3
    assert len(told.splitlines()) == 6
    assert "<" not in told
    assert "](" not in told


def test_sentence(ledger: Ledger) -> None:
    """What was decided about which version, who serves then, and why."""
    told = decision_sentence(ledger.decide(entry(ledger, Kind.PROMOTED, 1, 1)))
    assert told == "2013-03-15: v1 promoted, v1 serves: roc_auc .73 against .70"


def test_sentence_without_champion(ledger: Ledger) -> None:
    """A first refusal leaves nobody in charge, and the sentence says so."""
    assert "v1 refused, nobody serves" in decision_sentence(
        ledger.decide(entry(ledger, Kind.REFUSED, 1, None))
    )


def test_prices_beside_gains() -> None:
    """Every candidate's price stands beside its gain; what is undefined is empty, names escaped."""
    attempts = (
        Fit("cheap", "", {}, (0.7,), 3, 5.0, 4.0, 210.0),
        Fit("dear", "", {}, (0.72,), 2, 70.0, 64.0, 1310.0, cold="a | b"),
        Failure("hung", "timeout", "killed after 60 s", 60.0, 58.0, 400.0),
    )
    told = rows(candidates_markdown(costs(attempts, "roc_auc"), "roc_auc"))
    assert told == [
        ["cheap", "0.7000", "+0.0000", "", "4.0", "210", "3", ""],
        ["dear", "0.7200", "+0.0200", "+0.0200", "64.0", "1,310", "2", "started cold: a \\| b"],
        ["hung", "", "", "", "58.0", "400", "0", "timeout: killed after 60 s"],
    ]
