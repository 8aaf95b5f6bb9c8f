"""`ratchet deploy`: make a Prefect server match the pipelines, telling first what changes."""

from collections import Counter
from collections.abc import Callable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config.settings import Settings, SettingsError, export
from deployments import show
from deployments.comparison import Comparison
from deployments.plan import Plan, plan_of
from deployments.server import connected, found
from deployments.wanted import Wanted, wanted

_COLOURS = {"create": "green", "change": "yellow", "delete": "red"}

_PIPED_WIDTH = 160
"""Columns when there is no terminal: what goes into a log is searched, not looked at."""

_NO_WEBHOOK = (
    "nobody is notified: set RATCHET_WEBHOOK_URL (a Slack-compatible address) and deploy again"
)


def run(only_plan: bool, as_json: bool) -> None:
    """Print the plan, then carry it out unless only the plan was asked for."""
    settings = Settings.from_environment()
    chosen = wanted(settings)
    address = server_address(settings)
    export({**settings.prefect_environment(), **settings.tracking_environment()})
    plan = deploy(settings, address, chosen, document if as_json else table, only_plan)
    if not as_json:
        count = len(plan.pending)
        show.line(f"{count} changes {'planned, nothing was changed' if only_plan else 'applied'}")


def apply(settings: Settings, api_url: str) -> Plan:
    """Make the server at an address match the pipelines of an installation; what was done.

    Raises what `wanted` and `connected` raise.
    """
    return deploy(settings, api_url, wanted(settings))


def deploy(
    settings: Settings,
    api_url: str,
    chosen: Wanted,
    tell: Callable[[Plan], None] | None = None,
    only_plan: bool = False,
) -> Plan:
    """Compare, tell the plan, then carry it out step by step.

    Every step can be repeated: after a failure the next deploy does what is left.
    """
    with connected(settings, api_url) as client:
        there = found(client, sorted({each.pipeline for each in chosen.deployments}))
        comparison = Comparison.of(client, chosen, there)
        steps = comparison.steps()
        plan = plan_of(api_url, steps, [] if comparison.posting else [_NO_WEBHOOK])
        if tell is not None:
            tell(plan)
        for step in steps if not only_plan else []:
            step.carry_out()
    return plan


def server_address(settings: Settings) -> str:
    """The API of the server that is meant: the one that is set, else the stack that runs here.

    Raises `SettingsError` when there is neither.
    """
    from infra.stack import running

    if settings.server_url:
        return settings.server_url
    addresses = running(settings)
    if addresses is None:
        raise SettingsError(
            "no Prefect server to talk to: set PREFECT_API_URL (it ends in /api), or start the "
            f"local stack of {settings.home} with `ratchet up`"
        )
    return addresses.api


def document(plan: Plan) -> None:
    """Print the plan as one JSON document."""
    show.document(
        {
            "server": plan.server,
            "summary": plan.summary,
            "changes": plan.changes,
            "notes": plan.notes,
        }
    )


def table(plan: Plan) -> None:
    """Print what changes, what stays in one line, and what a person chose otherwise."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPED_WIDTH)
    console.print(f"plan for {plan.server}: {plan.summary}", highlight=False)
    if plan.pending:
        drawn = Table(box=None, header_style="bold", pad_edge=False)
        for column in ("action", "kind", "name", "why"):
            drawn.add_column(column, overflow="fold")
        for each in plan.pending:
            drawn.add_row(
                f"[{_COLOURS[each.action]}]{each.action}[/]",
                each.kind,
                escape(each.name),
                escape(each.why),
            )
        console.print(drawn)
    stays = Counter(each.kind for each in plan.changes if each.action == "unchanged")
    if stays:
        told = ", ".join(f"{kind} {count}" for kind, count in stays.items())
        console.print(f"unchanged: {told}", highlight=False)
    for note in plan.notes:
        console.print(f"note: {escape(note)}", highlight=False)
