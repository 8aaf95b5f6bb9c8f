"""What time heals is tried again; what it does not heal is told at once."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from prefect import flow, task

from tasks import policy
from tasks.errors import Conflict, Corrupt, NotEnoughData, Refused, Terminal, Transient
from tasks.policy import Preset

pytestmark = pytest.mark.usefixtures("prefect_here")


class Failing:
    """Fails in turn with each of some errors, then succeeds; counts how often it was called."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def quick(preset: Preset) -> Any:
    """The preset, without its waiting."""
    return {**preset, "retry_delay_seconds": [0.0] * preset["retries"], "retry_jitter_factor": None}


def run(failing: Failing, preset: Preset) -> str:
    """Run it as a declared task of a flow."""

    def said() -> str:
        return failing()

    declared = task(**quick(preset), name="failing")(said)

    @flow(name="trying")
    def story() -> str:
        return declared()

    return story()


@pytest.mark.parametrize(
    "error", [Transient("locked"), Conflict("lost"), ConnectionError("reset"), TimeoutError()]
)
def test_healed(error: Exception) -> None:
    """A failure that time heals is tried again, and the story goes on."""
    failing = Failing(error, error)
    assert run(failing, policy.ONCE) == "done"
    assert failing.calls == 3


@pytest.mark.parametrize(
    "error",
    [
        Terminal("no"),
        Corrupt("damaged"),
        NotEnoughData("few"),
        Refused("empty_file", "nothing"),
        ValueError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_not_healed(error: Exception) -> None:
    """Trying again changes nothing: it is called once, and the very error comes out."""
    failing = Failing(error)
    with pytest.raises(type(error)) as caught:
        run(failing, policy.IO)
    assert failing.calls == 1
    assert caught.value is error


@pytest.mark.parametrize(("preset", "calls"), [(policy.IO, 4), (policy.ONCE, 3), (policy.CPU, 1)])
def test_given_up(preset: Preset, calls: int) -> None:
    """A failure that stays is given up loudly after the preset's number of attempts."""
    failing = Failing(*(Transient(f"attempt {n}") for n in range(9)))
    with pytest.raises(Transient, match=f"attempt {calls - 1}"):
        run(failing, preset)
    assert failing.calls == calls


def test_turns_terminal() -> None:
    """A transient failure followed by one that no time heals is not tried a third time."""
    failing = Failing(Transient("locked"), Terminal("no"))
    with pytest.raises(Terminal):
        run(failing, policy.IO)
    assert failing.calls == 2


def test_nothing_is_cached() -> None:
    """The same task with the same input runs every time it is told to."""
    failing = Failing()
    run(failing, policy.CPU)
    run(failing, policy.CPU)
    assert failing.calls == 2


def named(template: str, **parameters: Any) -> str:
    """The name that a flow run gives itself."""
    names: list[str] = []

    @flow(flow_run_name=policy.sentence(template), validate_parameters=False)
    def story(
        pipeline: str = "flights", as_of: datetime | None = None, reason: str = "asked"
    ) -> None:
        from prefect.runtime import flow_run

        names.append(str(flow_run.name))

    told: Callable[..., None] = story
    told(**parameters)
    return names[0]


def test_sentence() -> None:
    """A run is named by what it was asked to do, to the minute."""
    as_of = datetime(2013, 3, 15, 7, 1, 30, tzinfo=UTC)
    assert named("score {pipeline} as of {as_of}", as_of=as_of) == (
        "score flights as of 2013-03-15 07:01"
    )
    assert named("retrain {pipeline} ({reason})", reason="age: 28 days").startswith(
        "retrain flights (age"
    )


def test_sentence_of_now() -> None:
    """Without a moment it is named by the present one."""
    assert named("score as of {as_of}").startswith(f"score as of {datetime.now(UTC):%Y-%m-}")
