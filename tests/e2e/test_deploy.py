"""`ratchet deploy` against a real server that asks for a password."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings, SettingsError
from deployments import deploy
from deployments.plan import Plan
from deployments.wanted import wanted
from tasks.errors import Terminal, Transient
from tests.e2e.servers import Site, site, until
from tests.servers.prefect import RealPrefect, prefect_server
from tests.shop import NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

PASSWORD = "someone:planted-password"
HOOK = "https://hooks.example/planted-secret"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPrefect]:
    """One server for all of these tests."""
    home = tmp_path_factory.mktemp("server")
    asked = {
        "RATCHET_HOME": str(home),
        "RATCHET_PIPELINES": str(home / "pipelines"),
        "PREFECT_API_AUTH_STRING": PASSWORD,
    }
    with prefect_server(Settings.from_environment(asked)) as found:
        yield found


@pytest.fixture
def shop(server: RealPrefect, tmp_path: Path) -> Site:
    """A shop that is defined, and a server that nobody has deployed to."""
    found = site(server, tmp_path / "home")
    found.clear()
    found.define()
    return found


def ratchet(shop: Site, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as CI runs it: no terminal, nobody to answer."""
    ours = ("RATCHET_", "PREFECT_", "MLFLOW_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    own = {
        "RATCHET_HOME": str(shop.settings.home),
        "RATCHET_PIPELINES": str(shop.settings.pipelines),
        "PREFECT_API_URL": shop.server.api,
        "PREFECT_API_AUTH_STRING": PASSWORD,
    }
    return subprocess.run(
        [str(Path(sys.executable).with_name("ratchet")), *words],
        env={**kept, **own, **environment},
        cwd=shop.settings.pipelines,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_tells_before_it_acts_and_needs_no_terminal(shop: Site) -> None:
    """`--plan` changes nothing; then everything is created; then there is nothing to do."""
    plan = ratchet(shop, "deploy", "--plan")
    assert plan.returncode == 0, plan.stderr
    assert f"nightly/{NAME}" in plan.stdout
    assert "0 to change, 0 to delete" in plan.stdout
    assert "nothing was changed" in plan.stdout
    assert "RATCHET_WEBHOOK_URL" in plan.stdout
    assert shop.deployments() == {}

    done = ratchet(shop, "deploy", "--json", RATCHET_WEBHOOK_URL=HOOK)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {each["action"] for each in told["changes"]} <= {"create", "unchanged"}
    assert len(shop.deployments()) == len(wanted(shop.settings).deployments)

    again = ratchet(shop, "deploy")
    assert again.returncode == 0, again.stderr
    assert "0 changes applied" in again.stdout
    for output in (plan, done, again):
        assert "planted" not in output.stdout + output.stderr
        assert "\x1b[" not in output.stdout


def test_a_worker_may_make_the_pool_first(shop: Site) -> None:
    """A worker that starts between the look and the creation makes the same pool: no failure."""
    for pool in shop.ask("POST", "/work_pools/filter", {}):
        shop.ask("DELETE", f"/work_pools/{pool['name']}")

    def meanwhile(_: Plan) -> None:
        shop.ask("POST", "/work_pools/", {"name": "ratchet", "type": "process"})

    deploy.deploy(shop.settings, shop.server.api, wanted(shop.settings), meanwhile)
    assert len(shop.deployments()) == len(wanted(shop.settings).deployments)


def test_deploying_twice_writes_nothing(shop: Site) -> None:
    """The second deploy sends nothing that the server would note down."""
    first = shop.deploy()
    assert all(each.action == "create" for each in first.pending)
    before = shop.state()
    second = shop.deploy()
    assert second.pending == ()
    assert shop.state() == before


def test_a_deployment_says_what_config_says(shop: Site) -> None:
    """Schedules, limits, tags, descriptions and the form's parameters are on the server."""
    shop.define({"schedule": {"timezone": "Europe/Rome", "cron": {"score": "5 * * * *"}}})
    shop.deploy()
    found = shop.deployments()
    (night,) = found[f"nightly/{NAME}"]["schedules"]
    assert night["schedule"]["cron"] == "0 3 * * *"
    assert night["schedule"]["timezone"] == "Europe/Rome"
    (hourly,) = found[f"score/{NAME}"]["schedules"]
    assert hourly["schedule"]["cron"] == "5 * * * *"
    (often,) = found[f"reconcile/{NAME}"]["schedules"]
    assert often["schedule"]["interval"] == 300.0
    limits = {
        name.partition("/")[0]: (each["concurrency_options"] or {}).get("collision_strategy")
        for name, each in found.items()
    }
    assert limits["retrain"] == limits["nightly"] == limits["reconcile"] == "CANCEL_NEW"
    assert limits["score"] == limits["promote"] == "ENQUEUE"
    assert limits["alarm"] is None
    form = found[f"retrain/{NAME}"]["parameter_openapi_schema"]["properties"]
    assert "kept with the decision" in form["reason"]["description"]
    assert found[f"retrain/{NAME}"]["parameters"] == {"pipeline": NAME}


def test_a_scheduled_night_exists_within_a_minute(shop: Site) -> None:
    """The server plans runs of the schedule: with another SQLAlchemy it silently would not."""
    shop.deploy()
    runs = until(lambda: shop.runs(f"nightly/{NAME}", type=["SCHEDULED"]), seconds=60)
    assert all(each["auto_scheduled"] for each in runs)
    assert runs[0]["parameters"] == {"pipeline": NAME}
    assert f"pipeline:{NAME}" in runs[0]["tags"]


def test_a_changed_schedule_is_changed_in_place(shop: Site) -> None:
    """The night keeps its identity, the attestation moves along, and one that left is deleted."""
    shop.define({"schedule": {"cron": {"watch": "0 * * * *"}}})
    shop.deploy()
    (before,) = shop.deployments()[f"nightly/{NAME}"]["schedules"]
    shop.define({"schedule": {"at": "04:15", "cron": None}})
    plan = shop.deploy()
    pending = [each.action for each in plan.pending if each.kind == "schedule"]
    assert sorted(pending) == ["change", "change", "delete"]
    found = shop.deployments()
    (after,) = found[f"nightly/{NAME}"]["schedules"]
    assert (after["id"], after["schedule"]["cron"]) == (before["id"], "15 4 * * *")
    assert found[f"watch/{NAME}"]["schedules"] == []
    assert shop.deploy().pending == ()


def test_what_a_person_paused_stays_paused(shop: Site) -> None:
    """A paused schedule, deployment or automation is told, and left so even when it changes."""
    shop.deploy()
    night = shop.deployments()[f"nightly/{NAME}"]
    schedule = f"/deployments/{night['id']}/schedules/{night['schedules'][0]['id']}"
    shop.ask("PATCH", schedule, {"active": False})
    shop.ask("POST", f"/deployments/{shop.deployments()[f'score/{NAME}']['id']}/pause_deployment")
    name = f"ratchet {NAME}: alarm when a night is missing"
    off = shop.automations()[name]
    shop.ask("PATCH", f"/automations/{off['id']}", {"enabled": False})

    plan = shop.deploy()
    assert plan.pending == ()
    assert len([note for note in plan.notes if "by a person" in note]) == 3
    shop.define({"schedule": {"at": "05:00", "grace_hours": 4}})
    assert {each.action for each in shop.deploy().pending} == {"change", "create"}
    (after,) = shop.deployments()[f"nightly/{NAME}"]["schedules"]
    assert (after["active"], after["schedule"]["cron"]) == (False, "0 5 * * *")
    assert shop.deployments()[f"score/{NAME}"]["paused"]
    assert not shop.automations()[name]["enabled"]


def test_what_left_config_is_removed_with_what_it_had_planned(shop: Site) -> None:
    """Deployments, automations and waiting runs of the pipeline go; the other pipeline stays."""
    shop.define(name="market")
    shop.define()
    shop.deploy()
    gone = [each for name, each in shop.deployments().items() if name.endswith("/market")]
    ids = {each["id"] for each in gone}
    until(lambda: shop.runs("nightly/market", type=["SCHEDULED"]))
    crashed = shop.ask("POST", f"/deployments/{_id(shop, 'score/market')}/create_flow_run", {})
    for state in ({"type": "RUNNING"}, {"type": "SCHEDULED", "name": "AwaitingRetry"}):
        shop.ask("POST", f"/flow_runs/{crashed['id']}/set_state", {"state": state, "force": True})

    for path in sorted((shop.settings.pipelines / "market").iterdir()):
        path.unlink()
    (shop.settings.pipelines / "market").rmdir()
    plan = shop.deploy()
    assert {each.action for each in plan.pending} == {"delete"}
    assert {name.partition("/")[2] for name in shop.deployments()} == {NAME}
    assert not [name for name in shop.automations() if "market" in name]
    waiting = shop.ask(
        "POST",
        "/flow_runs/filter",
        {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED", "PENDING"]}}}},
    )
    assert not [each for each in waiting if each["deployment_id"] in ids]
    assert shop.ask("GET", f"/flow_runs/{crashed['id']}")["state"]["type"] == "CANCELLED"


def test_what_others_made_is_left_alone(shop: Site) -> None:
    """A copy of ours, a hand-made schedule on ours, job variables, and others' automations stay."""
    shop.deploy()
    ours = shop.deployments()[f"score/{NAME}"]
    copy = {key: ours[key] for key in ("flow_id", "tags", "entrypoint", "parameters")}
    shop.ask("POST", "/deployments/", {**copy, "name": f"{NAME} by hand"})
    cron = {"schedule": {"cron": "1 1 1 1 *", "timezone": "UTC"}, "active": True}
    shop.ask("POST", f"/deployments/{ours['id']}/schedules", [cron])
    shop.ask("PATCH", f"/deployments/{ours['id']}", {"job_variables": {"env": {"A": "1"}}})
    mine = next(iter(shop.automations().values()))
    kept = {key: mine[key] for key in ("description", "trigger", "actions")}
    shop.ask("POST", "/automations/", {**kept, "name": "a copy by hand"})

    shop.define({"title": "Another title"})
    assert {each.action for each in shop.deploy().pending} == {"change"}
    found = shop.deployments()
    assert f"score/{NAME} by hand" in found
    assert [each["schedule"]["cron"] for each in found[f"score/{NAME}"]["schedules"]] == [
        "1 1 1 1 *"
    ]
    assert found[f"score/{NAME}"]["job_variables"] == {"env": {"A": "1"}}
    assert "a copy by hand" in shop.automations()
    assert shop.deploy().pending == ()


def test_a_name_that_others_use_is_not_taken_over(shop: Site) -> None:
    """A deployment of that name without our tags is an error that names it; nothing is done."""
    flow = shop.ask("POST", "/flows/", {"name": "retrain"})
    shop.ask("POST", "/deployments/", {"name": NAME, "flow_id": flow["id"]})
    with pytest.raises(Terminal, match=f"retrain/{NAME}"):
        shop.deploy()
    assert list(shop.deployments()) == [f"retrain/{NAME}"]


def test_an_automation_that_was_edited_is_put_back(shop: Site) -> None:
    """Whoever edits ours by hand finds config/ again; the others keep their cool-down."""
    shop.deploy()
    name = f"ratchet {NAME}: retrain when performance drops"
    there = shop.automations()[name]
    there["trigger"]["threshold"] = 5
    kept = {key: there[key] for key in ("name", "description", "trigger", "actions", "enabled")}
    shop.ask("PUT", f"/automations/{there['id']}", kept)
    plan = shop.deploy()
    assert [(each.name, each.why) for each in plan.pending] == [(name, "edited on the server")]
    assert shop.automations()[name]["trigger"]["threshold"] == 1


def test_the_webhook_is_kept_as_a_secret(shop: Site) -> None:
    """Its address is nowhere but in the block; a changed one is written, an unset one is kept."""
    with_hook = replace(shop.settings.access, webhook=HOOK)
    there = Site(shop.server, replace(shop.settings, access=with_hook))
    there.deploy()
    posts = [name for name in shop.automations() if "tell of" in name]
    assert len(posts) == 7
    hidden = shop.ask("POST", "/block_documents/filter", {"include_secrets": False})
    assert "planted" not in json.dumps([hidden, shop.automations(), shop.deployments()])
    assert there.deploy().pending == ()
    assert shop.deploy().pending == ()  # without the variable the block serves on

    moved = replace(shop.settings.access, webhook=f"{HOOK}-moved")
    elsewhere = Site(shop.server, replace(shop.settings, access=moved))
    assert [each.kind for each in elsewhere.deploy().pending] == ["webhook"]
    assert _webhook(shop)["url"] == f"{HOOK}-moved"


def test_wrong_addresses_and_passwords_are_told(shop: Site, deaf: int) -> None:
    """Nobody there, nobody let in, not an API: each says what to set, and shows no secret."""
    nowhere = f"http://127.0.0.1:{deaf}/api"
    with pytest.raises(Transient, match="ratchet up"):
        deploy.apply(shop.settings, nowhere)
    wrong = replace(shop.settings.access, prefect="someone:wrong")
    with pytest.raises(SettingsError, match="PREFECT_API_AUTH_STRING") as refused:
        deploy.apply(replace(shop.settings, access=wrong), shop.server.api)
    assert "wrong" not in str(refused.value)
    with pytest.raises(SettingsError, match="ends in /api"):
        deploy.apply(shop.settings, shop.server.api.removesuffix("/api"))
    with pytest.raises(SettingsError, match="PREFECT_API_URL"):
        deploy.apply(shop.settings, "127.0.0.1:4200/api")
    silent = ratchet(shop, "deploy", PREFECT_API_URL="")
    assert silent.returncode == 2
    assert "PREFECT_API_URL" in silent.stderr
    assert "Traceback" not in silent.stderr


def test_a_worker_runs_what_was_deployed(shop: Site, tmp_path: Path) -> None:
    """A process worker finds the flow by its dotted name, wherever it runs."""
    shop.deploy()
    alarm = _id(shop, f"alarm/{NAME}")
    asked = {"parameters": {"what": "a test", "detail": "of the worker"}}
    shop.server.start_worker(
        RATCHET_HOME=str(shop.settings.home),
        RATCHET_PIPELINES=str(shop.settings.pipelines),
        TMPDIR=str(tmp_path),
    )
    run = shop.ask("POST", f"/deployments/{alarm}/create_flow_run", asked)

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = shop.ask("GET", f"/flow_runs/{run['id']}")
        return found if found["state"]["type"] in {"COMPLETED", "FAILED", "CRASHED"} else None

    found = until(ended, seconds=180)
    shop.server.kill("worker")
    assert found["state"]["type"] == "COMPLETED", found["state"]["message"]
    assert found["name"].startswith(f"ALARM {NAME}: a test")


def _id(shop: Site, deployment: str) -> str:
    found: str = shop.deployments()[deployment]["id"]
    return found


def _webhook(shop: Site) -> dict[str, Any]:
    blocks = shop.ask("POST", "/block_documents/filter", {"include_secrets": True})
    (found,) = [each["data"] for each in blocks if each["name"] == "ratchet-notifications"]
    data: dict[str, Any] = found
    return data
