"""NannyML's univariate drift with its defaults, run by the interpreter that it is installed in.

`nanny_drift.py COLUMN...` is asked over standard input, one JSON document a line, and answers in
kind: `fit` names a file of reference rows and the size of a chunk, `look` a file of a day's rows.
Told are the columns with an alert, the seconds after the file was read, and the peak memory so
far. Knows nothing of Ratchet.
"""

import importlib
import json
import resource
import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any

warnings.filterwarnings("ignore")
COLUMNS = sys.argv[1:]


class Drift:
    """One calculator, fitted again with every reference."""

    def __init__(self) -> None:
        self._read = importlib.import_module("pandas").read_parquet
        self._calculator = importlib.import_module("nannyml").UnivariateDriftCalculator
        self._fitted: Any = None

    def answer(self, asked: Mapping[str, Any]) -> Mapping[str, object]:
        """What was asked for, and what it took."""
        rows = self._read(asked.get("fit") or asked["look"], columns=COLUMNS)
        began = time.perf_counter()
        alerts = self._fit(rows, asked["rows"]) if "fit" in asked else self._alerts(rows)
        return {
            "columns": alerts,
            "seconds": time.perf_counter() - began,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }

    def _fit(self, reference: Any, rows: int) -> list[str]:
        self._fitted = self._calculator(column_names=COLUMNS, chunk_size=rows).fit(reference)
        return []

    def _alerts(self, rows: Any) -> list[str]:
        found = self._fitted.calculate(rows).filter(period="analysis").to_df()
        alerts = found.loc[:, [each for each in found.columns if each[2] == "alert"]].any()
        return sorted({str(name[0]) for name, alert in alerts.items() if alert})


def main() -> None:
    """Answer until standard input ends."""
    drift = Drift()
    for line in sys.stdin:
        print(json.dumps(drift.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
