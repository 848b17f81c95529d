"""Many rows as one array a column, which PostgreSQL takes in one statement.

A statement a row takes both sides several times as long, and a temporary table to copy into would
be emptied by every commit. Arrays are written in PostgreSQL's binary format (`array_recv` in its
`arrayfuncs.c`): dimensions, whether there are nulls, the type of the elements, their number, the
first index, and for each element its length and its bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import Connection, LargeBinary, Table

_HEADER: Final = struct.Struct("!iiIii")
_LENGTH: Final = struct.Struct("!i")
_INT8: Final = np.dtype([("length", ">i4"), ("value", ">i8")])
_INT8_OID: Final = 20
_BYTEA_OID: Final = 17


class _Integers(bytes):
    """An array of bigint."""


class _Values(bytes):
    """An array of bytea."""


class _Written(Dumper):
    """Of arrays that are in the binary format already."""

    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return bytes(obj)


class _IntegersWritten(_Written):
    oid = 1016  # bigint[]


class _ValuesWritten(_Written):
    oid = 1001  # bytea[]


def column_arrays(
    connection: Connection, table: Table, rows: Sequence[Sequence[Any]]
) -> tuple[_Integers | _Values, ...]:
    """The columns of the rows in their order, as parameters for this connection."""
    driver: Any = connection.connection.driver_connection
    driver.adapters.register_dumper(_Integers, _IntegersWritten)
    driver.adapters.register_dumper(_Values, _ValuesWritten)
    return tuple(
        _values(values) if isinstance(column.type, LargeBinary) else _integers(values)
        for column, values in zip(table.columns, zip(*rows, strict=True), strict=True)
    )


def _integers(values: Sequence[int]) -> _Integers:
    elements = np.empty(len(values), _INT8)
    elements["length"] = 8
    elements["value"] = values
    return _Integers(_HEADER.pack(1, 0, _INT8_OID, len(values), 1) + elements.tobytes())


def _values(values: Sequence[bytes]) -> _Values:
    elements = b"".join([_LENGTH.pack(len(value)) + value for value in values])
    return _Values(_HEADER.pack(1, 0, _BYTEA_OID, len(values), 1) + elements)
