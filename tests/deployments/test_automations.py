"""What the server is asked to do by itself, and that what comes from outside stays a value."""

import json
import re
from datetime import timedelta
from importlib import import_module
from inspect import signature
from types import SimpleNamespace

import pytest
from jinja2.exceptions import TemplateError
from prefect.server.utilities.user_templates import render_user_template_sync

from config.load import load_pipeline
from config.settings import Settings
from deployments.automations import Automation, Post, Start, automations, owner, slack
from tests.shop import NAME, Changes, define

SINGLE = r"\{\{ ([\w.]+|\([^{}]+\)) \}\}"
"""A path, or anything in brackets: Prefect appends `| tojson`, which binds tighter than `~`."""

NASTY = 'he said "no"\n<!channel> {{ 7*7 }} & \\ 🎉 \x00 </script>'


def asked(settings: Settings, changes: Changes | None = None) -> list[Automation]:
    """The automations of a shop with these changes."""
    return automations(load_pipeline(define(settings.pipelines, changes)))


def test_each_is_of_one_pipeline_and_has_a_name_of_its_own(settings: Settings) -> None:
    """Names are unique and say whose they are, so that a pipeline can leave with all of its own."""
    names = [each.name for each in asked(settings)]
    assert len(set(names)) == len(names)
    assert all(NAME in name for name in names)


def test_parameters_are_single_expressions_that_the_flow_knows(settings: Settings) -> None:
    """A template is exactly one expression, which keeps its type, for a parameter that exists."""
    everything = asked(settings, {"schedule": {"on_data": ["score", "watch", "retrain"]}})
    starts = [act for each in everything for act in each.actions if isinstance(act, Start)]
    assert {each.deployment.partition("/")[0] for each in starts} == {
        "alarm",
        "retrain",
        "score",
        "watch",
    }
    for start in starts:
        name, _, pipeline = start.deployment.partition("/")
        flow = getattr(import_module(f"flows.{name}"), name)
        assert pipeline == NAME
        assert set(start.parameters) <= set(signature(flow.fn).parameters), start
        for value in start.parameters.values():
            assert "{" not in value or re.fullmatch(SINGLE, value), value


def test_new_data_starts_only_what_was_asked_for(settings: Settings) -> None:
    """Without `on_data` nothing starts on arrivals; with it, one automation a flow."""
    assert not [each for each in asked(settings) if "data arrives" in each.name]
    some = asked(settings, {"schedule": {"on_data": ["watch"]}})
    assert [each.name for each in some if "data arrives" in each.name] == [
        f"ratchet {NAME}: watch when data arrives"
    ]


def test_a_night_is_missed_after_a_day_and_its_grace(settings: Settings) -> None:
    """Patience is a day plus the grace of the schedule."""
    found = asked(settings, {"schedule": {"grace_hours": 1.5}})
    (night,) = [each for each in found if each.absent]
    assert night.within == timedelta(hours=25.5)


def test_the_watcher_of_failed_actions_does_not_watch_itself(settings: Settings) -> None:
    """Its own name is not among those that it matches; every other one of the pipeline is."""
    found = {each.name: each for each in asked(settings)}
    (watcher,) = [each for each in found.values() if "automation.action.failed" in each.expect[0]]
    pattern = watcher.match["prefect.resource.name"]
    assert pattern.endswith("*")
    watched = {name for name in found if name.startswith(pattern[:-1])}
    assert watched == set(found) - {watcher.name}
    assert watcher.within >= timedelta(hours=1)


def test_without_a_webhook_nothing_posts(settings: Settings) -> None:
    """What only posts is left out, and the watcher of failed actions still raises its alarm."""
    silent = [each.silent for each in asked(settings)]
    kept = [each for each in silent if each is not None]
    assert len(kept) == 4
    assert not [act for each in kept for act in each.actions if isinstance(act, Post)]


def test_a_mark_changes_with_the_content_and_belongs_to_the_name(settings: Settings) -> None:
    """Equal automations have equal marks; another grace gives another one; a copy is not ours."""
    one, same = asked(settings), asked(settings)
    other = asked(settings, {"schedule": {"grace_hours": 3}})
    assert [each.mark for each in one] == [each.mark for each in same]
    assert [a.name for a, b in zip(one, other, strict=True) if a.mark != b.mark] == [
        f"ratchet {NAME}: alarm when a night is missing"
    ]
    assert all(each.mark.startswith(owner(each.name)) for each in one)
    assert not one[0].mark.startswith(owner(f"{one[0].name} copy"))


@pytest.mark.parametrize("text", ["plain", NASTY, "", "x" * 10_000])
def test_a_body_is_json_whatever_the_event_says(text: str) -> None:
    """Quotes, newlines, emoji and templates arrive as text, and Slack takes no orders from it."""
    body = slack("'shop: ' ~ event.payload.reason")
    event = SimpleNamespace(payload={"reason": text})
    said = json.loads(render_user_template_sync(body, {"event": event}))["text"]
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert said == f"shop: {escaped}" or (len(said) <= 2000 and said.endswith("..."))


def test_a_body_survives_an_event_without_its_fields(settings: Settings) -> None:
    """A notification that lacks a field is still a notification."""
    for each in asked(settings):
        for act in each.actions:
            if isinstance(act, Post):
                event = SimpleNamespace(payload={}, resource={})
                try:
                    said = render_user_template_sync(act.body, {"event": event})
                except TemplateError as error:
                    pytest.fail(f"{each.name}: {error}")
                assert json.loads(said)["text"]
