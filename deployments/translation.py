"""Our values as Prefect's models, which are also what the server answers with."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID

from config.servers import POOL
from deployments.automations import Automation, Post, Reschedule, Start
from deployments.wanted import Deployment, Recurrence

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
    from prefect.events.actions import ActionTypes
    from prefect.events.schemas.automations import AutomationCore

_ANCHOR = datetime(2024, 1, 1, tzinfo=UTC)
"""Fixed: Prefect's default is the moment of the deploy, which would differ each time."""


def fields(deployment: Deployment) -> dict[str, Any]:
    """What `config/` says of a deployment. Job variables and pauses are the operators'."""
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
    from prefect.utilities.callables import parameter_schema

    flow = getattr(import_module(f"flows.{deployment.flow}"), deployment.flow)
    strategies = {
        "drop": ConcurrencyLimitStrategy.CANCEL_NEW,
        "wait": ConcurrencyLimitStrategy.ENQUEUE,
    }
    overlap = deployment.overlap
    return {
        "description": deployment.description,
        "tags": deployment.tags,
        "parameters": deployment.parameters,
        "entrypoint": deployment.entrypoint,
        "work_pool_name": POOL,
        "concurrency_limit": 1 if overlap else None,
        "concurrency_options": (
            ConcurrencyOptions(collision_strategy=strategies[overlap]) if overlap else None
        ),
        "enforce_parameter_schema": True,
        "parameter_openapi_schema": parameter_schema(flow).model_dump(exclude_unset=True),
    }


def answered(deployment: "DeploymentResponse") -> dict[str, Any]:
    """The same fields as the server has them."""
    limit = deployment.global_concurrency_limit
    return {
        "description": deployment.description,
        "tags": deployment.tags,
        "parameters": deployment.parameters,
        "entrypoint": deployment.entrypoint,
        "work_pool_name": deployment.work_pool_name,
        "concurrency_limit": limit.limit if limit else None,
        "concurrency_options": deployment.concurrency_options,
        "enforce_parameter_schema": deployment.enforce_parameter_schema,
        "parameter_openapi_schema": deployment.parameter_openapi_schema,
    }


def schedule(recurrence: Recurrence) -> "CronSchedule | IntervalSchedule":
    """When runs are planned."""
    from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule

    if recurrence.minutes:
        distance = timedelta(minutes=recurrence.minutes)
        return IntervalSchedule(
            interval=distance, anchor_date=_ANCHOR, timezone=recurrence.timezone
        )
    return CronSchedule(cron=recurrence.cron, timezone=recurrence.timezone)


def automation(
    wanted: Automation, deployments: dict[str, UUID], webhook: UUID | None, enabled: bool = True
) -> "AutomationCore":
    """The automation with the ids of what it acts on. Raises `KeyError` before they exist."""
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    expect = set(wanted.expect)
    return AutomationCore(
        name=wanted.name,
        description=f"{wanted.explanation}\n\nWritten by `ratchet deploy` ({wanted.mark}).",
        enabled=enabled,
        trigger=EventTrigger(
            expect=expect,
            after=expect if wanted.absent else set(),
            match=dict(wanted.match),
            match_related=dict(wanted.related),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive if wanted.absent else Posture.Reactive,
            threshold=1,
            within=wanted.within,
        ),
        actions=[_action(each, deployments, webhook) for each in wanted.actions],
    )


def _action(
    wanted: Start | Reschedule | Post, deployments: dict[str, UUID], webhook: UUID | None
) -> "ActionTypes":
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import CallWebhook, ChangeFlowRunState, RunDeployment

    match wanted:
        case Start(deployment, parameters):
            return RunDeployment(
                source="selected",
                deployment_id=deployments[deployment],
                parameters=dict(parameters),
                job_variables=None,
            )
        case Reschedule():
            return ChangeFlowRunState(
                state=StateType.SCHEDULED,
                name="AwaitingRetry",
                message="crashed, and rescheduled once",
            )
        case Post(body):
            if webhook is None:
                raise KeyError("the webhook")
            return CallWebhook(block_document_id=webhook, payload=body)
