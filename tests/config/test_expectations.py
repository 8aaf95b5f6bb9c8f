"""Suites name what the pipeline declares, and a table without one does not load."""

from pathlib import Path

import pytest

from config.expectations import Expectation
from config.load import ConfigError, definition, load_expectations
from tests.config.conftest import EXPECTATIONS


def test_expectations_are_read_by_what_a_breach_costs(folder: Path) -> None:
    """A suite has the expectations of its table, by group, with column and arguments apart."""
    suites = load_expectations(folder)
    (row,) = suites["parcels"].row
    assert row == Expectation(
        type="expect_column_values_to_be_between",
        column="grams",
        arguments={"min_value": 0, "max_value": 100000.0},
    )
    assert row.keywords == {"column": "grams", "min_value": 0, "max_value": 100000.0}
    assert suites["parcels"].batch[0].keywords == {"min_value": 1}
    assert suites["arrivals"].batch[0].columns == ("parcel", "hours")
    assert [len(suites["arrivals"].row), len(suites["arrivals"].warn)] == [0, 0]


WRONG = [
    ("parcels:\n", "parcel:\n", "expectations.yaml:1: parcel: the pipeline has no such table; did"),
    ("  row:\n", "  rows:\n", "expectations.yaml:2: parcels.rows: unknown key; did you mean 'row'"),
    (
        "column: grams, min_value: 0",
        "column: gram, min_value: 0",
        "expectations.yaml:3: parcels.row[0].expect_column_values_to_be_between: "
        "the table has no column 'gram'; did you mean 'grams'?",
    ),
    (
        "column_list: [parcel, hours]",
        "column_list: [parcel, hour]",
        "expectations.yaml:10: arrivals.batch[0].expect_compound_columns_to_be_unique: "
        "the table has no column 'hour'; did you mean 'hours'?",
    ),
    (
        "expect_table_row_count_to_be_between",
        "expect_table_rowCount",
        "expectations.yaml:5: parcels.batch[0].type: 'expect_table_rowCount' is no expectation: ",
    ),
    (
        "{column: grams, min_value: 0, max_value: 1e5}",
        "{min_value: 0, max_value: 1e5}",
        "expectations.yaml:3: parcels.row[0].expect_column_values_to_be_between: "
        "names no column, so it cannot single out rows: it belongs under batch",
    ),
    (
        "{column: grams, max_value: 900}",
        "900",
        "expectations.yaml:7: parcels.warn[0]: arguments must be a mapping, not 900",
    ),
    (
        "    - expect_table_row_count_to_be_between: {min_value: 1}",
        "    - expect_a: {}\n      expect_b: {}",
        "expectations.yaml:5: parcels.batch[0]: write one expectation as ",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG, ids=[new for _, new, _ in WRONG])
def test_a_wrong_expectation_is_told_where_it_stands(
    old: str, new: str, message: str, folder: Path
) -> None:
    """A table, column, group or name that does not fit is an error with its line."""
    assert EXPECTATIONS.count(old) == 1
    (folder / "expectations.yaml").write_text(EXPECTATIONS.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        definition(folder)
    assert caught.value.problems[0].removeprefix(f"{folder}/").startswith(message)


EMPTY = [
    EXPECTATIONS.split("arrivals:")[0],
    EXPECTATIONS.replace("  batch:\n    - expect_compound", "  warn:\n    - expect_compound"),
    EXPECTATIONS.split("arrivals:")[0] + "arrivals: {}\n",
]


@pytest.mark.parametrize("text", EMPTY, ids=["no suite", "only warnings", "nothing in it"])
def test_a_table_that_nothing_can_refuse_does_not_load(text: str, folder: Path) -> None:
    """A suite that can neither hold a row nor refuse a delivery is empty, and an error."""
    (folder / "expectations.yaml").write_text(text)
    with pytest.raises(ConfigError, match="arrivals: empty suite") as caught:
        load_expectations(folder)
    assert len(caught.value.problems) == 1


def test_problems_of_both_files_come_together(folder: Path) -> None:
    """A query that is not there and a suite that is empty are told in one error."""
    (folder / "features.sql").unlink()
    (folder / "expectations.yaml").write_text(EXPECTATIONS.replace("grams, max", "gram, max"))
    with pytest.raises(ConfigError, match=r"^2 problems:\n"):
        definition(folder)


def test_an_expectation_without_arguments_may_be_its_name_alone() -> None:
    """A bare name, a name with nothing, and the fields by name are all one expectation."""
    bare = Expectation.model_validate("expect_table_columns_to_match_set")
    assert bare == Expectation.model_validate({"expect_table_columns_to_match_set": None})
    assert bare == Expectation(type="expect_table_columns_to_match_set")
    assert bare.columns == ()
