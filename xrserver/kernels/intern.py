"""Equal bytes get one number.

A table of int32 slots (a power of two, -1 for free, never more than half full) finds the row of
bytes seen before, with linear probing: strings by FNV-1a, object ids by their first bytes. Callers
own the arrays and see to it that they have room.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from xrserver.kernels.jit import kernel

#: Arrays of these dtypes. (An element taken from a typed one would not be a number to pyright.)
U8 = NDArray[Any]
I32 = NDArray[Any]
I64 = NDArray[Any]

# 32 bits of FNV-1a: products stay within int64, so plain Python computes the same.
_FNV_OFFSET = 0x811C9DC5
_FNV_PRIME = 0x01000193
_FNV_MASK = 0xFFFFFFFF

@kernel
def hash_bytes(data: U8, start: int, end: int, seed: int) -> Any:
    """Return a hash of 32 bits of ``data[start:end]``."""
    value = _FNV_OFFSET ^ seed
    for i in range(start, end):
        value = ((value ^ int(data[i])) * _FNV_PRIME) & _FNV_MASK
    return value ^ (value >> 15)


@kernel
def _oid_hash(oids: U8, row: int) -> Any:
    """Return the first bytes of an object id: it is a hash already."""
    value = 0
    for i in range(7):
        value = (value << 8) | int(oids[row, i])
    return value


@kernel
def intern_bytes(slots: I32, offsets: I64, pool: U8, count: int, data: U8, start: int, end: int) -> Any:
    """Return the row of ``data[start:end]``; a row equal to `count` is new (and already written)."""
    mask = len(slots) - 1
    slot = hash_bytes(data, start, end, 0) & mask
    length = end - start
    while slots[slot] >= 0:
        row = slots[slot]
        first = offsets[row]
        if offsets[row + 1] - first == length:
            same = True
            for i in range(length):
                if pool[first + i] != data[start + i]:
                    same = False
                    break
            if same:
                return row
        slot = (slot + 1) & mask
    first = offsets[count]
    for i in range(length):
        pool[first + i] = data[start + i]
    offsets[count + 1] = first + length
    slots[slot] = count
    return count


@kernel
def intern_all(slots: I32, offsets: I64, pool: U8, count: int, data: U8, ends: I64, rows: I32) -> Any:
    """Write to `rows` the row of each string of `data` (they end at `ends`); return how many there are."""
    start = 0
    for i in range(len(ends)):
        rows[i] = intern_bytes(slots, offsets, pool, count, data, start, int(ends[i]))
        count = max(count, rows[i] + 1)
        start = int(ends[i])
    return count


@kernel
def _oid_row(slots: I32, oids: U8, wanted: U8, row: int) -> Any:
    """Return the row of ``wanted[row]`` in `oids`, or -1 - (the free slot where it belongs)."""
    mask = len(slots) - 1
    slot = _oid_hash(wanted, row) & mask
    while slots[slot] >= 0:
        found = int(slots[slot])
        same = True
        for i in range(oids.shape[1]):
            if oids[found, i] != wanted[row, i]:
                same = False
                break
        if same:
            return found
        slot = (slot + 1) & mask
    return -1 - slot


@kernel
def intern_oid(slots: I32, oids: U8, count: int, oid: U8) -> Any:
    """Return the row of the one `oid`, (1, width), in `oids`; a row equal to `count` is new (and written)."""
    found = _oid_row(slots, oids, oid, 0)
    if found >= 0:
        return found
    for i in range(oids.shape[1]):
        oids[count, i] = oid[0, i]
    slots[-1 - found] = count
    return count


@kernel
def rehash_bytes(slots: I32, offsets: I64, pool: U8, count: int) -> None:
    """Fill the empty table `slots` with the rows of `offsets` and `pool`."""
    mask = len(slots) - 1
    for row in range(count):
        slot = hash_bytes(pool, offsets[row], offsets[row + 1], 0) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = row


@kernel
def rehash_oids(slots: I32, oids: U8, count: int) -> None:
    """Fill the empty table `slots` with the rows of `oids`."""
    mask = len(slots) - 1
    for row in range(count):
        slot = _oid_hash(oids, row) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = row


@kernel
def find_oids(slots: I32, oids: U8, wanted: U8, found: I32) -> None:
    """Write to `found` the row of each of `wanted` in the interned `oids`, -1 where it is not there."""
    for row in range(len(wanted)):
        found[row] = max(-1, _oid_row(slots, oids, wanted, row))
