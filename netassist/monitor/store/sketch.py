"""Response times of an hour or a day, as counts in bins each 5 % wider than the one before: a percentile of them is within 2.5 %.

The bins are those of DDSketch (Masson, Rim, Lee, VLDB 2019) with a relative accuracy of 2.44 %, over whole microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil, log

WIDTH = 1.05
_LOG = log(WIDTH)
_MIDDLE = 2 / (1 + 1 / WIDTH)
"""Times the lower end of a bin: as far from both of its ends, relatively."""


def bin_of(us: int) -> int:
    """The bin of a response time in microseconds; all below one are in bin 0."""
    return int(log(us) / _LOG) if us > 1 else 0


def middle(bin: int) -> float:
    """The microseconds that stand for a bin."""
    return WIDTH**bin * _MIDDLE


def packed(bins: Mapping[int, int]) -> bytes:
    """The bins that are not empty: how far from the one before, and how many, each as LEB128."""
    out, last = bytearray(), 0
    for bin in sorted(bins):
        for value in (bin - last, bins[bin]):
            while value > 0x7F:
                out.append(value & 0x7F | 0x80)
                value >>= 7
            out.append(value)
        last = bin
    return bytes(out)


def unpacked(data: bytes) -> dict[int, int]:
    """The inverse of `packed`."""
    values: list[int] = []
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            values.append(value)
            value = shift = 0
    bins = accumulate(values[::2])
    return dict(zip(bins, values[1::2], strict=True))


def percentiles_of(times: Sequence[int], parts: Sequence[float]) -> list[float]:
    """By nearest rank: the smallest time that `part` of all do not exceed; exact. `times` are not empty."""
    ordered = sorted(times)
    return [float(ordered[max(0, ceil(part * len(ordered) - 1e-9) - 1)]) for part in parts]


def percentiles_in(bins: Mapping[int, int], largest: int, parts: Sequence[float]) -> list[float]:
    """The same from bins, whose largest time is known; within 2.5 %. `bins` are not empty."""
    order = sorted(bins)
    sums = list(accumulate(bins[bin] for bin in order))
    found: list[float] = []
    for part in parts:
        rank = max(1, ceil(part * sums[-1] - 1e-9))
        bin = next(bin for bin, upto in zip(order, sums, strict=True) if upto >= rank)
        found.append(float(largest) if rank == sums[-1] else min(middle(bin), float(largest)))
    return found
