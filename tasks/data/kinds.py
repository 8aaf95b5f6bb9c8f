"""What rows in the lake are: columns that keep their types, and bytes that can be told apart."""

import hashlib

import pyarrow as pa

from tasks.errors import Terminal


def refuse_other_types(table: str, there: pa.Schema, coming: pa.Schema) -> None:
    """Raise `Terminal` for a column whose type is another: Delta would cast silently.

    Text to numbers, among others. A column that the table has not had yet may be of any type.
    """
    known = {field.name: field.type for field in there}
    for column in coming:
        if not known.get(column.name, column.type).equals(column.type):
            raise Terminal(
                f"{table}.{column.name} is {known[column.name]} in the lake and "
                f"{column.type} now; a column keeps its type: give the new one another name"
            )


def content_of(rows: pa.Table) -> str:
    """sha256 of the very bytes of rows, with their columns and types."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()
