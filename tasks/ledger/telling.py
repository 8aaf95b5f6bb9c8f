"""Verdicts and decisions in words: Markdown for artifacts, sentences for people."""

from collections.abc import Mapping, Sequence

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
        f"# {_cell(title)}",
        f"**{verdict.choice.value}**{needed}: {_cell(verdict.reason)}",
        "",
        "| | check | why |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *map(_line, _sorted(verdict.checks))])


def facts_markdown(title: str, facts: Mapping[str, object]) -> str:
    """Named values as a table under a heading; text is escaped for Markdown tables."""
    lines = [f"| {_cell(name)} | {_cell(str(value))} |" for name, value in facts.items()]
    head = [f"# {_cell(title)}", "", "| | |", "|---|---|"]
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
    return f"| {_MARKS[check.status]} | {_cell(check.title)} | {_cell(check.reason)} |"


def _cell(text: str) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = safe.replace("\\", "\\\\").replace("|", "\\|").replace("](", "]\\(")
    return " ".join(safe.split())
