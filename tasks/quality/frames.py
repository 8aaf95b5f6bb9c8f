"""Arrow tables as pandas frames, without a null turning integers into floats."""

import pandas as pd
import pyarrow as pa

_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def frame(rows: pa.Table) -> pd.DataFrame:
    """The same rows and columns; integers and booleans keep their type beside nulls."""
    converted: pd.DataFrame = rows.to_pandas(types_mapper=_NULLABLE.get)
    return converted
