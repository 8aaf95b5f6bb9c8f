"""A run is RUNNING before anything heavy is imported: somebody waits for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FLOWS = sorted(path.stem for path in Path("flows").glob("[a-z]*.py"))
HEAVY = {
    "deltalake", "duckdb", "evidently", "great_expectations", "mlflow", "pandas", "pyarrow",
    "scipy", "sklearn", "skops",
}  # fmt: skip
LOADED = "import json, sys; {}; print(json.dumps(sorted(sys.modules)))"


def loaded(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after a statement."""
    told = subprocess.run(
        [sys.executable, "-c", LOADED.format(statement)], check=True, capture_output=True, text=True
    )
    return {name.partition(".")[0] for name in json.loads(told.stdout)}


def test_flows_are_light() -> None:
    """All flows together load Prefect and no library that only their tasks need."""
    statement = f"from flows import {', '.join(FLOWS)}"
    assert len(FLOWS) >= 11
    assert loaded(statement) & HEAVY == set()


@pytest.mark.parametrize(
    ("opened", "unneeded"),
    [("scorer", {"evidently", "great_expectations"}), ("desk", {"evidently"})],
)
def test_a_run_loads_what_it_opens(
    opened: str, unneeded: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever scores does not wait for drift reports, nor whoever ingests."""
    monkeypatch.setenv("RATCHET_HOME", str(tmp_path))
    statement = f"from tasks.stores import open_stores as o; o('flights').{opened}"
    assert loaded(statement) & unneeded == set()


def test_whoever_tells_draws_no_reports() -> None:
    """A rollback tells what was decided, and does not wait for the library of drift reports."""
    statement = (
        "from tasks import record, register, tell; record.bench, register.alias, tell.decision"
    )
    assert "evidently" not in loaded(statement)


def test_whoever_traces_loads_what_it_reads_with() -> None:
    """Neither the flows nor the registry, S3 or models: those are asked in a clean process."""
    statement = (
        "from deployments import explain, show, trace, traced; "
        "from tasks.tracing import files, predictions, versions"
    )
    found = loaded(statement)
    assert {"deltalake", "pandas", "pyarrow"} <= found
    unneeded = HEAVY - {"deltalake", "pandas", "pyarrow"} | {"boto3", "botocore", "prefect"}
    assert found & unneeded == set()
