"""Rows of a SQLite file that SQLite itself can no longer reach, read page by page.

A spoilt page within the tree hides all that hangs from it, and a spoilt first page everything. But
each leaf holds its rows whole, in a documented form (https://sqlite.org/fileformat2.html): so every
page that looks like a leaf is gone through. Whoever takes the rows has to check them.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

Value = None | int | float | str | bytes
_LEAF = 0x0D  # the first byte of a page that holds rows of a table
_MAGIC = b"SQLite format 3\0"
_USUAL_PAGE = 4096  # bytes
_MOST_COLUMNS = 64
_LARGEST_ROW = 1 << 24  # bytes


def rows(path: Path) -> Iterator[tuple[int, tuple[Value, ...]]]:
    """Number and columns of each row that is found, page by page; nothing from an empty file."""
    if path.stat().st_size == 0:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        size = _page_size(content)
        for page in range(-(-len(content) // size)):
            start = page * size + (100 if page == 0 else 0)
            if content[start : start + 1] == bytes([_LEAF]):
                yield from _leaf(content, page * size, start, size)


def _page_size(content: mmap.mmap) -> int:
    size = int.from_bytes(content[16:18], "big")
    size = 65536 if size == 1 else size
    known = content[:16] == _MAGIC and 512 <= size <= 65536 and not size & (size - 1)
    return size if known else _USUAL_PAGE


def _leaf(
    content: mmap.mmap, page: int, start: int, size: int
) -> Iterator[tuple[int, tuple[Value, ...]]]:
    """The rows of one page; `start` is where its own header is."""
    count = int.from_bytes(content[start + 3 : start + 5], "big")
    for cell in range(min(count, size // 4)):
        place = start + 8 + 2 * cell
        at = int.from_bytes(content[place : place + 2], "big")
        try:
            yield _cell(content, page + at, size)
        except (IndexError, OverflowError, UnicodeDecodeError, ValueError, struct.error):
            continue  # spoilt, or no row at all


def _cell(content: mmap.mmap, at: int, size: int) -> tuple[int, tuple[Value, ...]]:
    """One row: how long it is, its number, and its columns, which may go on in other pages."""
    length, at = _varint(content, at)
    number, at = _varint(content, at)
    if length > _LARGEST_ROW:
        raise ValueError("too long for a row")
    here = _local(length, size)
    record = content[at : at + here]
    following = int.from_bytes(content[at + here : at + here + 4], "big")
    while len(record) < length:
        begin = (following - 1) * size
        if following < 2 or begin >= len(content):
            raise ValueError("goes on nowhere")
        more = content[begin + 4 : begin + min(size, 4 + length - len(record))]
        following = int.from_bytes(content[begin : begin + 4], "big")
        if not more:
            raise ValueError("goes on nowhere")
        record += more
    return number - (1 << 64 if number >= 1 << 63 else 0), tuple(_columns(record))


def _local(length: int, size: int) -> int:
    """How many bytes of a row stand in its own page."""
    if length <= size - 35:
        return length
    least = (size - 12) * 32 // 255 - 23
    wanted = least + (length - least) % (size - 4)
    return wanted if wanted <= size - 35 else least


def _columns(record: bytes) -> Iterator[Value]:
    end, at = _varint(record, 0)
    body, count = end, 0
    while at < end:
        kind, at = _varint(record, at)
        value, body = _value(record, body, kind)
        yield value
        count += 1
        if count > _MOST_COLUMNS:
            raise ValueError("too many columns")


def _value(record: bytes, at: int, kind: int) -> tuple[Value, int]:
    """A column of a kind, and where the next one begins."""
    if kind in (0, 8, 9):
        return (None, 0, 1)[(0, 8, 9).index(kind)], at
    if kind in (10, 11):
        raise ValueError("a kind that SQLite keeps for itself")
    length = (0, 1, 2, 3, 4, 6, 8, 8)[kind] if kind < 8 else (kind - 12) // 2
    raw = record[at : at + length]
    if len(raw) < length:
        raise ValueError("cut short")
    if kind == 7:
        return struct.unpack(">d", raw)[0], at + length
    if kind < 8:
        return int.from_bytes(raw, "big", signed=True), at + length
    return (raw.decode() if kind % 2 else raw), at + length


def _varint(content: bytes | mmap.mmap, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where what follows begins."""
    value = 0
    for step in range(9):
        byte = content[at + step]
        if step == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    raise AssertionError
