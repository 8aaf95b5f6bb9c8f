"""Pipelines load as they are written, or every problem is told with file, line and key."""

from collections.abc import Callable
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.load import (
    ConfigError,
    Definition,
    config_hash,
    definition,
    load_pipeline,
    pipeline,
    pipelines,
)
from config.settings import Settings
from tests.config.conftest import PIPELINE

LINES = PIPELINE.splitlines()


def told(folder: Path, *changes: tuple[str, str], reads: Callable[[Path], object]) -> list[str]:
    """The problems after replacements in pipeline.yaml, without the folder's name."""
    text = (folder / "pipeline.yaml").read_text()
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} must stand once"
        text = text.replace(old, new)
    (folder / "pipeline.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        reads(folder)
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_a_definition_says_what_its_files_say(folder: Path) -> None:
    """The definition holds the pipeline, its suites, its query and the hash of its folder."""
    found = definition(folder)
    assert isinstance(found, Definition)
    assert found.pipeline.schedule.at == time(4, 30)
    assert found.pipeline.tables["parcels"].columns["grams"].unit_guard
    assert found.pipeline.tables["arrivals"].columns["hours"].nullable
    assert found.pipeline.candidates["plain"].params == {"C": 0.1, "class_weight": None}
    assert found.pipeline.gate.resamples == 2000
    assert list(found.suites) == ["parcels", "arrivals"]
    assert found.features_sql == "SELECT parcel, grams, region FROM questions\n"
    assert found.config_hash == config_hash(folder)


def test_an_error_points_at_the_line_and_the_nearest_key(folder: Path) -> None:
    """A misspelt key is told with file, line, key path and the key that was meant."""
    assert told(folder, ("trials: 2", "trails: 2"), reads=load_pipeline) == [
        "pipeline.yaml:44: candidates.plain.budget.trails: unknown key; did you mean 'trials'?"
    ]


def test_a_key_like_no_other_is_told_with_all_that_are_known(folder: Path) -> None:
    """Where no known key is near, all keys of that place are listed."""
    (problem,) = told(folder, ("seed: 1", "zzz: 1"), reads=load_pipeline)
    known = "estimator, params, search, encoding, warm_start, budget, seed"
    assert problem == f"pipeline.yaml:45: candidates.plain.zzz: unknown key; known: {known}"


def test_all_problems_are_told_at_once_in_the_order_of_the_file(folder: Path) -> None:
    """Unknown, missing, mistyped and doubled keys of one file come in one error, counted."""
    changes = [
        ("title: Will", "titel: Will"),
        ("timezone: Europe/Rome", "timezone: Europe/Roma"),
        ("grams: {type: float", "grams: {type: flaot"),
        ("holdout_days: 2", "holdout_days: '2'"),
        ("retrain: {budget: 2}", "retrain: {budget: 0}\nmetric: brier"),
    ]
    assert told(folder, *changes, reads=load_pipeline) == [
        "pipeline.yaml:1: title: required key is missing",
        "pipeline.yaml:2: titel: unknown key; did you mean 'title'?",
        "pipeline.yaml:3: schedule.timezone: no such time zone: 'Europe/Roma'",
        "pipeline.yaml:14: tables.parcels.columns.grams.type: must be 'string', 'integer', "
        "'float', 'boolean', 'date' or 'timestamp', not 'flaot'; did you mean 'float'?",
        "pipeline.yaml:49: windows.holdout_days: must be a valid integer, not '2'",
        "pipeline.yaml:66: retrain.budget: must be greater than or equal to 1, not 0",
        "pipeline.yaml:67: metric: given twice, first in line 48",
    ]
    with pytest.raises(ConfigError, match=r"^7 problems:\n"):
        load_pipeline(folder)


WRONG = [
    ("trials: 2", "trials: true", "must be a valid integer, not True"),
    ("seconds: 5", "seconds: five", "must be a valid number, not 'five'"),
    ("numeric: [grams]", "numeric: grams", "must be a valid list, not 'grams'"),
    ("max_held_share: 0.1", "max_held_share: 1.1", "must be less than or equal to 1, not 1.1"),
    ("windows: {holdout_days: 2", "windows: {holdout_days:", "must be a valid integer, not None"),
    ("seed: 1", "seed: []", "must be a valid integer, not []"),
    ("mode: superiority", "mode: superior", "did you mean 'superiority'?"),
    ('at: "04:30"', "at: 25:00", "hour value is outside expected range of 0-23, not '25:00'"),
    ("nights: 2, of: 3", "nights: 4, of: 3", "nights 4 of 3 can never be met"),
    ("clock: estimated", "clock: guessed", "must be 'realised', 'so far' or 'estimated'"),
    ("    slide: {", "    Slide: {", "must match pattern '^[a-z][a-z0-9_]*$', not 'Slide'"),
    ("false_alarm_days: 30", "false_alarm_days: 1", "must be greater than or equal to 2, not 1"),
    ("costs: {false_positive: 1, ", "costs: {", "costs.false_positive: required key is missing"),
    ("retrain: {budget: 2}", "retrain: never", "must be an mapping, not 'never'"),
    ("known_at: seen_at", "known_at: sen_at", "'sen_at' is used but not declared under columns"),
    ("  plain:", "  Plain:", "must match pattern '^[a-z][a-z0-9_]*$', not 'Plain'"),
    ("  table: arrivals", "  table: arival", "label.table 'arival' is not among tables"),
    ("  arrivals:", "  questions:", "a table cannot be called 'questions': the feature query"),
    ("slices: {grams:", "slices: {gram:", "gate.slices names 'gram', no column of features; did"),
    ("sensitive: [region]", "sensitive: [regio]", "sensitive names 'regio', no column of features"),
    ("\nsensitive: [region]", "", "groups of sensitive columns, none is named"),
    ("  context: [region]", "  context: [region, grams]", "features: named more than once: grams"),
    ("{column: grams, by", "{column: gram, by", "'gram' is no model input; did you mean 'grams'?"),
    ("grams, by: 100.0", "grams, to: heavy", "`to` must be a number, not 'heavy'"),
    ("  numeric: [grams]\n  categorical: []", "  categorical: [grams]", "is not numeric (those"),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG, ids=[new for _, new, _ in WRONG])
def test_a_wrong_value_is_told_where_it_stands(
    folder: Path, old: str, new: str, message: str
) -> None:
    """A value of the wrong type, or out of range, is never bent into a right one."""
    (problem,) = told(folder, (old, new), reads=load_pipeline)
    assert message in problem


def test_an_unknown_pipeline_is_told_with_the_nearest(folder: Path) -> None:
    """A name that nobody defined is an error that suggests one that somebody did."""
    installed = Settings.from_environment({"RATCHET_PIPELINES": str(folder.parent)})
    assert pipelines(installed) == ["tiny"]
    assert pipeline(installed, "tiny") == definition(folder)
    with pytest.raises(ConfigError, match=r"no pipeline 'tinny' in .*; did you mean 'tiny'\?"):
        pipeline(installed, "tinny")
    nowhere = Settings.from_environment({"RATCHET_PIPELINES": str(folder / "none")})
    with pytest.raises(ConfigError, match=r"no pipeline '\.\./tiny' in .*; there is none"):
        pipeline(nowhere, "../tiny")


@pytest.mark.parametrize("name", ["pipeline.yaml", "expectations.yaml"])
def test_a_missing_file_is_told_by_name(folder: Path, name: str) -> None:
    """Without one of its files a pipeline does not load."""
    (folder / name).unlink()
    with pytest.raises(ConfigError) as caught:
        definition(folder)
    assert caught.value.problems == (f"{folder / name}: no such file",)


def test_a_missing_query_is_told_where_it_is_named(folder: Path) -> None:
    """The feature query must be there; the error stands at the line that names it."""
    assert told(folder, ("query: features.sql", "query: feature.sql"), reads=definition) == [
        "pipeline.yaml:33: features.query: no file 'feature.sql'; did you mean 'features.sql'?"
    ]


def test_a_pipeline_is_named_like_its_folder(folder: Path) -> None:
    """Landing, lake and ledger are found by one name, so the folder cannot have another."""
    assert told(folder, ("name: tiny", "name: tinny"), reads=definition) == [
        "pipeline.yaml:1: name: 'tinny' must be the name of its folder, 'tiny'"
    ]


def test_the_config_hash_follows_every_file_and_no_cache(folder: Path) -> None:
    """A changed or renamed file changes the hash; caches, hidden files and notes do not."""
    before = config_hash(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "rule.pyc").write_bytes(b"x")
    (folder / ".swap").write_bytes(b"x")
    (folder / "README.md").write_text("what this pipeline is for")
    assert config_hash(folder) == before
    (folder / "features.sql").rename(folder / "other.sql")
    renamed = config_hash(folder)
    (folder / "other.sql").write_text("SELECT 1")
    assert len({before, renamed, config_hash(folder)}) == 3


@settings(deadline=None, max_examples=80)
@given(
    line=st.integers(0, len(LINES) - 1),
    column=st.integers(0, 40),
    text=st.text("a:{}[]-#&*!|>'\"%@`,?\n\t\0 é", max_size=6),
)
def test_whatever_a_file_says_it_loads_or_is_refused_by_name(
    line: int, column: int, text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A slip of the keyboard anywhere in the file gives a pipeline or a ConfigError at it."""
    folder = tmp_path_factory.mktemp("slip", numbered=True)
    changed = LINES[line][:column] + text + LINES[line][column:]
    content = "\n".join([*LINES[:line], changed, *LINES[line + 1 :]])
    (folder / "pipeline.yaml").write_text(content, newline="\n")
    try:
        load_pipeline(folder)
    except ConfigError as error:
        assert error.problems
        assert all(each.startswith(f"{folder}/pipeline.yaml") for each in error.problems)


@pytest.mark.parametrize(
    ("configured", "asked", "most"),
    [("null", 60, 60), ("null", 2, 4), ("90", 60, 60), ("30", 60, 30), ("90", None, 90)],
)
def test_a_narrower_training_window(
    folder: Path, configured: str, asked: int | None, most: int
) -> None:
    """A cause may ask for fewer days to train on: never below the least, nor above what is set."""
    changed = PIPELINE.replace("max_train_days: 90", f"max_train_days: {configured}")
    (folder / "pipeline.yaml").write_text(changed)
    tiny = definition(folder)
    narrowed = tiny.trained_on(asked).pipeline
    assert narrowed.windows.max_train_days == most
    assert narrowed.model_copy(update={"windows": tiny.pipeline.windows}) == tiny.pipeline


def test_a_load_changes_nothing_on_disk(folder: Path) -> None:
    """Reading a configuration leaves its folder as it was."""
    before = sorted(folder.parent.rglob("*"))
    definition(folder)
    assert sorted(folder.parent.rglob("*")) == before
