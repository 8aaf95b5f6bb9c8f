"""Parquet: typed columns, read whole and with page checksums verified."""

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.data.raw import Raw, named
from tasks.data.unpacking import MAX_BYTES
from tasks.errors import Refused

MAGIC = b"PAR1"
CELL_BYTES = 8


def rows(data: bytes) -> Raw:
    """Rows of a Parquet file. Raises `Refused`: bad_parquet, truncated, no_rows, too_large,
    duplicate_header.
    """
    if data.startswith(MAGIC) and not data.endswith(MAGIC):
        raise Refused(
            "truncated", f"the Parquet file of {len(data)} bytes has no footer; send it anew"
        )
    try:
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        names = named(file.schema_arrow.names)
        _refuse_bomb(file.metadata)
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        told = str(error).splitlines()[0]
        raise Refused(
            "bad_parquet", f"{len(data)} bytes that are no Parquet file: {told}"
        ) from error
    if not table.num_rows:
        raise Refused("no_rows", f"a schema of {len(names)} columns and 0 rows")
    return Raw(table.rename_columns(names), range(table.num_rows), typed=True)


def _refuse_bomb(metadata: pq.FileMetaData) -> None:
    """Run-length encoding packs any number of rows into nothing: count cells, not bytes."""
    cells = metadata.num_rows * metadata.num_columns
    packed = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    if max(cells * CELL_BYTES, packed) > MAX_BYTES:
        raise Refused(
            "too_large", f"{cells} cells; more than {MAX_BYTES} bytes; split the delivery"
        )
