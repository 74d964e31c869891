"""The catalogue, what a name stands for, the head of a GGUF file, and the memory that llama.cpp really takes."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.gguf_shape import Shape as Made
from benchmarks.gguf_shape import written
from netassist.backends.testllm import BUILT_IN
from netassist.llama import engine, memory
from netassist.llama.catalogue import Source, UnknownModel, catalogue, source
from netassist.llama.gguf_header import BadHeader, Header, Shape, read, shape_at_the_beginning
from netassist.llama.memory import need
from tests.lab.gguf import nemotron_shaped

NEMOTRON = "Mungert/Llama-3.1-Nemotron-Nano-8B-v1-GGUF"


def head(path: Path) -> Header:
    with path.open("rb") as file:
        return read(file)


def test_the_catalogue_has_every_published_file() -> None:
    names = {file.name for file in catalogue().files}
    assert names == {
        "bf16", "f16", "bf16-q8_0", "f16-q8_0", "q8_0", "q6_k", "q4_k", "q4_k_s", "q4_0", "iq3_xs", "iq3_m",
    }  # fmt: skip
    assert len(catalogue().licences) == 2


def test_computed_sizes_agree_with_published_ones() -> None:
    book = catalogue()
    sizes = {file.name: book.estimate(file) for file in book.files}
    # 8.54 GB is what the hub shows of another publisher's Q8_0; the shape is the same
    assert round(sizes["q8_0"] / 1e9, 2) == 8.54
    # bartowski's Q4_K_M has 4,920,736,864 bytes: the layers of q4_k, but Q4_K embeddings and a Q6_K output
    matrix = book.shape.vocabulary * book.shape.width
    theirs = sizes["q4_k"] - matrix * (8.5 - 4.5) / 8 - matrix * (8.5 - 6.5625) / 8
    assert abs(theirs / 4_920_736_864 - 1) < 0.001
    assert sizes["bf16"] == sizes["f16"] == max(sizes.values())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("q4_k", Source(NEMOTRON, "Llama-3.1-Nemotron-Nano-8B-v1-q4_k.gguf")),
        ("Q8_0", Source(NEMOTRON, "Llama-3.1-Nemotron-Nano-8B-v1-q8_0.gguf")),
        ("owner/name", Source("owner/name", None)),
        ("owner/name:a.gguf", Source("owner/name", "a.gguf")),
        ("owner/name:sub/a.gguf", Source("owner/name", "sub/a.gguf")),
        ("owner/name:Q4_K_M", Source("owner/name", "Q4_K_M")),
        ("https://huggingface.co/owner/name", Source("owner/name", None)),
        ("https://huggingface.co/owner/name/tree/main", Source("owner/name", None)),
        ("https://huggingface.co/owner/name/blob/main/a.gguf", Source("owner/name", "a.gguf")),
        ("https://hf.co/owner/name/resolve/main/a.gguf?download=true", Source("owner/name", "a.gguf")),
        ("owner/name:a-00001-of-00001.gguf", Source("owner/name", "a-00001-of-00001.gguf")),
        ("https://example.org/m/a.gguf", Source(None, "a.gguf", "https://example.org/m/a.gguf")),
    ],
)
def test_what_a_name_stands_for(name: str, found: Source) -> None:
    assert source(name) == found


@pytest.mark.parametrize(
    "name",
    [
        "", "q5", "owner/../x", "owner/name:../a.gguf", "owner/name:a/../../b.gguf", "owner/name:.gguf", "https://example.org/",
        "https://example.org/a.bin", "https://u:p@example.org/a.gguf", "https://[::1/a.gguf", "https://h:x/a.gguf", "/etc/passwd",
        "a/b/c", "owner/name:-a.gguf", "https://huggingface.co/owner/name/blob/main/../../x.gguf",
    ],
)  # fmt: skip
def test_a_name_that_stands_for_nothing_says_what_does(name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        source(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["owner/name:a-00001-of-00003.gguf", "https://example.org/A-00002-of-00003.GGUF"])
def test_one_file_of_a_split_model_is_refused(name: str) -> None:
    with pytest.raises(UnknownModel, match="one of 3 files of one model"):
        source(name)


@pytest.mark.parametrize("revision", ["v2.0", "0123456789abcdef0123456789abcdef01234567"])
@pytest.mark.parametrize("page", ["blob", "resolve"])
def test_a_revision_is_not_silently_replaced_by_main(page: str, revision: str) -> None:
    with pytest.raises(UnknownModel, match=f"{revision} is a revision.* name it as owner/name:a.gguf"):
        source(f"https://huggingface.co/owner/name/{page}/{revision}/a.gguf")


@given(st.text(max_size=60) | st.from_regex(r"(https?://)?[a-z.]{1,9}/[a-z./%]{1,20}(:[a-z./]{1,20}\.gguf)?", fullmatch=True))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    try:
        found = source(name)
    except UnknownModel:
        return
    for part in (found.repository or "", found.file or ""):
        assert ".." not in part
        assert not part.startswith("/")


def test_the_head_of_a_real_file(tmp_path: Path) -> None:
    path = nemotron_shaped(tmp_path / "model.gguf", context=4096)
    found = head(path)
    assert found.shape is not None
    assert (found.architecture, found.shape.layers, found.shape.width, found.shape.trained) == ("llama", 2, 32, 4096)
    assert found.length == path.stat().st_size
    # and of the first part of it alone
    assert shape_at_the_beginning(path.read_bytes()[:900]) == found.shape._replace(vocabulary=found.shape.vocabulary)


def test_a_head_that_is_cut_short_or_grown(tmp_path: Path) -> None:
    whole = nemotron_shaped(tmp_path / "model.gguf").read_bytes()
    for length in range(0, 400, 7):
        with pytest.raises(BadHeader):
            read(io.BytesIO(whole[:length]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04", "not a GGUF file"),
        (b"GGUF" + struct.pack("<IQQ", 9, 1, 1), "version 9"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1), "tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1 << 60), "keys"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1 << 60), "bytes of a text"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + struct.pack("<IIQ", 9, 9, 1), "unknown type 9"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + struct.pack("<IIQ", 9, 10, 1 << 60), "items of an array"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 0, 1) + b"w" + struct.pack("<I", 5), "5 dimensions"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 0, 1) + b"w" + struct.pack("<IQIQ", 1, 32, 77, 0), "type 77"),
    ],
)
def test_a_head_that_lies(content: bytes, said: str) -> None:
    with pytest.raises(BadHeader, match=said):
        read(io.BytesIO(content))


@given(st.binary(max_size=300), st.integers(0, 3000), st.integers(0, 255))
def test_no_bytes_break_the_reader(tail: bytes, place: int, byte: int) -> None:
    changed = bytearray(SMALL)
    changed[place % len(changed)] = byte
    for content in (b"GGUF\x03\0\0\0" + tail, bytes(changed)):
        with contextlib.suppress(BadHeader):
            read(io.BytesIO(content))
        shape_at_the_beginning(content)


def _small() -> bytes:
    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    keys = [text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")]
    for name, value in ((b"block_count", 2), (b"embedding_length", 64), (b"attention.head_count", 4), (b"context_length", 512)):
        keys.append(text(b"llama." + name) + struct.pack("<II", 4, value))
    tensor = text(b"w") + struct.pack("<IQQIQ", 2, 256, 4, 12, 0)
    return b"GGUF" + struct.pack("<IQQ", 3, 1, len(keys)) + b"".join(keys) + tensor + bytes(900)


SMALL = _small()


def test_the_length_follows_from_the_weights() -> None:
    found = read(io.BytesIO(SMALL))
    # 1,024 weights in Q4_K are four blocks of 144 bytes, aligned to 32
    assert found.weights == 576
    assert found.length == -(-(len(SMALL) - 900) // 32) * 32 + 576


def test_the_engine_and_the_formula_speak_of_the_same_context() -> None:
    assert (memory.BATCH, memory.USUAL_CONTEXT) == (engine.BATCH, engine.LONGEST_CONTEXT)


def test_memory_of_the_8b_shape_at_8192_tokens() -> None:
    book = catalogue()
    found = need(5_000_000_000, book.shape, 8192)
    # 32 layers × 8 heads × 256 × 2 bytes is 128 KiB a token: 1 GiB
    assert found.cache == 1 << 30
    assert found.weights == 5_000_000_000
    assert need(0, book.shape._replace(trained=1024), 8192).cache == 1 << 27


LOAD = """
import os, sys
from netassist.llama.engine import _bindings
lib = _bindings()
said = []
log = lib.llama_log_callback(lambda level, text, _: said.append(text.decode("utf-8", "replace")))
lib.llama_log_set(log, None)
lib.llama_backend_init()
params = lib.llama_model_default_params()
params.use_extra_bufts = False
model = lib.llama_model_load_from_file(os.fsencode(sys.argv[1]), params)
params = lib.llama_context_default_params()
params.n_ctx, params.n_batch, params.n_ubatch = int(sys.argv[2]), 512, 512
assert lib.llama_init_from_model(model, params)
print("".join(said))
"""


def taken(path: Path, context: int) -> tuple[int, int]:
    """Bytes of keys and values, and of the rest, that llama.cpp says it took."""
    done = subprocess.run([sys.executable, "-c", LOAD, str(path), str(context)], capture_output=True, text=True, check=True)
    said = re.findall(r"(KV|compute|output) buffer size =\s+([\d.]+) MiB", done.stdout)
    sizes = {name: int(float(size) * 2**20) for name, size in said}
    return sizes["KV"], sizes["compute"] + sizes["output"]


@pytest.mark.parametrize("context", [512, 8192])
@pytest.mark.parametrize(
    "made",
    [
        Made(layers=2, width=512, feed=1024, heads=8, kv_heads=2, vocabulary=4096),
        Made(layers=4, width=256, feed=4096, heads=4, kv_heads=4, vocabulary=4096),
        Made(layers=2, width=256, feed=512, heads=8, kv_heads=1, vocabulary=32_000),
        None,
    ],
)
def test_the_formula_is_what_llama_cpp_takes(made: Made | None, context: int, tmp_path: Path) -> None:
    # Given a model of one shape, or the built-in one
    path = BUILT_IN if made is None else written(tmp_path / "model.gguf", made)
    shape = head(path).shape
    assert isinstance(shape, Shape)
    # When llama.cpp loads it
    cache, rest = taken(path, context)
    # Then the keys and values are what was computed, and the buffers within a tenth and 4 MB
    found = need(path.stat().st_size, shape._replace(trained=context), context)
    assert abs(found.cache - cache) < 20_000
    assert abs(found.compute - rest) < rest * 0.1 + 4_000_000
