"""What people see in Prefect: names that read like sentences, artifacts on runs, events."""

import json
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from prefect import Flow
from prefect.flows import load_flow_from_entrypoint

from config import events as names
from flows.ingest import ingest
from flows.release import release
from flows.retrain import retrain
from flows.rollback import rollback
from flows.score import score
from flows.watch import watch
from tests.conftest import LATE
from tests.flows.told import artifacts, events, flow_run, run_of
from tests.installation import Installation
from tests.shop import NAME, day, night, written

STORIES = (
    "alarm",
    "backfill",
    "ingest",
    "nightly",
    "promote",
    "reconcile",
    "redo",
    "release",
    "retrain",
    "rollback",
    "score",
    "watch",
)


@pytest.mark.parametrize("story", STORIES)
def test_a_flow_loads_by_its_dotted_name(story: str) -> None:
    """Deployments name flows by module, and every parameter of the form explains itself."""
    flow: Flow[..., object] = load_flow_from_entrypoint(f"flows.{story}.{story}")
    assert flow.name == story
    for name, parameter in flow.parameters.properties.items():
        assert parameter.get("description"), name


def test_ingest_tells_what_arrived(trained: Installation) -> None:
    """A table with refused deliveries first, and an event for each of them."""
    trained.deliver(19, 19)
    trained.put("orders", day(20), b"")
    run_id = run_of(ingest, NAME, night(day(21)))
    assert flow_run(run_id).name == "ingest shop as of 2024-01-21 03:00"
    rows = json.loads(str(artifacts(run_id)["deliveries-shop"].data))
    assert [(row["partition"], row["outcome"]) for row in rows] == [
        ("2024-01-20", "refused"),
        ("2024-01-19", "accepted"),
        ("2024-01-19", "accepted"),
    ]
    (arrived,) = events(run_id, names.DATA_ARRIVED)
    assert arrived["payload"] == {"deliveries": 2, "as_of": "2024-01-21T03:00:00.000000+00:00"}
    (refused,) = events(run_id, names.DELIVERY_REFUSED)
    assert refused["payload"] == {
        "table": "orders",
        "partition": "2024-01-20",
        "code": "empty_file",
    }
    assert refused["resource"]["ratchet.pipeline"] == NAME


def test_retrain_tells_the_verdict(turned: Installation) -> None:
    """Every check with its reason, who was promoted as an event, and where to look."""
    run_id = run_of(retrain, NAME, night(day(LATE)), "the world turned")
    assert flow_run(run_id).name == "retrain shop as of 2024-02-03 03:00 (the world turned)"
    told = artifacts(run_id)
    verdict = str(told["verdict-shop"].data)
    assert "shop v2" in verdict
    assert "Features do not see the future" in verdict
    page = page_of(str(told["status-shop"].data)).read_text(encoding="utf-8")
    assert "the world turned: PROMOTE" in page
    (promoted,) = events(run_id, names.CHAMPION_PROMOTED)
    payload = promoted["payload"]
    assert (payload["version"], payload["champion"], payload["sequence"]) == (2, 2, 2)
    assert payload["reason"].startswith("the world turned: PROMOTE")


def page_of(link: str) -> Path:
    """The file behind a link artifact."""
    address = link.rpartition("](")[2].removesuffix(")")
    return Path(unquote(urlparse(address).path))


def test_a_refused_challenger_is_an_event_too(turned: Installation) -> None:
    """Automations can tell a refusal from a promotion."""
    turned.define({"gate": {"floors": {"roc_auc": 0.999}}})
    run_id = run_of(retrain, NAME, night(day(LATE)))
    (refused,) = events(run_id, names.CHALLENGER_REFUSED)
    assert (refused["payload"]["version"], refused["payload"]["champion"]) == (2, 1)
    assert "0.999 asked" in refused["payload"]["reason"]


def test_watch_tells_the_drop_with_its_evidence(turned: Installation) -> None:
    """The sentence, the drift by stream, the report, and the event that starts a retrain."""
    run_id = run_of(watch, NAME, night(day(LATE)))
    assert flow_run(run_id).name == "watch shop as of 2024-02-03 03:00"
    told = artifacts(run_id)
    assert "more than the 0.050 allowed" in str(told["performance-shop"].data)
    streams = {row["stream"] for row in json.loads(str(told["signals-shop"].data))}
    columns = {"amount", "items", "hour", "store_return_share", "category", "store"}
    assert streams >= {f"feature {column}" for column in columns}
    report = str(told["drift-report-shop"].data)
    assert report.startswith("[drift report as of 2024-02-03 03:00](file://")
    assert page_of(report).is_file()
    (dropped,) = events(run_id, names.PERFORMANCE_DROPPED)
    payload = dropped["payload"]
    assert payload["value"] < payload["high"] < payload["reference"]
    assert (payload["labels"], payload["version"]) == (350, 1)
    assert payload["cause"] == "performance-dropped:v1:after-1"
    assert payload["reason"].startswith("performance dropped: roc_auc")
    assert payload["evidence"]["labels"] == 350


def test_a_drop_is_told_once(turned: Installation) -> None:
    """Watching the same moment again emits no second event."""
    watch(NAME, night(day(LATE)))
    run_id = run_of(watch, NAME, night(day(LATE)))
    assert "performance-shop" in artifacts(run_id)
    assert events(run_id, "prefect.flow-run.Completed")  # which comes after all others
    assert events(run_id, names.PERFORMANCE_DROPPED, count=0) == []


def test_rollback_score_and_release_say_what_they_did(renewed: Installation) -> None:
    """The other runs read like sentences too."""
    run_id = run_of(rollback, NAME, night(day(35)), reason="customers complain")
    assert flow_run(run_id).name == "roll back shop (customers complain)"
    (back,) = events(run_id, names.CHAMPION_ROLLED_BACK)
    assert (back["payload"]["version"], back["payload"]["champion"]) == (2, 1)
    rows = renewed.world.orders(day(34))
    rows[4]["items"] = "0"
    renewed.put("orders", day(34), written(rows))
    ingest(NAME, night(day(35)))
    assert flow_run(run_of(score, NAME, night(day(35)))).name == "score shop as of 2024-02-04 03:00"
    released = run_of(release, "orders", "2024-02-03", pipeline=NAME, as_of=night(day(35)))
    assert flow_run(released).name == "release held rows of shop orders/2024-02-03"
