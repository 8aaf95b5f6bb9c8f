"""The person in the Prefect UI: starts a retrain, approves it, and rolls back.

Screenshots are kept under test-outputs/ui.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.browser import OUTPUTS, Browser, Form, browser
from tests.e2e.servers import Site, site, until
from tests.installation import Installation
from tests.servers.prefect import prefect_server
from tests.shop import NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TIME_TO_START = 240
"""Seconds that a run may take from the form to where it is looked for, on a busy machine."""


@pytest.fixture(scope="module", autouse=True)
def _outputs() -> None:
    OUTPUTS.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class Desk:
    """A person's browser, and the installation that it looks at."""

    browser: Browser
    site: Site
    shop: Installation

    def form(self, deployment: str) -> Form:
        """The custom-run form of a deployment."""
        known = self.site.deployments()[deployment]["id"]
        return self.browser.opened(f"/deployments/deployment/{known}/run")

    def run(self, deployment: str, *states: str) -> dict[str, Any]:
        """The deployment's run, once it is in one of the states."""

        def found() -> dict[str, Any] | None:
            runs = self.site.runs(deployment)
            ended = {"Failed", "Crashed", "Completed", "Cancelled"}
            assert not runs or runs[0]["state_name"] not in ended - set(states), runs[0]["state"]
            return runs[0] if runs and runs[0]["state_name"] in states else None

        run = until(found, TIME_TO_START)
        assert run is not None
        return run

    def look_at(self, run: dict[str, Any]) -> Form:
        """The run's page."""
        return self.browser.opened(f"/runs/flow-run/{run['id']}")


def at_the_desk(shop: Installation) -> Iterator[Desk]:
    """A server, a worker and a browser for a shop."""
    with prefect_server(shop.settings, worker=True) as server:
        deployed = site(server, shop.home)
        deployed.deploy()
        with browser(server.addresses.prefect) as opened:
            yield Desk(opened, deployed, shop)


@pytest.fixture
def desk(turned: Installation) -> Iterator[Desk]:
    """A shop whose world turned and whose champion is still the old one."""
    yield from at_the_desk(turned)


@pytest.fixture
def later(renewed: Installation) -> Iterator[Desk]:
    """A shop whose second champion serves."""
    yield from at_the_desk(renewed)


def test_a_retrain_is_started_and_approved(desk: Desk) -> None:
    """From the form over the verdict to a yes: the version that a person approved serves."""
    form = desk.form("retrain/shop")
    desk.browser.sees("Whether a person has to agree before the challenger serves.")
    form.fill("reason", "the world turned")
    form.choose("approval", "ask")
    desk.browser.shot("retrain-form")
    form.submit()

    run = desk.run("retrain/shop", "Paused")
    assert run["name"].startswith("retrain shop as of ")
    assert run["name"].endswith("(the world turned)")
    assert desk.shop.stores.ledger.champion(NAME) == 1
    question = desk.look_at(run)
    desk.browser.page.get_by_role("button", name="Resume").first.click()
    desk.browser.sees("Features do not see the future")
    question.choose("May it serve?", "yes")
    question.fill("Why", "looks right")
    question.fill("Your name", "Ada")
    desk.browser.shot("approval-question")
    question.submit()

    desk.run("retrain/shop", "Completed")
    decision = desk.shop.stores.ledger.decisions(NAME)[-1]
    assert (decision.kind, decision.version, decision.champion) == ("promoted", 2, 2)
    assert decision.reason.startswith("the world turned: PROMOTE")
    assert decision.reason.endswith("; approved by Ada: looks right")
    assert desk.shop.stores.registry.pointed(NAME) == 2
    desk.look_at(run)
    desk.browser.sees("shop v2 (boosting): approved by Ada: looks right")
    desk.browser.shot("approved-run")
    told = {"flow_run_id": {"any_": [run["id"]]}, "key": {"any_": ["verdict-shop"]}}
    (verdict,) = desk.site.ask("POST", "/artifacts/filter", {"artifacts": told})
    desk.browser.opened(f"/artifacts/artifact/{verdict['id']}")
    desk.browser.sees("shop v2 (boosting)")
    desk.browser.shot("verdict")
    (promoted,) = until(lambda: desk.site.events("ratchet.champion.promoted"))
    assert promoted["payload"]["version"] == 2


def test_a_rollback_is_started_from_its_form(later: Desk) -> None:
    """A reason and a version are typed; the earlier champion serves again."""
    form = later.form("rollback/shop")
    later.browser.sees("The version to return to. Empty: the last known good one.")
    form.give("version", "1")
    form.fill("reason", "customers complain")
    later.browser.shot("rollback-form")
    form.submit()

    run = later.run("rollback/shop", "Completed")
    assert run["name"] == "roll back shop (customers complain)"
    assert later.shop.stores.ledger.champion(NAME) == 1
    assert later.shop.stores.registry.pointed(NAME) == 1
    later.look_at(run)
    later.browser.sees("roll back shop (customers complain)")
    later.browser.shot("rolled-back-run")
