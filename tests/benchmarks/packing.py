"""What a journal row costs to pack, to seal and to unpack, and how small it becomes.

Options: `--requests N` in a row, `--rows N`, `--kind` as of the benchmark `deriving`. Processor time
of this thread, the best of five passes. Beside it what is packed in a hurry, as one zstandard frame,
and such a frame at the level that the text between the numbers is packed with. Below it how many
bytes each column of the rows takes, with a dictionary of what came before them and without.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import zstandard

from collector.journal.columns import Columns
from collector.journal.dictionary import Dictionary, Vocabulary
from collector.journal.frames import PROTOBUF, Export, dictionary_of, pack, unpack
from collector.journal.keys import NO_KEYS, JournalKeys
from tests.benchmarks.traffic import Traffic
from tests.collector.payloads import BASE_NS

LEVEL = 9
PASSES = 5


def main() -> None:
    options = _options()
    traffic = Traffic(options.kind, BASE_NS // 10**9, rate=100)
    dictionary = _dictionary(traffic, options.requests)
    exports = [traffic.export(options.requests) for _ in range(options.rows)]
    spans = sum(len(e.resource_spans[0].scope_spans[0].spans) for e in exports)
    bodies = [export.SerializeToString() for export in exports]
    rows = [[Export(PROTOBUF, body)] for body in bodies]
    keys = JournalKeys([os.urandom(32)])
    packed = [pack(row) for row in rows]
    sealed = [pack(row, keys) for row in rows]
    with_dictionary = [pack(row, dictionary=dictionary) for row in rows]
    hurried = [pack(row, in_hurry=True) for row in rows]
    frames = [zstandard.ZstdCompressor(LEVEL).compress(body) for body in bodies]
    sys.stdout.write(f"{spans:,} spans in {len(rows)} rows{'':10}bytes a span{'us a span':>12}\n")

    def tell(name: str, stored: Sequence[bytes], work: Callable[[Any], object], on: Any) -> None:
        each = sum(map(len, stored)) / spans
        sys.stdout.write(f"  {name:<30}{each:12.1f}{_best_s(work, on) / spans * 1e6:12.2f}\n")

    tell("as it came", bodies, bytes.__len__, bodies)
    tell(
        "one frame, level 9", frames, lambda b: zstandard.ZstdCompressor(LEVEL).compress(b), bodies
    )
    tell("packed in a hurry", hurried, lambda row: pack(row, in_hurry=True), rows)
    tell("unpacked", hurried, unpack, hurried)
    tell("packed", packed, pack, rows)
    tell(
        "packed with a dictionary",
        with_dictionary,
        lambda row: pack(row, dictionary=dictionary),
        rows,
    )
    tell("packed and sealed", sealed, lambda row: pack(row, keys), rows)
    tell("unpacked", packed, unpack, packed)
    tell(
        "unpacked with a dictionary",
        with_dictionary,
        lambda body: unpack(body, dictionary=dictionary.stored),
        with_dictionary,
    )
    tell("opened and unpacked", sealed, lambda row: unpack(row, keys), sealed)
    _tell_columns(packed, with_dictionary, spans)


def _dictionary(traffic: Traffic, requests: int) -> Dictionary:
    """Of what the traffic sends until there is enough for one."""
    vocabulary = Vocabulary(NO_KEYS)
    while (dictionary := vocabulary.dictionary(1, 0)) is None:
        sent = Export(PROTOBUF, traffic.export(requests).SerializeToString())
        pack([sent], hear=vocabulary.hear)
    return dictionary


def _tell_columns(packed: Sequence[bytes], with_dictionary: Sequence[bytes], spans: int) -> None:
    sys.stdout.write(f"\n{'column, bytes a span':<32}{'without':>12}{'dictionary':>12}\n")
    sizes = [_column_bytes(packed), _column_bytes(with_dictionary)]
    for name in sizes[0]:
        cells = "".join(f"{size[name] / spans:12.2f}" for size in sizes)
        sys.stdout.write(f"  {name:<30}{cells}\n")


def _column_bytes(packed: Sequence[bytes]) -> dict[str, int]:
    """How many bytes each column of these rows takes, frame and length included."""
    sizes = dict.fromkeys(Columns._fields, 0)
    for body in packed:
        at = 5 if dictionary_of(body) is None else 5 + 9
        for name in itertools.cycle(Columns._fields):
            if at >= len(body):
                break
            size = 4 + int.from_bytes(body[at : at + 4], "little")
            sizes[name] += size
            at += size
    return sizes


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=125)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--kind", choices=("full", "digest", "plain"), default="full")
    return parser.parse_args()


def _best_s(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """The processor time of working on all items once."""
    passes = []
    for _ in range(PASSES):
        begin = time.thread_time()
        for item in items:
            work(item)
        passes.append(time.thread_time() - begin)
    return min(passes)


if __name__ == "__main__":
    main()
