"""What the pipelines ask of a server, before any server is there."""

from dataclasses import replace
from importlib import import_module
from inspect import signature

import pytest

from config.load import ConfigError
from config.settings import Settings, SettingsError
from deployments.wanted import Wanted, wanted
from tests.places import settings_of
from tests.shop import NAME, Changes, define

EVERY_FLOW = {
    "alarm",
    "attest",
    "backfill",
    "ingest",
    "nightly",
    "pin",
    "promote",
    "reconcile",
    "redo",
    "release",
    "retrain",
    "rollback",
    "score",
    "selftest",
    "watch",
}


def asked(settings: Settings, changes: Changes | None = None) -> Wanted:
    """What a shop with these changes asks for."""
    define(settings.pipelines, changes)
    return wanted(settings)


def test_every_flow_is_deployed_once_a_pipeline(settings: Settings) -> None:
    """Names, tags and parameters say whose deployment it is; the entrypoint is dotted."""
    found = {each.flow: each for each in asked(settings).deployments}
    assert set(found) == EVERY_FLOW
    retrain = found["retrain"]
    assert retrain.name == f"retrain/{NAME}"
    assert retrain.tags == ["ratchet", f"pipeline:{NAME}"]
    assert retrain.parameters == {"pipeline": NAME}
    assert retrain.entrypoint == "flows.retrain.retrain"


def test_what_is_deployed_exists_and_takes_a_pipeline(settings: Settings) -> None:
    """Each entrypoint is a flow of that name, with a parameter for its pipeline."""
    for each in asked(settings).deployments:
        flow = getattr(import_module(f"flows.{each.flow}"), each.flow)
        assert flow.name == each.flow
        assert "pipeline" in signature(flow.fn).parameters, each.name


def test_a_second_run_is_dropped_or_waits(settings: Settings) -> None:
    """Nights and reconciling are dropped, the rest waits, and alarms never do either."""
    overlaps = {each.flow: each.overlap for each in asked(settings).deployments}
    assert {flow for flow, overlap in overlaps.items() if overlap == "drop"} == {
        "nightly",
        "reconcile",
        "retrain",
    }
    assert overlaps["alarm"] is None
    assert overlaps["score"] == "wait"
    waiting = asked(settings, {"retrain": {"overlap": "wait"}})
    assert {each.flow: each.overlap for each in waiting.deployments}["retrain"] == "wait"


def test_schedules_are_in_the_time_zone_of_the_pipeline(settings: Settings) -> None:
    """The night at its hour, what is asked for beside it, and reconciling by minutes."""
    schedule = {
        "at": "04:30",
        "timezone": "Europe/Rome",
        "cron": {"score": "0 * * * *", "retrain": "0 5 * * 1", "selftest": "0 6 * * 1"},
        "reconcile_minutes": 7,
    }
    found = {
        each.flow: each.recurrence
        for each in asked(settings, {"schedule": schedule}).deployments
        if each.recurrence is not None
    }
    assert set(found) == {"attest", "nightly", "reconcile", "score", "selftest", "retrain"}
    assert (found["attest"].cron, found["attest"].timezone) == ("30 6 * * *", "Europe/Rome")
    assert (found["nightly"].cron, found["nightly"].timezone) == ("30 4 * * *", "Europe/Rome")
    assert (found["score"].cron, found["score"].timezone) == ("0 * * * *", "Europe/Rome")
    assert found["reconcile"].minutes == 7
    assert found["retrain"].parameters == {"reason": "on its schedule", "cause": "schedule"}
    slugs = [each.slug for each in found.values()]
    assert all(slug.startswith("ratchet-") for slug in slugs)


def test_descriptions_say_when_and_how(settings: Settings) -> None:
    """A person who finds a deployment reads what it does, for what, when, and whether it waits."""
    schedule = {"on_data": ["score"], "timezone": "Europe/Rome"}
    found = {
        each.flow: each.description for each in asked(settings, {"schedule": schedule}).deployments
    }
    assert "Orders that come back" in found["nightly"]
    assert "every day at 03:00, time of Europe/Rome" in found["nightly"]
    assert "cancelled" in found["nightly"]
    assert "when new data has been admitted" in found["score"]
    assert "when performance drops" in found["retrain"]


def test_a_folder_without_pipelines_deploys_nothing(settings: Settings) -> None:
    """A mistyped folder is an error that names the variable; it does not empty the server."""
    with pytest.raises(SettingsError, match="RATCHET_PIPELINES"):
        wanted(settings)


def test_a_webhook_without_an_address_is_told_without_showing_it(settings: Settings) -> None:
    """A value that cannot be posted to is an error now, instead of at the first failure."""
    define(settings.pipelines)
    mistyped = replace(settings, access=replace(settings.access, webhook="hooks.example/secret"))
    with pytest.raises(SettingsError, match="RATCHET_WEBHOOK_URL") as told:
        wanted(mistyped)
    assert "secret" not in str(told.value)


def test_a_broken_pipeline_deploys_nothing(settings: Settings) -> None:
    """One pipeline that cannot be used stops the whole deploy before it began."""
    define(settings.pipelines, {"watch": {"window_dais": 3}})
    with pytest.raises(ConfigError, match="window_dais"):
        wanted(settings)


def test_the_same_pipelines_ask_for_the_same(settings: Settings) -> None:
    """Wanted values are equal when the configuration is, and show no secret."""
    with_hook = settings_of(settings.home)
    assert asked(settings) == wanted(with_hook)
    assert "hooks.example" not in repr(
        Wanted(deployments=(), automations=(), webhook="https://hooks.example/secret")
    )
