"""NannyML's CBPE of ROC AUC with its defaults, run by the interpreter that it is installed in.

Given a JSON document over standard input, a list of tasks with `y` and `p` of the reference and
`current`, probabilities alone; answers with a list of value, lower and upper limit. Knows nothing
of Ratchet.
"""

import importlib
import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

warnings.filterwarnings("ignore")


def estimated(task: Mapping[str, Sequence[float]], nannyml: Any, pandas: Any) -> list[float | None]:
    """The estimate of one window, as one chunk, after one fit on the reference."""
    reference = pandas.DataFrame({"p": task["p"], "y": [int(label) for label in task["y"]]})
    current = pandas.DataFrame({"p": task["current"]})
    for frame in (reference, current):
        frame["said"] = (frame["p"] >= 0.5).astype(int)
    estimator = nannyml.CBPE(
        y_pred_proba="p",
        y_pred="said",
        y_true="y",
        problem_type="classification_binary",
        metrics=["roc_auc"],
        chunk_size=len(current),
    )
    found = estimator.fit(reference).estimate(current).filter(period="analysis").to_df()["roc_auc"]
    limits = "value", "lower_confidence_boundary", "upper_confidence_boundary"
    return [float(found[name].iloc[0]) for name in limits]


def main() -> None:
    """Answer what standard input asks."""
    nannyml, pandas = (importlib.import_module(name) for name in ("nannyml", "pandas"))
    print(json.dumps([estimated(task, nannyml, pandas) for task in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
