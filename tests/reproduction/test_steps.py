"""Each step tells what is otherwise than on record, and the first that diverged is named."""

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tasks.data.answers import Missing
from tasks.data.lake import SYSTEM_COLUMNS, Read
from tasks.ledger.attestations import Likeness
from tasks.reproduction.outcome import ASIDE, STEPS
from tests.installation import Installation
from tests.places import folder
from tests.reproduction.benches import Copy, by_name, diverged
from tests.shop import NAME


@pytest.fixture
def copy(trained: Installation, tmp_path: Path) -> Copy:
    return Copy(trained, tmp_path / "bench")


def files_of(shop: Installation, table: str) -> list[Path]:
    """The files of a table's rows."""
    place = folder(shop.settings.lake) / NAME / table
    return sorted(place.glob("_partition=*/*.parquet"))


def test_every_step_as_on_record(copy: Copy) -> None:
    """All steps, in the order in which a model follows from them, and the same bits at the end."""
    found = copy.again()
    assert tuple(step.name for step in found.steps) == STEPS
    assert {step.name for step in found.steps if not step.same} <= ASIDE
    assert (found.likeness, found.diverged) == (Likeness.IDENTICAL, "")
    assert (found.rows, found.differ, found.largest) == (350, 0, 0.0)
    assert found.told.startswith("350 answers are the same to the bit")


def test_another_environment_and_other_code_stop_nothing(copy: Copy) -> None:
    """They are told with what changed, and the answers decide."""
    installed = tuple(each for each in copy.recipe.installed if not each.startswith("numpy=="))
    copy.rewrite(installed=(*installed, "numpy==1.0"), code_version="c0de", machine=("Linux z80",))
    found = copy.again()
    steps = by_name(found)
    assert found.likeness is Likeness.IDENTICAL
    assert "(was 1.0)" in steps["environment"].told
    assert "(was Linux z80)" in steps["environment"].told
    assert "(was c0de)" in steps["code"].told
    assert "to the bit; environment: " in found.told


def test_a_definition_that_is_not_the_one_on_record(copy: Copy) -> None:
    """Files that were kept and changed since are found before anything is read with them."""
    with (copy.definition / "features.sql").open("a") as query:
        query.write("-- changed\n")
    found = copy.again()
    assert "on record" in diverged(found, "configuration")
    assert [step.name for step in found.steps] == ["environment", "code", "configuration"]


def test_a_definition_that_this_code_does_not_read(copy: Copy) -> None:
    """A key that has gone since is told as the configuration would tell it."""
    copy.redefine("max_age_days:", "max_age_nights:")
    assert "max_age_nights" in diverged(copy.again(), "configuration")


def test_a_row_that_changed_behind_the_lake(copy: Copy) -> None:
    """One amount in a file of a version that was read then: the digest is another."""
    path = files_of(copy.shop, "orders")[9]
    rows = pq.read_table(path)
    amounts = rows["amount"].to_pylist()
    place = rows.schema.get_field_index("amount")
    changed = rows.set_column(place, rows.schema.field(place), [[amounts[0] + 1, *amounts[1:]]])
    pq.write_table(changed, path)
    found = copy.again()
    assert "1,190 rows, digest" in diverged(found, "snapshot")
    assert found.rows == 0


def test_rows_that_came_since_change_nothing(copy: Copy) -> None:
    """A partition delivered again afterwards is read as it was."""
    table = copy.shop.stores.lake.table("orders")
    partition = table.partitions()[9]
    rows = table.read(Read(first=partition, last=partition)).drop_columns([*SYSTEM_COLUMNS])
    table.replace_partition(partition, rows.slice(1), "corrected")
    assert copy.again().likeness is Likeness.IDENTICAL


def test_a_lake_that_is_younger(copy: Copy) -> None:
    """A lake that was begun anew since has fewer versions: a named error, and no other rows."""
    snapshot = copy.recipe.snapshot
    version = snapshot.versions["orders"]
    copy.rewrite(snapshot=replace(snapshot, versions={**snapshot.versions, "orders": 99}))
    told = f"no longer has the rows of .*orders is at version {version} and was at 99.*backup"
    with pytest.raises(Missing, match=told):
        copy.again()


def test_a_lake_that_lost_a_file(copy: Copy) -> None:
    """So are rows of then that are gone."""
    files_of(copy.shop, "orders")[3].unlink()
    with pytest.raises(Missing, match=r"no longer has the rows of .*cannot be read at version"):
        copy.again()


def test_the_window_that_was_used(copy: Copy) -> None:
    """A narrower window than is configured is part of the recipe: another one has other rows."""
    copy.rewrite(max_train_days=11)
    assert "on record" in diverged(copy.again(), "snapshot")


def test_rows_set_aside_otherwise(copy: Copy) -> None:
    """The holdout begins where it began, and holds what it held."""
    copy.rewrite(holdout="another")
    assert diverged(copy.again(), "split") == "other rows in holdout than on record"


def test_a_search_that_ends_elsewhere(copy: Copy) -> None:
    """A busy machine may try fewer parameters: those on record are fitted, and answers decide."""
    copy.redefine("C: 1.0", "C: 0.01")
    found = copy.again()
    step = by_name(found)["fit"]
    assert not step.same
    assert "C 0.01 (was 1.0); fitted as on record" in step.told
    assert found.likeness is Likeness.IDENTICAL


def test_other_answers(copy: Copy) -> None:
    """How many differ, by how much, and the questions that are furthest apart."""
    copy.redefine("max_iter: 200", "max_iter: 3")
    copy.rewrite(params={**copy.recipe.params, "max_iter": 3})
    found = copy.again()
    assert "the folds score" in diverged(found, "fit")
    assert 300 < found.differ <= found.rows
    apart = [abs(each.registered - each.rebuilt) for each in found.furthest]
    assert apart[0] == found.largest > 1e-3
    assert apart == sorted(apart, reverse=True)
    assert set(found.furthest[0].question) == {"order_id"}
    assert f"by up to {found.largest:.3g}" in by_name(found)["predictions"].told
    assert f"predictions: {found.differ} of 350 answers" in found.told
