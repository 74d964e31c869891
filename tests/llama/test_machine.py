"""What a machine has, read from files as Linux writes them, and what is recommended for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netassist.llama import build
from netassist.llama.catalogue import catalogue
from netassist.llama.machine import Feature, Machine, Processor, built_features, features, this_machine
from netassist.llama.memory import need
from netassist.llama.recommend import Preference, recommend, room

GB = 10**9
SAPPHIRE = "fpu sse2 avx2 f16c avx512f avx512_vnni avx512_bf16 avx512_fp16 amx_bf16 amx_tile amx_int8"
GRAVITON = "fp asimd aes crc32 atomics fphp asimdhp asimddp sve i8mm bf16"
REPORTED: dict[Feature, str] = {
    "avx_vnni": "AVX_VNNI", "avx2": "AVX2", "avx512": "AVX512", "avx512_vnni": "AVX512_VNNI", "avx512_bf16": "AVX512_BF16",
    "amx_int8": "AMX_INT8", "neon": "NEON", "fp16": "FP16_VA", "i8mm": "MATMUL_INT8", "sve": "SVE", "dotprod": "DOTPROD",
}  # fmt: skip
"""What ggml_backend_cpu_get_features has a name for: not AVX512-FP16, not AMX-BF16, not ARM's BF16."""


def root(folder: Path, **files: str) -> Path:
    """A file system with these files; __ in a name stands for a slash."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_this_machine_is_read() -> None:
    machine = this_machine(built=build.system_info())
    assert machine.memory > GB
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert machine.built is not None
    assert machine.available is None or machine.available <= machine.memory


def test_an_x86_machine(tmp_path: Path) -> None:
    flags = f"processor : 0\nmodel name : Intel(R) Xeon(R)\nflags : {SAPPHIRE}\n\n"
    found = this_machine(root(tmp_path, proc__cpuinfo=flags * 2, proc__meminfo="MemTotal: 1000 kB\nMemAvailable: 500 kB\n"))
    assert (found.processor, found.memory, found.available, found.limit) == ("x86", 1_024_000, 512_000, None)
    assert found.model == "Intel(R) Xeon(R)"
    assert found.features == {"avx2", "avx512", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8"}


def test_an_arm_machine(tmp_path: Path) -> None:
    found = this_machine(root(tmp_path, proc__cpuinfo=f"processor : 0\nFeatures : {GRAVITON}\n"))
    assert found.processor == "arm"
    assert found.features == {"neon", "dotprod", "fp16", "bf16", "i8mm", "sve"}


def test_only_what_every_core_has_counts() -> None:
    assert features("Features : asimd asimddp\n\nFeatures : asimd\n") == {"neon"}
    assert features("nothing of the kind") == frozenset()


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        # Version 2: the group itself has no limit, the one above it has
        ({"proc__self__cgroup": "0::/a/b\n", "sys__fs__cgroup__a__b__memory.max": "max\n",
          "sys__fs__cgroup__a__memory.max": "7000\n"}, 7000),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__memory.max": "9000\n"}, 9000),
        ({"proc__self__cgroup": "0::/../..\n", "sys__fs__cgroup__memory.max": "9000\n"}, 9000),
        # Version 1, with its way of writing that there is no limit
        ({"proc__self__cgroup": "4:memory:/x\n", "sys__fs__cgroup__memory__x__memory.limit_in_bytes": "9223372036854771712\n",
          "sys__fs__cgroup__memory__memory.limit_in_bytes": "5000\n"}, 5000),
        ({"proc__self__cgroup": "garbage\n\n::::\n"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_limit_of_a_control_group(tmp_path: Path, files: dict[str, str], limit: int | None) -> None:
    found = this_machine(root(tmp_path, proc__meminfo="MemTotal: 100 kB\n", **files))
    assert found.limit == limit
    assert found.most == min(limit or 102_400, 102_400)


def test_a_share_of_the_cores(tmp_path: Path) -> None:
    group = {"proc__self__cgroup": "0::/a\n", "sys__fs__cgroup__a__cpu.max": "50000 100000\n"}
    assert this_machine(root(tmp_path, **group)).cores == 1


def test_what_llama_cpp_was_built_for() -> None:
    said = "CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 1 | AVX512_BF16 = 0 | AMX_INT8 = 1 | REPACK = 1 | "
    assert built_features(said) == {"avx2", "avx512", "amx_int8"}


def system_info(*compiled: Feature) -> str:
    """The line of llama.cpp that was compiled for these features."""
    names = [name for feature, name in REPORTED.items() if feature in compiled]
    return f"CPU : {' | '.join(f'{name} = 1' for name in [*names, 'LLAMAFILE', 'OPENMP', 'REPACK'])} | "


def machine(gigabytes: float, cores: int, processor: Processor = "x86", *has: Feature, limit: float | None = None) -> Machine:
    """A machine with llama.cpp compiled for all that it has."""
    return Machine(
        memory=int(gigabytes * GB), cores=cores, processor=processor, features=frozenset(has),
        built=built_features(system_info(*has)),
        limit=None if limit is None else int(limit * GB),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("there", "prefer", "choice"),
    [
        # BF16 only with BF16 acceleration, and with memory and cores for it
        (machine(64, 32, "x86", "avx2", "avx512", "avx512_bf16"), "balance", "bf16"),
        (machine(64, 32, "x86", "avx2", "avx512"), "balance", "q8_0"),
        (machine(64, 32, "arm", "neon", "fp16", "bf16"), "balance", "bf16"),
        (machine(64, 32, "x86", "avx2", "avx512", "amx_int8", "amx_bf16"), "balance", "bf16"),
        (machine(22, 8, "x86", "avx2", "avx512_bf16"), "balance", "bf16-q8_0"),
        # F16 where FP16 is fast and BF16 is not
        (machine(64, 32, "arm", "neon", "fp16"), "balance", "f16"),
        (machine(64, 32, "x86", "avx2", "avx512", "avx512_fp16"), "balance", "f16"),
        (machine(22, 8, "arm", "neon", "fp16"), "balance", "f16-q8_0"),
        # Q8_0 for accuracy with memory to spare, Q6_K between
        (machine(32, 8, "x86", "avx2"), "balance", "q8_0"),
        (machine(15, 8, "x86", "avx2"), "balance", "q6_k"),
        (machine(32, 4, "x86", "avx2"), "balance", "q6_k"),
        # Q4_K on a CPU with few cores or little memory
        (machine(32, 2, "x86", "avx2"), "balance", "q4_k"),
        (machine(10, 8, "x86", "avx2"), "balance", "q4_k"),
        (machine(7.6, 8, "x86", "avx2"), "balance", "q4_k_s"),
        (machine(32, 32, "x86", "avx2"), "speed", "q4_k"),
        (machine(32, 2, "x86", "avx2"), "accuracy", "q8_0"),
        # Q4_0 on ARM
        (machine(8, 4, "arm", "neon", "dotprod"), "balance", "q4_0"),
        (machine(64, 32, "arm", "neon", "fp16", "bf16"), "speed", "q4_0"),
        # IQ3 where memory is very short, and then nothing
        (machine(6.5, 4, "x86", "avx2"), "balance", "iq3_m"),
        (machine(6.1, 4, "x86", "avx2"), "balance", "iq3_xs"),
        (machine(4, 4, "x86", "avx2"), "balance", None),
        # A control group counts like the machine
        (machine(256, 64, "x86", "avx2", "avx512_bf16", limit=10), "balance", "q4_k"),
    ],
)
def test_the_published_rules(there: Machine, prefer: Preference, choice: str | None) -> None:
    found = recommend(there, catalogue(), prefer)
    assert found.choice == choice
    # Every file is spoken of, and the choice fits
    assert {judged.name for judged in found.judged} == {file.name for file in catalogue().files}
    assert all(judged.fits for judged in found.judged if judged.name == choice)
    assert all(judged.reason for judged in found.judged)


@pytest.mark.parametrize(
    ("processor", "cpuinfo", "compiled", "missing"),
    [("x86", f"flags : {SAPPHIRE}", ("avx2",), "AVX512-BF16"), ("arm", f"Features : {GRAVITON}", ("neon",), "FP16")],
)
def test_what_llama_cpp_was_not_compiled_for_does_not_count(
    processor: Processor, cpuinfo: str, compiled: tuple[Feature, ...], missing: str
) -> None:
    built = built_features(system_info(*compiled))
    there = Machine(memory=64 * GB, cores=32, processor=processor, features=features(cpuinfo), built=built)
    found = recommend(there, catalogue())
    assert found.choice == "q8_0"
    assert any(missing in note and "GGML_NATIVE" in note for note in found.notes)
    reasons = {judged.name: judged.reason for judged in found.judged}
    assert reasons["bf16"].startswith("llama.cpp as it was compiled does not compute in BF16")


def test_what_llama_cpp_does_not_tell_is_said() -> None:
    told = recommend(machine(64, 32, "x86", *features(f"flags : {SAPPHIRE}")), catalogue())
    untold = recommend(machine(64, 32, "arm", *features(f"Features : {GRAVITON}")), catalogue())
    assert (told.choice, untold.choice) == ("bf16", "bf16")
    assert not told.notes
    assert untold.notes == ("llama.cpp does not tell whether it is compiled for BF16; this processor has it, so it counts",)


def test_a_longer_context_needs_more() -> None:
    there = machine(10, 8, "x86", "avx2")
    assert recommend(there, catalogue(), context=8192).choice == "q4_k"
    assert recommend(there, catalogue(), context=32768).choice == "iq3_m"
    assert recommend(there, catalogue(), context=65536).choice is None
    assert room(there) == 10 * GB - (1 << 30)
    assert need(0, catalogue().shape, 32768).cache == 4 << 30


def test_what_is_free_at_the_moment_is_told() -> None:
    busy = Machine(memory=32 * GB, cores=8, features=frozenset({"avx2"}), built=frozenset({"avx2"}), available=2 * GB)
    assert any("2.0 GB are free at the moment" in note for note in recommend(busy, catalogue()).notes)
