"""The files of a lake table as one dataset, where they lie."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds

from config.places import Bucket, Place
from tasks.data.bucket import S3

PARTITION = "_partition"

_READERS = 16
_PARTITIONS = pa.schema({PARTITION: pa.string()})


def dataset(place: Place, s3: S3, uris: Sequence[str], schema: pa.Schema) -> ds.Dataset:
    """The files at these addresses below a table's place.

    In a bucket they are fetched whole, many at once, by the door that all of S3 goes through:
    Delta Lake's own would hold up every other thread while it waits.
    """
    # Of a folder with a space in its name the address says %20; what lies in it is as it is.
    names = ["/".join(uri.rsplit("/", 2)[1:]) for uri in uris]
    if isinstance(place, Path):
        return ds.dataset(
            [f"{place}/{name}" for name in names],
            schema=schema,
            format="parquet",
            partitioning=ds.partitioning(_PARTITIONS, flavor="hive"),
        )
    return _fetched(place, s3, names, schema)


def _fetched(place: Bucket, s3: S3, names: Sequence[str], schema: pa.Schema) -> ds.Dataset:
    with ThreadPoolExecutor(_READERS) as pool:
        bodies = list(pool.map(lambda name: s3.read(str(place / name))[0], names))
    parquet = ds.ParquetFileFormat()
    fragments = [
        parquet.make_fragment(
            pa.py_buffer(body), partition_expression=ds.field(PARTITION) == _partition(name)
        )
        for name, body in zip(names, bodies, strict=True)
    ]
    return ds.FileSystemDataset(fragments, schema, parquet)


def _partition(name: str) -> str:
    return unquote(name.split("/", maxsplit=1)[0].removeprefix(f"{PARTITION}="))
