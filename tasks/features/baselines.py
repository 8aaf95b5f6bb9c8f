"""Model-free answers, computed by SQL from the features alone."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.load import Definition
from tasks.errors import Terminal
from tasks.features.database import answers

DUMMY = "dummy"


def baselines(
    definition: Definition, rows: pd.DataFrame, prior: float
) -> dict[str, npt.NDArray[np.float64]]:
    """Probabilities of every baseline, one a row: `dummy` is `prior`, the rest the pipeline's.

    Raises `Terminal` naming the baseline whose SQL fails.
    """
    inputs = rows[list(definition.pipeline.features.columns)]
    told = {DUMMY: np.full(len(rows), prior)}
    for name, baseline in definition.pipeline.baselines.items():
        query = f"SELECT ({baseline.sql})::DOUBLE AS answer FROM inputs"  # noqa: S608 - the definition is trusted, it is code
        try:
            (frame,) = answers({"inputs": inputs}, query)
        except ValueError as error:
            raise Terminal(f"baselines.{name} of {definition.pipeline.name}: {error}") from error
        told[name] = frame["answer"].to_numpy(dtype="float64")
    return told
