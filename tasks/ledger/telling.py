"""Verdicts and decisions in words: Markdown for artifacts, sentences for people."""

import math
from collections.abc import Mapping, Sequence

from tasks.evaluation.costs import Cost
from tasks.records import Check, Decision, Status, Verdict

_MARKS = {
    Status.PASS: "✅",
    Status.FAIL: "❌",
    Status.NO_EVIDENCE: "❔",
    Status.NOT_APPLICABLE: "·",
}


def verdict_markdown(verdict: Verdict, title: str) -> str:
    """The verdict as a table, one check a line; text is escaped for Markdown tables."""
    needed = f" ({verdict.labels_needed:,} more labels needed)" if verdict.labels_needed else ""
    head = [
        f"# {cell(title)}",
        f"**{verdict.choice.value}**{needed}: {cell(verdict.reason)}",
        "",
        "| | check | why |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *map(_line, _sorted(verdict.checks))])


def candidates_markdown(costs: Sequence[Cost], metric: str) -> str:
    """What each candidate cost beside what it gained; text is escaped for Markdown tables."""
    head = [
        "## Candidates",
        f"| candidate | selection {metric} | gain over the cheapest | gain per CPU minute more "
        "| CPU seconds | peak MB | trials | |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    return "\n".join([*head, *map(_price, costs)])


def facts_markdown(title: str, facts: Mapping[str, object]) -> str:
    """Named values as a table under a heading; text is escaped for Markdown tables."""
    lines = [f"| {cell(name)} | {cell(str(value))} |" for name, value in facts.items()]
    head = [f"# {cell(title)}", "", "| | |", "|---|---|"]
    return "\n".join([*head, *lines] if lines else head[:1])


def decision_sentence(decision: Decision) -> str:
    """One decision in one sentence."""
    serves = "nobody serves" if decision.champion is None else f"v{decision.champion} serves"
    return (
        f"{decision.as_of:%Y-%m-%d}: v{decision.version} {decision.kind.value}, {serves}: "
        f"{decision.reason}"
    )


def _sorted(checks: Sequence[Check]) -> list[Check]:
    """What stood in the way first."""
    order = [Status.FAIL, Status.NO_EVIDENCE, Status.PASS, Status.NOT_APPLICABLE]
    return sorted(checks, key=lambda check: order.index(check.status))


def _line(check: Check) -> str:
    return f"| {_MARKS[check.status]} | {cell(check.title)} | {cell(check.reason)} |"


def _price(cost: Cost) -> str:
    numbers = (
        _number(cost.score, ".4f"),
        _number(cost.gain, "+.4f"),
        _number(cost.gain_per_cpu_minute, "+.4f"),
        f"{cost.cpu_seconds:.1f}",
        f"{cost.peak_mb:,.0f}",
        str(cost.trials),
    )
    return f"| {cell(cost.candidate)} | {' | '.join(numbers)} | {cell(cost.told)} |"


def _number(value: float, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)


def cell(text: str) -> str:
    """The text on one line, as Markdown shows it in a table or anywhere, and never as markup."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = safe.replace("\\", "\\\\").replace("|", "\\|").replace("](", "]\\(")
    return " ".join(safe.split())
