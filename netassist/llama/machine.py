"""What this machine has that a model's speed and size depend on, as Linux tells it: /proc and the control groups.

References: proc_cpuinfo(5), proc_meminfo(5), Linux' Documentation/admin-guide/cgroup-v2.rst (memory.max, cpu.max) and
arch/x86/include/asm/cpufeatures.h, arch/arm64/kernel/cpuinfo.c for the names of features.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

Feature = Literal[
    "avx2", "avx512", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8", "avx_vnni",
    "neon", "dotprod", "fp16", "bf16", "i8mm", "sve",
]  # fmt: skip
_FLAGS: dict[str, Feature] = {
    "avx2": "avx2", "avx512f": "avx512", "avx512_vnni": "avx512_vnni", "avx512_bf16": "avx512_bf16",
    "avx512_fp16": "avx512_fp16", "amx_bf16": "amx_bf16", "amx_int8": "amx_int8", "avx_vnni": "avx_vnni",
    # ARM
    "asimd": "neon", "neon": "neon", "asimddp": "dotprod", "asimdhp": "fp16", "bf16": "bf16", "i8mm": "i8mm", "sve": "sve",
}  # fmt: skip
BUILT: dict[str, Feature] = {
    "AVX2": "avx2", "AVX512": "avx512", "AVX512_VNNI": "avx512_vnni", "AVX512_BF16": "avx512_bf16", "AMX_INT8": "amx_int8",
    "AVX_VNNI": "avx_vnni", "NEON": "neon", "ARM_FMA": "neon", "FP16_VA": "fp16", "MATMUL_INT8": "i8mm", "DOTPROD": "dotprod",
    "SVE": "sve",
}  # fmt: skip
"""What llama_print_system_info calls them (ggml-cpu.cpp, ggml_backend_cpu_get_features)."""
NOT_TOLD: dict[Feature, Feature] = {"amx_bf16": "amx_int8", "avx512_fp16": "avx512", "bf16": "fp16"}
"""What it has no name for: the processor's word counts where the feature beside it, which it does tell of, was compiled in."""

Processor = Literal["x86", "arm", "other"]


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Memory in bytes: `memory` is what there is, `limit` what this process' control group may use (None: no limit), `available`
    what is free at the moment (None: not known). `cores` are those that this process may run on, less where a group has a share.

    `built` is what llama.cpp was compiled for, None where it could not be asked.
    """

    memory: int
    cores: int
    processor: Processor = "x86"
    model: str = ""
    features: frozenset[Feature] = frozenset()
    built: frozenset[Feature] | None = None
    limit: int | None = None
    available: int | None = None

    @property
    def most(self) -> int:
        """The memory that there is for this process."""
        return min(self.memory, self.limit or self.memory)

    def has(self, feature: Feature) -> bool:
        """Whether the processor has it and llama.cpp, as far as is known, uses it."""
        return feature in self.features and (self.built is None or NOT_TOLD.get(feature, feature) in self.built)


def this_machine(root: Path = Path("/"), built: str | None = None) -> Machine:
    """What the files under `root` tell of this machine; `built` is the text of llama_print_system_info."""
    text = _read(root / "proc/cpuinfo")
    memory = dict(re.findall(r"^(\w+):\s+(\d+) kB", _read(root / "proc/meminfo"), re.MULTILINE))
    available = memory.get("MemAvailable")
    return Machine(
        memory=int(memory.get("MemTotal", 0)) * 1024,
        available=int(available) * 1024 if available else None,
        limit=_memory_limit(root),
        cores=_cores(root),
        processor=_processor(text),
        model=_model(text),
        features=features(text),
        built=None if built is None else built_features(built),
    )


def features(cpuinfo: str) -> frozenset[Feature]:
    """What every processor of /proc/cpuinfo has."""
    lines = re.findall(r"^(?:flags|Features)\s*:(.*)$", cpuinfo, re.MULTILINE)
    sets = [frozenset(_FLAGS[flag] for flag in line.split() if flag in _FLAGS) for line in lines[:4096]]
    return frozenset.intersection(*sets) if sets else frozenset()


def built_features(system_info: str) -> frozenset[Feature]:
    """What llama_print_system_info says it was compiled for: ``CPU : AVX2 = 1 | AVX512 = 1 | …``."""
    return frozenset(BUILT[name] for name, on in re.findall(r"(\w+) = (\d+)", system_info) if name in BUILT and on != "0")


def _processor(cpuinfo: str) -> Processor:
    if re.search(r"^flags\s*:.*\bsse2\b", cpuinfo, re.MULTILINE):
        return "x86"
    if re.search(r"^Features\s*:.*\b(?:asimd|neon)\b", cpuinfo, re.MULTILINE):
        return "arm"
    name = platform.machine().lower()
    return "x86" if name in ("x86_64", "amd64", "i686") else "arm" if name.startswith(("aarch64", "arm")) else "other"


def _model(cpuinfo: str) -> str:
    found = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found[1].strip()[:80] if found else ""


def _memory_limit(root: Path) -> int | None:
    limits = [int(text) for folder in _groups(root, "memory") for name in ("memory.max", "memory.limit_in_bytes")
              if (text := _read(folder / name).strip()).isdigit()]  # fmt: skip
    # Version 1 writes no limit as a number that no machine has.
    real = [limit for limit in limits if 0 < limit < 1 << 60]
    return min(real) if real else None


def _cores(root: Path) -> int:
    usable = len(os.sched_getaffinity(0))
    for folder in _groups(root, "cpu"):
        quota, period = [*_read(folder / "cpu.max").split(), "", ""][:2]
        if not quota:
            quota, period = _read(folder / "cpu.cfs_quota_us").strip(), _read(folder / "cpu.cfs_period_us").strip()
        if quota.isdigit() and period.isdigit() and int(period):
            usable = min(usable, max(1, -(-int(quota) // int(period))))
    return usable


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the control groups that this process is in, and of those above them; version 2 and 1."""
    for line in _read(root / "proc/self/cgroup").splitlines()[:64]:
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            top = root / "sys/fs/cgroup"
        elif controller in controllers.split(","):
            top = root / "sys/fs/cgroup" / controller
        else:
            continue
        folder = Path(os.path.normpath(path.lstrip("/") or "."))
        if folder.parts[:1] == ("..",):
            folder = Path()  # a group outside of what this namespace shows

        yield top / folder
        for above in folder.parents:
            yield top / above


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
