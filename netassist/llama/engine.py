"""llama.cpp through the low-level bindings of llama-cpp-python: load a GGUF file, tokenise, compute logits.

Only `netassist.llama.worker` imports this: what llama.cpp does to its process (abort, crash) must not happen to ours.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from netassist.llama.decode import Cancelled
from netassist.llama.messages import LONGEST_TEMPLATE, Chat, Load
from netassist.llama.prefix import fingerprint
from netassist.llama.top import TopTokens
from netassist.llama.vocabulary import Vocabulary

LONGEST_CONTEXT = 8192
"""Tokens, where the model was trained for more: what is kept of them costs memory."""
BATCH = 512
SMALL = 100_000_000
"""Bytes of a file below which computing a batch takes milliseconds: no need to interrupt it, nor for other layouts."""
TINY = 20_000_000
"""Bytes of a file below which one thread is the fastest: two wait for each other longer than they compute."""
CALL_MARKERS = frozenset({b"<tool_call>", b"</tool_call>", b"[TOOL_CALLS]", b"[ARGS]"})
"""Special tokens that a call is written with: a model may write them where the grammar says so, unlike all others."""
_LOG_ERROR = 4
_STATE_SETTINGS = ("rope_scaling_type", "rope_freq_base", "rope_freq_scale", "yarn_ext_factor", "yarn_attn_factor",
                   "yarn_beta_fast", "yarn_beta_slow", "yarn_orig_ctx", "flash_attn_type", "type_k", "type_v", "swa_full",
                   "kv_unified")  # fmt: skip
"""Parameters of a context that the state of a sequence depends on."""


class NotAModel(Exception):
    """A file that cannot be loaded; the message is one line for the user."""


class LlamaEngine:
    """One model with one sequence (see `netassist.llama.decode.Engine`)."""

    def __init__(self, load: Load, cancelled: Callable[[], bool]) -> None:
        self._path = path = Path(load.path)
        check_file(path)
        self._cancelled = cancelled
        self._depends = b""
        size = path.stat().st_size
        self._small = size < SMALL
        self._lib = lib = _bindings()
        problems: list[str] = []

        def log(level: int, text: bytes, _: object) -> None:
            if level == _LOG_ERROR and len(problems) < 100:
                problems.append(text.decode("utf-8", "replace"))

        # Kept as an attribute: llama.cpp calls it as long as it lives.
        self._log = lib.llama_log_callback(log)
        lib.llama_log_set(self._log, None)
        lib.llama_backend_init()
        params = lib.llama_model_default_params()
        # Where a sandbox hides that it lacks AMX, weights laid out for it are a segmentation fault.
        self._extra = not (self._small or load.careful)
        params.use_extra_bufts = self._extra
        self._model = lib.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            raise NotAModel(f"{path}: cannot be loaded ({_first_line(problems)}); fetch the file again or name another")
        if not lib.llama_model_has_decoder(self._model) or lib.llama_model_has_encoder(self._model):
            raise NotAModel(f"{path}: this model does not write text; name another")
        self._vocabulary = lib.llama_model_get_vocab(self._model)
        self.parameters = int(lib.llama_model_n_params(self._model))
        self.threads = 1 if size < TINY else load.threads or len(os.sched_getaffinity(0))
        self._context = self._new_context(load.context)
        if not self._context:
            raise NotAModel(f"{path}: no room for a context ({_first_line(problems)}); free memory or choose a smaller one")
        self.room = int(lib.llama_n_ctx(self._context))
        self._memory = lib.llama_get_memory(self._context)
        self._size = int(lib.llama_vocab_n_tokens(self._vocabulary))
        self._tokens: list[int] = []
        self._top = TopTokens(lib, self._size)
        pieces = self._read_pieces()
        is_end = lib.llama_vocab_is_eog
        ends = frozenset(token for token, piece in enumerate(pieces) if not piece and is_end(self._vocabulary, token))
        self.vocabulary = Vocabulary(pieces, ends)
        self._spaced = self._space_before()

    def _new_context(self, context: int | None) -> object:
        lib = self._lib
        trained = int(lib.llama_model_n_ctx_train(self._model))
        params = lib.llama_context_default_params()
        params.n_ctx = min(context or LONGEST_CONTEXT, trained)
        params.n_batch = params.n_ubatch = min(BATCH, params.n_ctx)
        params.n_threads = params.n_threads_batch = self.threads
        params.no_perf = True
        if not self._small:
            self._abort = lib.ggml_abort_callback(lambda _: self._cancelled())
            params.abort_callback = self._abort
        self._params = params
        return lib.llama_init_from_model(self._model, params)

    @property
    def description(self) -> str:
        buffer = ctypes.create_string_buffer(128)
        self._lib.llama_model_desc(self._model, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    def metadata(self, key: str) -> str | None:
        buffer = ctypes.create_string_buffer(256)
        length = self._lib.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if length >= 0 else None

    def chat(self) -> Chat | None:
        """The chat template that the file carries."""
        of_model, vocabulary = self._lib.llama_model_chat_template, self._vocabulary
        template = of_model(self._model, b"tool_use") or of_model(self._model, None)
        if not template:
            return None

        def text(token: int) -> str:
            return str(self._lib.llama_vocab_get_text(vocabulary, token).decode("utf-8", "replace")) if token >= 0 else ""

        begin, end = self._lib.llama_vocab_bos(vocabulary), self._lib.llama_vocab_eos(vocabulary)
        return Chat(template.decode("utf-8", "replace")[: LONGEST_TEMPLATE + 1], text(begin), text(end))

    def _read_pieces(self) -> Sequence[bytes]:
        """Special tokens have none: nothing that is read as text may bring one forth. Those that mark calls are the exception."""
        buffer = ctypes.create_string_buffer(512)
        to_piece, vocabulary = self._lib.llama_token_to_piece, self._vocabulary
        lengths = (to_piece(vocabulary, token, buffer, len(buffer), 0, False) for token in range(self._size))
        pieces = [buffer.raw[:length] if length > 0 else b"" for length in lengths]
        for token in (token for token, piece in enumerate(pieces) if not piece):
            length = to_piece(vocabulary, token, buffer, len(buffer), 0, True)
            if length > 0 and buffer.raw[:length] in CALL_MARKERS:
                pieces[token] = buffer.raw[:length]
        return pieces

    def tokenize(self, text: str, ours: bool, first: bool = False) -> list[int]:
        """Token numbers of a text. It is a part of a longer one, so no space is put before it unless it comes `first`."""
        if first or not self._spaced:
            return self._tokenized(text, ours)
        tokens = self._tokenized(f"\n{text}", ours)
        parted = tokens[: len(self._spaced)] == self._spaced
        return tokens[len(self._spaced) :] if parted else self._tokenized(text, ours)

    def _space_before(self) -> list[int]:
        """The tokens of a line's end with the space that SentencePiece puts before a text; none where there is no such space."""
        tokens = self._tokenized("\n", ours=False)
        return tokens if b"".join(self.vocabulary.pieces[token] for token in tokens) == b" \n" else []

    def _tokenized(self, text: str, ours: bool) -> list[int]:
        raw = text.encode()
        tokens = (self._lib.llama_token * (len(raw) + 1))()
        count = self._lib.llama_tokenize(self._vocabulary, raw, len(raw), tokens, len(tokens), False, ours)
        if count < 0:
            raise RuntimeError(f"llama.cpp could not tokenise {len(raw)} bytes")
        return list(tokens[:count])

    def begin(self, tokens: Sequence[int]) -> int:
        kept = 0
        for kept, (old, new) in enumerate(zip([*self._tokens, -1], tokens, strict=False)):  # noqa: B007 - where they part
            if old != new:
                break
        return self._cut(min(kept, len(tokens) - 1))

    def extend(self, tokens: Sequence[int]) -> None:
        for start in range(0, len(tokens), BATCH):
            if self._cancelled():
                raise Cancelled
            part = tokens[start : start + BATCH]
            numbers = (self._lib.llama_token * len(part))(*part)
            code = self._lib.llama_decode(self._context, self._lib.llama_batch_get_one(numbers, len(part)))
            if code != 0:
                # What was computed before stays.
                self._cut(len(self._tokens))
                if self._cancelled():
                    raise Cancelled
                raise RuntimeError(f"llama.cpp failed to compute {len(part)} tokens (code {code})")
            self._tokens += part

    def logits(self) -> Sequence[float]:
        pointer = self._lib.llama_get_logits_ith(self._context, -1)
        row = (ctypes.c_float * self._size).from_address(ctypes.addressof(pointer.contents))
        return memoryview(row).cast("B").cast("f")

    def best(self, most: int) -> Sequence[int]:
        return self._top.best(self.logits(), most)

    @property
    def tokens(self) -> Sequence[int]:
        """What the sequence holds."""
        return self._tokens

    @property
    def state_depends_on(self) -> bytes:
        """All but the tokens that makes a state what it is: the file, llama.cpp, what it uses of the machine, how it computes."""
        if not self._depends:
            from importlib.metadata import version

            parts = (
                fingerprint(self._path).hex(),
                version("llama-cpp-python"),
                self._lib.llama_print_system_info().decode("utf-8", "replace"),
                *(f"{name}={getattr(self._params, name)}" for name in _STATE_SETTINGS),
                f"extra={self._extra}",
            )
            self._depends = "\n".join(parts).encode()
        return self._depends

    @property
    def state_size(self) -> int:
        """Bytes that `write_state` takes."""
        return int(self._lib.llama_state_seq_get_size(self._context, 0))

    def write_state(self, into: memoryview) -> int:
        """Copy what was computed for the sequence into memory; the number of bytes."""
        place = (ctypes.c_uint8 * len(into)).from_buffer(into)
        return int(self._lib.llama_state_seq_get_data(self._context, place, len(into), 0))

    def read_state(self, tokens: Sequence[int], data: memoryview) -> bool:
        """Be as after computing `tokens`, whose state is in writable memory; false, and empty, where llama.cpp refuses it."""
        self._forget()
        place = (ctypes.c_uint8 * len(data)).from_buffer(data)
        read = int(self._lib.llama_state_seq_set_data(self._context, place, len(data), 0))
        if read != len(data) or self._lib.llama_memory_seq_pos_max(self._memory, 0) != len(tokens) - 1:
            self._forget()
            return False
        self._tokens += tokens
        return True

    def _cut(self, kept: int) -> int:
        """Keep that many tokens of the sequence, or none where llama.cpp cannot; how many."""
        if not self._lib.llama_memory_seq_rm(self._memory, 0, kept, -1):
            self._forget()
            return 0
        del self._tokens[kept:]
        return kept

    def _forget(self) -> None:
        self._lib.llama_memory_clear(self._memory, True)
        self._tokens.clear()


def check_file(path: Path) -> None:
    """Raises NotAModel unless the file begins like a GGUF that llama.cpp reads, so that it sees no other."""
    try:
        if not path.is_file():
            raise NotAModel(f"{path}: there is no such file; name a GGUF file")
        with path.open("rb") as file:
            head = file.read(24)
    except OSError as error:
        raise NotAModel(f"{path}: cannot be read ({error.strerror}); name a GGUF file that you may read") from None
    if head[:4] != b"GGUF":
        raise NotAModel(f"{path}: not a GGUF file; name a model in GGUF form")
    version = int.from_bytes(head[4:8], "little")
    if version not in (2, 3):
        raise NotAModel(f"{path}: GGUF version {version} is not known (2 and 3 are); name a newer file")
    if len(head) < 24 or not 0 < int.from_bytes(head[8:16], "little") < 1 << 20:
        raise NotAModel(f"{path}: the file is cut short or holds no weights; fetch it again")


def _first_line(problems: Sequence[str]) -> str:
    """What went wrong first, which is the cause of what llama.cpp says after it."""
    lines = [line.strip() for line in "".join(problems).splitlines() if line.strip()]
    return lines[0].split(": ", 1)[-1][:200] if lines else "llama.cpp does not say why"


def _bindings() -> ModuleType:
    """llama_cpp.llama_cpp without the package's own __init__, which imports numpy, jinja2 and chat formats (0.15 s)."""
    if "llama_cpp" in sys.modules:
        return importlib.import_module("llama_cpp.llama_cpp")
    found = importlib.util.find_spec("llama_cpp")
    if found is None or found.submodule_search_locations is None:
        raise NotAModel("llama-cpp-python is not installed; `pip install netassist` brings it")
    package = ModuleType("llama_cpp")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["llama_cpp"] = package
    try:
        return importlib.import_module("llama_cpp.llama_cpp")
    finally:
        del sys.modules["llama_cpp"]
