"""The prediction log as it stood at a moment: what was asked later is not in it yet."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.data.lake import Read
from tasks.data.parts import PARTITION
from tasks.predictions.log import PredictionLog


@dataclass(frozen=True)
class LogThen(PredictionLog):
    """Reads what had been asked by `asked_by`, however much has been answered since."""

    asked_by: datetime

    def counts(self) -> dict[date, int]:
        """How many predictions there are of each day that has one."""
        if self.table.version() is None:
            return {}
        days = self.table.read(Read((PARTITION,), where=self._asked))[PARTITION].to_pylist()
        return {date.fromisoformat(day): rows for day, rows in Counter(days).items()}

    def read(self, first: date, last: date, version: int | None = None) -> pd.DataFrame:
        """Predictions of the days that were asked by then."""
        found = super().read(first, last, version)
        if found.empty:
            return found
        return found[found["asked_at"] <= self.asked_by].reset_index(drop=True)

    @property
    def _asked(self) -> Any:
        moment = pa.scalar(self.asked_by, pa.timestamp("us", "UTC"))
        return pc.field("asked_at") <= moment
