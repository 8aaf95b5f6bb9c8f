"""Every flow's form in the Prefect UI: flat fields that explain themselves, with good defaults."""

from pathlib import Path
from typing import Any

import pytest
from prefect import Flow
from prefect.flows import load_flow_from_entrypoint

import flows

STORIES = sorted(path.stem for path in Path(*flows.__path__).glob("[a-z]*.py"))

CHOICES = {
    ("retrain", "approval"): ["as configured", "ask", "do not ask"],
    ("backfill", "steps"): ["ingest", "score", "watch", "retrain"],
    ("backfill", "order"): ["oldest first", "newest first"],
}
"""What people choose from."""

REQUIRED = {
    "promote": ["version", "reason", "by"],
    "backfill": ["first", "last"],
    "redo": ["first", "last"],
    "release": ["table", "partition"],
    "pin": ["first", "last", "by", "reason"],
    "alarm": ["what"],
}
"""What nobody can guess for them; a deployment's own pipeline is filled in."""

SCALARS = {"string", "integer", "number", "boolean", "null"}


def schema_of(story: str) -> Any:
    """The form as Prefect's UI gets it."""
    flow: Flow[..., Any] = load_flow_from_entrypoint(f"flows.{story}.{story}")
    assert flow.name == story
    return flow.parameters.model_dump()


def properties(story: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = schema_of(story)["properties"]
    return found


@pytest.mark.parametrize("story", STORIES)
def test_every_field_explains_itself(story: str) -> None:
    """Each parameter is described, in a sentence; one that may be empty says what that means."""
    for name, field in properties(story).items():
        told = field.get("description", "")
        assert told.endswith("."), name
        if field.get("default") in (None, "") and name not in schema_of(story).get("required", []):
            assert "Empty: " in told, name


@pytest.mark.parametrize("story", STORIES)
def test_every_field_is_flat(story: str) -> None:
    """No nested boxes, except for an event's evidence, which people leave alone."""
    assert schema_of(story)["definitions"] == {}
    for name, field in properties(story).items():
        for option in field.get("anyOf", [field]):
            flat = option.get("items", option)
            assert flat.get("type") in SCALARS or "enum" in flat or name == "evidence", name


@pytest.mark.parametrize("story", STORIES)
def test_only_what_cannot_be_guessed_is_asked_for(story: str) -> None:
    """A required field has no sensible default."""
    assert schema_of(story).get("required", []) == REQUIRED.get(story, [])


@pytest.mark.parametrize(("story", "name"), CHOICES)
def test_choices_are_dropdowns(story: str, name: str) -> None:
    """What can only be one of a few is chosen and not typed."""
    field = properties(story)[name]
    assert field.get("items", field)["enum"] == CHOICES[story, name]
    assert field["default"]


@pytest.mark.parametrize("story", ["backfill", "pin", "redo"])
@pytest.mark.parametrize("name", ["first", "last"])
def test_days_are_picked_from_a_calendar(story: str, name: str) -> None:
    """A backfill's nights, days to pin and days to redo are dates."""
    assert properties(story)[name]["format"] == "date"


@pytest.mark.parametrize("story", sorted(set(STORIES) - {"backfill", "selftest"}))
def test_a_moment_is_an_instant(story: str) -> None:
    """Every other story can be told as of a moment; it has a time zone, and empty means now."""
    field = properties(story)["as_of"]
    assert {option.get("format") for option in field["anyOf"]} == {"date-time", None}
    assert field["default"] is None
