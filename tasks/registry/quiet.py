"""MLflow without its news on the terminal, and without its calls home."""

import logging

from mlflow.environment_variables import (
    MLFLOW_DISABLE_TELEMETRY,
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR,
    MLFLOW_LOGGING_LEVEL,
)
from mlflow.telemetry import set_telemetry_client

_LOUD = ("mlflow", "alembic")


def quieten() -> None:
    """Warnings and worse still show; what the user has asked for by environment stands."""
    if not MLFLOW_LOGGING_LEVEL.is_set():
        for name in _LOUD:
            logging.getLogger(name).setLevel(logging.WARNING)
    if not MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.is_set():
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)
    if not MLFLOW_DISABLE_TELEMETRY.is_set():
        MLFLOW_DISABLE_TELEMETRY.set(True)
        set_telemetry_client()
