"""A policy is written into pipeline.yaml and nothing else in it changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from config import load
from config.load import Definition
from config.located import document
from tasks.backtest.apply import applied, changed, marked
from tasks.backtest.arms import Arm
from tasks.backtest.grid import merged, read
from tasks.errors import Terminal
from tests import shop

COMMENTED = """\
# The shop's own notes.
name: shop
title: "Orders that come back"   # for people
gate:
  margin: 0.010          # nats a row
  slices: [store]        # by store

# How often.
retrain: {max_age_days: 10, budget: 3}   # in a fortnight
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shop's folder, with comments in its definition."""
    found = shop.define(tmp_path)
    (found / "pipeline.yaml").write_text(shop.PIPELINE)
    return found


def arm(folder: Path, said: str, tmp_path: Path) -> tuple[Definition, Arm]:
    """The definition as shipped, and an arm of a grid."""
    grid = tmp_path / "grid.yaml"
    grid.write_text(f"arms: {{other: {said}}}")
    definition = load.definition(folder)
    return definition, read(grid, definition)[1]


def test_only_what_the_policy_says_changes(folder: Path, tmp_path: Path) -> None:
    """Values in their places, a comment with the evidence above, every other line as it was."""
    definition, other = arm(folder, "{gate: {margin: 0.03}, retrain: {budget: 5}}", tmp_path)
    told = applied(definition, other, "other, backtests/abc.html")
    before = shop.PIPELINE.splitlines()
    after = (folder / "pipeline.yaml").read_text().splitlines()
    assert [line for line in before if line not in after] == [
        "  margin: 0.02",
        "retrain: {max_age_days: 10, cool_down_days: 3, budget: 3, budget_days: 14}",
    ]
    comment = "# Policy of a backtest: other, backtests/abc.html"
    assert [line for line in after if line not in before] == [
        comment,
        "  margin: 0.03",
        comment,
        "retrain: {max_age_days: 10, cool_down_days: 3, budget: 5, budget_days: 14}",
    ]
    assert after[after.index("gate:") - 1] == comment
    assert "-  margin: 0.02\n+  margin: 0.03\n" in told
    assert load.definition(folder).pipeline == other.definition.pipeline


def test_comments_quotes_and_order_stay() -> None:
    """Also beside what changes, and above what follows a key that is taken away."""
    found = changed(
        COMMENTED, {"gate": {"slices": None, "mode": "point"}, "retrain": {"budget": 5}}
    )
    assert found == COMMENTED.replace(
        "  slices: [store]        # by store\n", "  mode: point\n"
    ).replace("budget: 3", "budget: 5")


@pytest.mark.parametrize(
    "overrides",
    [
        {"costs": {"false_positive": 1, "false_negative": 2.5}},
        {"gate": None},
        {"watch": {"triggers": {"slow": {"clock": "so far", "drop": 1e-05}}}},
        {"retrain": {"max_age_days": None}},
        {"title": "13:00"},
    ],
)  # fmt: skip
def test_any_override_is_what_is_read_back(overrides: dict[str, object], tmp_path: Path) -> None:
    """New sections, sections taken away, numbers and texts that look like something else."""
    (tmp_path / "before.yaml").write_text(COMMENTED)
    (tmp_path / "after.yaml").write_text(changed(COMMENTED, overrides))
    before, after = (document(tmp_path / f"{name}.yaml") for name in ("before", "after"))
    assert isinstance(before.value, dict)
    assert after.value == merged(before.value, overrides)
    assert not after.problems
    assert changed(COMMENTED, {}) == COMMENTED


def test_a_new_key_stays_in_its_section() -> None:
    """Not below the empty line and the comment that belong to the next section."""
    found = changed(COMMENTED, {"gate": {"mode": "point"}})
    assert found == COMMENTED.replace("by store\n", "by store\n  mode: point\n")


def test_line_ends_stay() -> None:
    """A file from elsewhere keeps its own, and one without a last one gets it."""
    windows = COMMENTED.replace("\n", "\r\n")
    assert changed(windows, {"retrain": {"budget": 4}}) == windows.replace("budget: 3", "budget: 4")
    cut = COMMENTED.rstrip()
    assert changed(cut, {"costs": {"retrain": 1}}).endswith("fortnight\ncosts:\n  retrain: 1\n")


def test_the_latest_evidence_is_named() -> None:
    """A second policy's comment takes the first one's place, on one line."""
    first = marked(COMMENTED, {"gate": {}}, "first")
    again = marked(first, {"gate": {}}, "second\nline")
    assert again == first.replace("first", "second line")


def test_a_definition_that_changed_meanwhile_is_left_alone(folder: Path, tmp_path: Path) -> None:
    """Whoever edited a file while the backtest ran did not ask for this."""
    definition, other = arm(folder, "{retrain: {budget: 5}}", tmp_path)
    features = folder / "features.sql"
    features.write_text(features.read_text() + "-- a remark\n")
    with pytest.raises(Terminal, match="changed since the backtest began: nothing was written"):
        applied(definition, other, "x")
    assert (folder / "pipeline.yaml").read_text() == shop.PIPELINE


def test_what_was_not_backtested_is_not_written(folder: Path, tmp_path: Path) -> None:
    """The file has to say exactly what the arm lived under."""
    definition, other = arm(folder, "{retrain: {budget: 5}}", tmp_path)
    forged = replace(other, overrides={"retrain": {"budget": 6}})
    with pytest.raises(Terminal, match="would not be what was backtested: nothing was written"):
        applied(definition, forged, "x")
    assert (folder / "pipeline.yaml").read_text() == shop.PIPELINE
    assert {path.name for path in folder.iterdir()} == {
        "pipeline.yaml", "features.sql", "expectations.yaml"
    }  # fmt: skip


def test_nothing_to_write(folder: Path) -> None:
    """As shipped is written already."""
    definition = load.definition(folder)
    with pytest.raises(Terminal, match="there is nothing to write"):
        applied(definition, Arm("as shipped", definition), "x")


def test_the_flights_take_a_policy(tmp_path: Path) -> None:
    """The pipeline that is shipped keeps its comments to the byte."""
    import shutil

    folder = tmp_path / "flights"
    shutil.copytree(Path(load.__file__).parent / "pipelines" / "flights", folder)
    before = (folder / "pipeline.yaml").read_text()
    definition, other = arm(folder, "{windows: {max_train_days: 60}}", tmp_path)
    applied(definition, other, "x")
    after = (folder / "pipeline.yaml").read_text()
    assert after == before.replace(
        "windows: {holdout_days: 10, folds: 2, fold_days: 7, min_train_days: 28}",
        "# Policy of a backtest: x\n"
        "windows: {holdout_days: 10, folds: 2, fold_days: 7, min_train_days: 28, "
        "max_train_days: 60}",
    )
