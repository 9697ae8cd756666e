"""What a transformer costs: posts a second of the scorer `onnx`: `scripts/bench onnx`.

The transformers have the size of well-known ones and weights of chance: what they say is nonsense,
and takes as long as sense.
"""

import gzip
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from emberwatch.ports import Text
from emberwatch.scorers.auto import Auto
from emberwatch.scorers.onnx import Onnx, OnnxOptions

ROOT = Path(__file__).parents[2]
SIZES = {"6 layers of 384 (MiniLM)": (6, 384), "12 layers of 768 (BERT base)": (12, 768)}
VOCABULARY = 30_000
TEXTS = 640
BATCH = 64


def main() -> int:
    """Print the table; return the exit code."""
    shared = Path(os.environ.get("EMBERWATCH_SHARED", ROOT.parent / "shared"))
    path = shared / "data" / "timeline" / "timeline_airline_public.jsonl.gz"
    if not path.exists():
        print(f"no posts at {path}; set EMBERWATCH_SHARED", file=sys.stderr)
        return 1
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        posts = [json.loads(line)["text"] for line, _ in zip(lines, range(TEXTS), strict=False)]
    texts = [Text(text=post, language="en") for post in posts]
    print(f"{len(texts)} airline tweets, one thread, posts a second of the processor")
    print(f"{'auto alone':<32}{_speed(Auto(), texts):>8,.0f}")
    for name, (layers, width) in SIZES.items():
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            _make(folder, layers, width, posts)
            for least in (0.0, 0.3):
                scorer = Onnx(OnnxOptions(folder=folder, least=least))
                label = f"{name}, least {least:g}"
                print(f"{label:<42}{_speed(scorer, texts):>8,.0f}")
    return 0


def _speed(scorer: Auto | Onnx, texts: list[Text]) -> float:
    scorer.score(texts[:BATCH])
    began = time.process_time()
    for start in range(0, len(texts), BATCH):
        scorer.score(texts[start : start + BATCH])
    return len(texts) / (time.process_time() - began)


def _make(folder: Path, layers: int, width: int, posts: list[str]) -> None:
    """Write an encoder with attention, of weights by chance, and a tokenizer of words."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, pre_tokenizers

    chance = np.random.default_rng(1)
    weights, nodes = [], []

    def weight(name: str, *shape: int) -> str:
        values = (chance.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)
        weights.append(numpy_helper.from_array(values, name))
        return name

    def node(kind: str, inputs: list[str], output: str, **facts: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **facts))
        return output

    x = node("Gather", [weight("words", VOCABULARY, width), "input_ids"], "x0")
    node("Unsqueeze", ["attention_mask", "last"], "seen")
    node("Cast", ["seen"], "mask", to=TensorProto.FLOAT)
    for at in range(layers):

        def times(a: str, name: str, rows: int, columns: int, at: int = at) -> str:
            return node("MatMul", [a, weight(f"{name}{at}", rows, columns)], f"{name}_{at}")

        query, key, value = (times(x, name, width, width) for name in ("q", "k", "v"))
        turned = node("Transpose", [key], f"t_{at}", perm=[0, 2, 1])
        looks = node("Softmax", [node("MatMul", [query, turned], f"a_{at}")], f"s_{at}", axis=-1)
        told = times(node("MatMul", [looks, value], f"b_{at}"), "o", width, width)
        x = node("Tanh", [node("Add", [x, told], f"c_{at}")], f"d_{at}")
        wide = node("Relu", [times(x, "f", width, 4 * width)], f"r_{at}")
        x = node(
            "Tanh", [node("Add", [x, times(wide, "g", 4 * width, width)], f"e_{at}")], f"h_{at}"
        )
    node("ReduceMean", [node("Mul", [x, "mask"], "masked")], "mean", axes=[1], keepdims=0)
    node("MatMul", ["mean", weight("labels", width, 2)], "logits")
    weights.append(numpy_helper.from_array(np.array([2], dtype=np.int64), "last"))
    shape = ("rows", "tokens")
    graph = helper.make_graph(
        nodes,
        "encoder",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, shape)
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ("rows", 2))],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / "model.onnx"))
    words = dict.fromkeys(word for post in posts for word in post.split())
    vocabulary = {word: at for at, word in enumerate(["[UNK]", *words][:VOCABULARY])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    # posts have about half as many pieces again as words; signs by themselves come to that
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "calm", "1": "anger"}}))


if __name__ == "__main__":
    sys.exit(main())
