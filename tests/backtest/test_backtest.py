"""`ratchet backtest` from a grid to a table, a page and a changed pipeline.yaml."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config import load
from config.load import ConfigError
from deployments.cli import cli
from flows.ingest import ingest
from tests.installation import Installation
from tests.shop import NAME, Shop, day, night

FIRST, LAST = 16, 48
CHANGES = {
    "candidates": {"boosting": None, "forest": None},
    "costs": {"false_positive": 1, "false_negative": 1, "retrain": 1000, "currency": "EUR"},
}

GRID = """\
arms:
  frozen: {retrain: {max_age_days: 300}, watch: {max_drop: 0.9}}
  eager: {retrain: {max_age_days: 4, cool_down_days: 0, budget: 14}, gate: {mode: point}}
"""


@pytest.fixture
def shop(empty: Installation) -> Installation:
    """A steady world in the lake, and nobody who was ever trained on it."""
    found = Installation(empty.settings, Shop(orders_a_day=60))
    found.define(CHANGES)
    found.deliver(1, LAST)
    assert not ingest(NAME, night(day(LAST + 1))).refused
    return found


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    path = tmp_path / "grid.yaml"
    path.write_text(GRID)
    return path


def words(grid: Path, *more: str) -> list[str]:
    nights = ("--from", day(FIRST).isoformat(), "--to", day(LAST).isoformat())
    return ["backtest", NAME, "--policies", str(grid), *nights, *more]


def backtest(grid: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, words(grid, *more), catch_exceptions=False)


def interrupted(shop: Installation, grid: Path) -> str:
    """What the command says when a person stops it after some nights."""
    command = [sys.executable, "-c", "from deployments.cli import main; main()", *words(grid)]
    told = shop.home.parent / "told"
    with told.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=dict(os.environ))
        lived = shop.settings.work / NAME / "backtest"
        until = day(FIRST + 6).isoformat()
        while not any(until in each.read_text() for each in lived.glob("*/progress.json")):
            assert process.poll() is None, told.read_text()
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1, told.read_text()
    return told.read_text()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_policies_are_lived_compared_and_applied(shop: Installation, grid: Path) -> None:
    """Stopped and gone on with: in a steady world, who never retrains is as good and cheaper."""
    folder = shop.settings.pipelines / NAME
    before = (folder / "pipeline.yaml").read_text()
    assert "the same command goes on from there" in interrupted(shop, grid)
    done = backtest(grid, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    arms = {each["name"]: each for each in told["arms"]}
    assert list(arms) == ["as shipped", "frozen", "eager", "never", "always fresh"]
    assert arms["never"]["retrains"] == arms["frozen"]["retrains"] == 0
    assert arms["never"]["measured"] == arms["frozen"]["measured"]
    assert 0 < arms["as shipped"]["retrains"] < arms["eager"]["retrains"]
    assert arms["always fresh"]["promotions"] > 25
    assert arms["always fresh"]["turnover"]["flips"] > 0
    assert told["staleness"][0]["versions"] > 5
    assert told["recommendation"]["outcome"] == "change"
    assert told["recommendation"]["policy"] == "frozen"
    assert told["evidence"] in Path(told["page"]).read_text()
    assert not shop.stores.ledger.decisions(NAME)
    assert (told["written"], (folder / "pipeline.yaml").read_text()) == (None, before)

    again = backtest(grid, "--apply")
    assert again.exit_code == 0, again.output
    assert "change: frozen" in again.stdout
    evidence = f"frozen, 2024-01-16 to 2024-02-17, backtests/{Path(told['page']).name}"
    assert f"+# Policy of a backtest: {evidence}" in again.stdout
    written = load.definition(folder).pipeline
    assert (written.retrain.max_age_days, written.watch.max_drop) == (300, 0.9)
    assert written.retrain.budget == 3


def test_nights_in_the_wrong_order(empty: Installation, grid: Path) -> None:
    """Told as wrong use, before anything is opened."""
    nights = ("--from", "2024-02-01", "--to", "2024-01-01")
    done = CliRunner().invoke(cli, ["backtest", NAME, "--policies", str(grid), *nights])
    assert done.exit_code == 2
    assert "--from 2024-02-01 comes after --to 2024-01-01" in done.output


def test_a_wrong_grid_is_told_before_anything_is_lived(empty: Installation, grid: Path) -> None:
    """With file, line and the nearest name, and nothing is left behind."""
    grid.write_text("arms: {odd: {retrain: {budgt: 4}}}")
    with pytest.raises(ConfigError, match=r"grid.yaml:1: .*did you mean 'budget'"):
        backtest(grid)
    assert not (empty.settings.work / NAME).exists()
