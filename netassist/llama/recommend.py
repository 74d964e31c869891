"""Which file of the catalogue suits a machine, by its publisher's rules; a pure function over a `Machine`.

The rules, from the card of Mungert/Llama-3.1-Nemotron-Nano-8B-v1-GGUF: BF16 where it is accelerated; F16 where FP16 is fast and
BF16 is not; Q8_0 for accuracy where memory allows; Q6_K between; Q4_K on a CPU with limited memory; Q4_0 on ARM; IQ3 where memory
is very short. What is written is bound by how fast memory is read (each token reads all weights), so `balance` also weighs cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from netassist.llama.catalogue import Catalogue, Published
from netassist.llama.machine import NOT_TOLD, Feature, Machine
from netassist.llama.memory import USUAL_CONTEXT, need

Preference = Literal["accuracy", "balance", "speed"]
RESERVE = 1 << 30
"""Bytes that are left to everything else, or a tenth of the memory where that is more."""
SPARE = 1.5
"""Memory to spare: so many times what is needed."""
CORES = {"bf16": 16, "f16": 16, "bf16-q8_0": 8, "f16-q8_0": 8, "q8_0": 8, "q6_k": 4}
"""Cores below which `balance` finds a file slow."""
ORDER = ("bf16", "f16", "bf16-q8_0", "f16-q8_0", "q8_0", "q6_k", "q4_k", "q4_k_s", "q4_0", "iq3_m", "iq3_xs")
"""From the most accurate on."""


class Judged(msgspec.Struct, frozen=True):
    """One file on one machine: bytes that it needs, and why it is not (or is) the choice."""

    name: str
    bytes: int
    need: int
    fits: bool
    reason: str


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """`choice` is None where nothing of the catalogue fits. `room` is the memory, in bytes, that a model may take."""

    choice: str | None
    room: int
    context: int
    judged: tuple[Judged, ...]
    notes: tuple[str, ...] = ()


def room(machine: Machine) -> int:
    """Bytes that a model may take of this machine."""
    return max(0, machine.most - max(RESERVE, machine.most // 10))


def recommend(
    machine: Machine, catalogue: Catalogue, prefer: Preference = "balance", context: int = USUAL_CONTEXT
) -> Recommendation:
    """The file of the catalogue for this machine, each of the others with what speaks against it."""
    space, judged, choice = room(machine), list[Judged](), None
    for published in sorted(catalogue.files, key=lambda file: ORDER.index(file.name) if file.name in ORDER else len(ORDER)):
        size = catalogue.size(published)
        needed = need(size, catalogue.shape, context).total
        against = _against(published, needed, space, machine, prefer)
        if against is None and choice is None:
            choice = published.name
            judged.append(Judged(published.name, size, needed, True, f"chosen: {_why(published, machine, prefer)}"))
        else:
            fallback = f"{choice} is more accurate and suits this machine"
            judged.append(Judged(published.name, size, needed, needed <= space, against or fallback))
    return Recommendation(
        choice=choice, room=space, context=context, judged=tuple(judged), notes=tuple(_notes(machine, choice, judged))
    )


_BF16: tuple[Feature, ...] = ("avx512_bf16", "amx_bf16", "bf16")
_FP16: tuple[Feature, ...] = ("avx512_fp16", "fp16")


def _bf16(machine: Machine) -> bool:
    return any(map(machine.has, _BF16))


def _fp16(machine: Machine) -> bool:
    return any(map(machine.has, _FP16))


def _against(published: Published, needed: int, space: int, machine: Machine, prefer: Preference) -> str | None:
    """What speaks against a file, None where nothing does."""
    name = published.name
    if needed > space:
        return f"needs {_gb(needed)}, and {_gb(space)} may be used"
    if name.startswith("bf16") and not _bf16(machine):
        return _slow(machine, "BF16", _BF16, "AVX512-BF16, AMX-BF16 or ARM's BF16")
    if name.startswith("f16") and not _fp16(machine):
        return _slow(machine, "FP16", _FP16, "AVX512-FP16 or ARM's FP16")
    if name.startswith("f16") and _bf16(machine):
        return "BF16 is fast here, and holds what the model was trained in"
    if name in CORES:
        return _against_large(name, needed, space, machine, prefer)
    if name in ("q4_k", "q4_k_s") and machine.processor == "arm" and prefer != "accuracy":
        return "Q4_0 is laid out anew for ARM and faster"
    if name == "q4_0" and machine.processor != "arm":
        return "made for ARM; Q4_K_S is as small and more accurate"
    return None


def _slow(machine: Machine, kind: str, fast: Sequence[Feature], spelled: str) -> str:
    who = "llama.cpp as it was compiled" if machine.features.intersection(fast) else "the processor"
    return f"{who} does not compute in {kind} ({spelled}), so it would be slow"


def _against_large(name: str, needed: int, space: int, machine: Machine, prefer: Preference) -> str | None:
    if prefer == "speed":
        return "a smaller file is read faster, and speed is preferred"
    if space < needed * SPARE:
        return f"it fits, but leaves less than half of its {_gb(needed)} to spare"
    if prefer == "balance" and machine.cores < CORES[name]:
        return f"slow on {_cores(machine)}; --prefer accuracy takes it"
    return None


def _why(published: Published, machine: Machine, prefer: Preference) -> str:
    fits = f"{published.what}; the best that fits" if prefer == "accuracy" else published.what
    return f"{fits} ({_cores(machine)})"


def _notes(machine: Machine, choice: str | None, judged: Sequence[Judged]) -> list[str]:
    notes = []
    chosen = next((file for file in judged if file.name == choice), None)
    if chosen is None:
        notes.append("no file of this model fits; the built-in model needs nothing but itself")
    elif machine.available is not None and chosen.need > machine.available:
        notes.append(f"only {_gb(machine.available)} are free at the moment, so close something before loading it")
    if choice == "q4_0":
        notes.append("IQ4_NL is more accurate at the same size where another publisher has it (owner/name:IQ4_NL)")
    if machine.limit is not None and machine.limit < machine.memory:
        notes.append(f"a control group limits this process to {_gb(machine.limit)} of {_gb(machine.memory)}")
    if machine.built is None:
        notes.append("llama.cpp could not be asked what it was compiled for")
    elif missing := sorted(machine.features & _WORTH - machine.built):
        notes.append(
            f"llama.cpp was compiled without {_spelled(missing)}, which this processor has; "
            "compile it here with CMAKE_ARGS=-DGGML_NATIVE=ON pip install --force-reinstall --no-binary llama-cpp-python "
            "llama-cpp-python"
        )
    if machine.built is not None and (taken := _taken_for_granted(machine, choice or "")):
        notes.append(f"llama.cpp does not tell whether it is compiled for {_spelled(taken)}; this processor has it, so it counts")
    return notes


def _taken_for_granted(machine: Machine, choice: str) -> list[Feature]:
    """The features that speak for the choice where llama.cpp tells of none of them."""
    speaking = _BF16 if choice.startswith("bf16") else _FP16 if choice.startswith("f16") else ()
    counted = [feature for feature in speaking if machine.has(feature)]
    return counted if all(feature in NOT_TOLD for feature in counted) else []


def _spelled(features: Sequence[Feature]) -> str:
    return ", ".join(features).upper().replace("_", "-")


_WORTH = frozenset({"avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx_int8", "dotprod", "i8mm", "fp16"})
"""Features without which llama.cpp is much slower."""


def _cores(machine: Machine) -> str:
    return "one core" if machine.cores == 1 else f"{machine.cores} cores"


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
