"""Retry and cache presets, as values to spread into `task(**policy.IO)(function)`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypedDict, cast

from prefect import Task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from tasks import subject
from tasks.errors import Transient

subject.named()  # whoever declares a task or a story has log lines


class Preset(TypedDict):
    """The arguments of `prefect.task` that a preset decides."""

    retries: int
    retry_delay_seconds: list[float]
    retry_jitter_factor: float
    retry_condition_fn: Any
    cache_policy: CachePolicy


def heals_with_time(_: "Task[..., Any]", __: TaskRun, state: "State[Any]") -> bool:
    """Only a `Transient` failure is worth another attempt."""
    failure = state.result(raise_on_failure=False)
    return isinstance(failure, Transient | ConnectionError | TimeoutError)


def _preset(delays: list[float]) -> Preset:
    return Preset(
        retries=len(delays),
        retry_delay_seconds=delays,
        retry_jitter_factor=0.5,
        retry_condition_fn=heals_with_time,
        cache_policy=NO_CACHE,
    )


IO = _preset([1.0, 5.0, 20.0])
"""Reads and idempotent writes: three more attempts on a transient failure."""

CPU = _preset([])
"""Pure computation: the second attempt would say the same."""

ONCE = _preset([0.2, 1.0])
"""Writes that lose a race: read again at once, then give up loudly."""


def threads(count: int) -> "TaskRunner[PrefectFuture[Any]]":
    """Runs submitted tasks in `count` threads; what needs a process starts its own."""
    runner: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=count)
    return cast("TaskRunner[PrefectFuture[Any]]", runner)  # its own futures are narrower


def sentence(template: str) -> Callable[[], str]:
    """A flow run's name from its parameters: `as_of` to the minute, `reason` to its first colon."""

    def name() -> str:
        parameters = dict(flow_run.parameters)
        as_of = parameters.get("as_of") or datetime.now(UTC)
        reason = str(parameters.get("reason", "")).partition(":")[0]
        told = {**parameters, "reason": reason, "as_of": f"{as_of:%Y-%m-%d %H:%M}"}
        return template.format(**told)

    return name
