"""A tiny transformer of our own making, in a folder, for tests of the scorer `onnx`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

UNKNOWN = "[UNK]"


def make(
    folder: Path,
    words: Mapping[str, Sequence[float]],
    labels: Sequence[str] = ("neutral", "anger"),
    *,
    bias: Sequence[float] | None = None,
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    shape: tuple[str | int, str | int] = ("rows", "tokens"),
    file: str = "model.onnx",
    **settings: Any,
) -> Path:
    """Write a model whose logits are `bias` plus the sum of what each word of a text weighs.

    What is filled up has the weights of an unknown word, which are great, so that a model that is
    not told what is filled up answers nonsense. Skips where the packages are missing.
    """
    onnx = pytest.importorskip("onnx", reason="the package onnx makes the model")
    tokenizers = pytest.importorskip("tokenizers", reason="the extra 'onnx' is not installed")
    pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    from onnx import TensorProto, helper
    from tokenizers import models, normalizers, pre_tokenizers

    table = [(50.0,) * len(labels), (0.0,) * len(labels), *words.values()]
    vocabulary = {"[PAD]": 0, UNKNOWN: 1, **{word: at for at, word in enumerate(words, 2)}}
    whole = TensorProto.INT64
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["weights"]),
            helper.make_node("Cast", ["attention_mask"], ["seen"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["seen", "last"], ["told"]),
            helper.make_node("Mul", ["weights", "told"], ["counted"]),
            helper.make_node("ReduceSum", ["counted", "middle"], ["summed"], keepdims=0),
            helper.make_node("Add", ["summed", "bias"], ["logits"]),
        ],
        "tiny",
        [helper.make_tensor_value_info(name, whole, shape) for name in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [
            helper.make_tensor(
                "table",
                TensorProto.FLOAT,
                (len(table), len(labels)),
                [float(weight) for row in table for weight in row],
            ),
            helper.make_tensor(
                "bias", TensorProto.FLOAT, (len(labels),), list(bias or [0.0] * len(labels))
            ),
            helper.make_tensor("last", whole, (1,), [2]),
            helper.make_tensor("middle", whole, (1,), [1]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / file))
    tokenizer = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"id2label": {str(at): label for at, label in enumerate(labels)}, "pad_token_id": 0}
    (folder / "config.json").write_text(json.dumps(named | settings))
    return folder
