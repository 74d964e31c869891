"""Write a trained model as a GGUF file that llama.cpp loads.

    python -m netassist.nano.export RUN_FOLDER OUTPUT.gguf [--type Q8_0]

The average of the run's last checkpoints is written (in the middle of a run, that of its latest steps). Norms stay in 32
bits, and the output matrix is the embedding (tied), so it is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy
import torch
from numpy.typing import NDArray

from netassist.nano.model import Shape
from netassist.nano.notation import END, VERSION
from netassist.nano.vocabulary import ROLES, padded_size
from netassist.toolbox import built_in

LAYER_NAMES = {
    "attention_norm": "attn_norm", "q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output",
    "feed_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
}  # fmt: skip


def tensors(weights: dict[str, torch.Tensor]) -> Iterator[tuple[str, NDArray[numpy.float32]]]:
    """The weights under llama.cpp's names, each (rows, columns) as it multiplies a column."""
    for name, value in weights.items():
        parts = name.split(".")
        if parts[0] == "layers":
            new = f"blk.{parts[1]}.{LAYER_NAMES[parts[2]]}.weight"
        else:
            new = {"embedding": "token_embd.weight", "norm": "output_norm.weight"}[parts[0]]
        yield new, value.float().numpy()


def export(run: Path, output: Path, kind: str = "Q8_0", started_from: Path | None = None, share: float = 1.0) -> None:
    """Write the checkpoint in `run` to `output`, its matrices quantised as `kind` (F32, F16 or Q8_0).

    `share` of each weight is the run's, the rest that of the file that it `started_from` (see `netassist.nano.resume.blended`).
    """
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    shape = Shape(*state["shape"])
    weights: dict[str, torch.Tensor] = state["late"] if state["checkpoints"] else state["average"]
    if started_from is not None:
        from netassist.nano.resume import blended

        weights = blended(weights, started_from, shape, share)
    quantised = gguf.GGMLQuantizationType[kind]
    writer = gguf.GGUFWriter(output, "llama")
    writer.add_name("netassist nano")
    writer.add_license("GPL-3.0-or-later")
    writer.add_uint32("netassist.notation", VERSION)
    writer.add_array("netassist.tools", list(built_in()))
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type({"F32": 0, "F16": 1, "Q8_0": 7}[kind])
    _vocabulary(writer, run / "tokenizer.json", shape.vocabulary)
    for name, values in tensors(weights):
        if values.ndim == 1:
            writer.add_tensor(name, values)
        else:
            writer.add_tensor(name, gguf.quants.quantize(values, quantised), raw_dtype=quantised)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary(writer: gguf.GGUFWriter, path: Path, rows: int) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    model = json.loads(path.read_text(encoding="utf-8"))["model"]
    added = tokenizer.get_added_tokens_decoder()
    tokens, types = [], []
    for number in range(rows):
        token = tokenizer.id_to_token(number) if number < padded_size(tokenizer) else None
        tokens.append(token if token is not None else f"<unused {number}>")
        kind = gguf.TokenType.UNUSED if token is None else gguf.TokenType.NORMAL
        if number in added:
            kind = gguf.TokenType.CONTROL if token in ROLES else gguf.TokenType.USER_DEFINED
        types.append(kind)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]])
    writer.add_eos_token_id(tokens.index(END))
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--type", default="Q8_0", choices=("F32", "F16", "Q8_0"))
    parser.add_argument("--started-from", type=Path, help="the model that the run went on from, to blend its weights in")
    parser.add_argument("--share", type=float, default=0.7, help="of each weight that is the run's, where they are blended")
    options = parser.parse_args()
    export(options.run, options.output, options.type, options.started_from, options.share)
    sys.stderr.write(f"{options.output}: {options.output.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
