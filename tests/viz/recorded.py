# SPDX-License-Identifier: Apache-2.0
"""What a Rerun recording holds, for tests: rows by entity; instants are nanoseconds."""

from collections import defaultdict
from pathlib import Path
from typing import Any


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Entity -> its rows: component or timeline -> value, without what is empty."""
    from rerun.chunk import RrdReader

    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for chunk in RrdReader(path).stream().to_chunks():
        batch = chunk.to_record_batch()
        columns = {field.name.rpartition(":")[2]: _plain(column) for field, column in zip(batch.schema, batch.columns, strict=True)}
        found[chunk.entity_path] += [{name: values[i] for name, values in columns.items() if values[i] is not None} for i in range(batch.num_rows)]
    return dict(found)


def _plain(column: Any) -> list[Any]:
    import pyarrow as pa

    values: list[Any] = (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
    return values
