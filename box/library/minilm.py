"""Vectors of texts, by a small BERT model in a folder. The rule: NumPy and the model's own tokenizer, nothing else.

The folder is one of sentence-transformers: `model.safetensors`, `config.json`, `tokenizer.json`. The weights stay on
disk and are mapped. A text that is longer than the model was made for is read in pieces, whose vectors are averaged.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from box.errors import BoxError

if TYPE_CHECKING:
    from numpy import ndarray

MODEL_FILES: Final = ("model.safetensors", "config.json", "tokenizer.json")
CODE: Final = "no-embedding-model"
PIECE_TOKENS: Final = 256
_HEADER_BYTES_MAX: Final = 10_000_000
_TYPES: Final = {"F32": "<f4", "F16": "<f2"}


@dataclass(slots=True)
class Model:
    """A model that is loaded."""

    weights: Mapping[str, ndarray[Any, Any]]
    tokenizer: Any
    layers: int
    heads: int
    epsilon: float

    def vector(self, text: str) -> ndarray[Any, Any]:
        """The vector of a text, of length 1."""
        import numpy as np  # noqa: PLC0415 - only who makes vectors needs it

        encoded = self.tokenizer.encode(text, add_special_tokens=False).ids
        first, last = self.tokenizer.token_to_id("[CLS]"), self.tokenizer.token_to_id("[SEP]")
        size = PIECE_TOKENS - 2
        pieces = [encoded[start : start + size] for start in range(0, len(encoded), size)] or [[]]
        total = sum(self._read(np.array([first, *piece, last])) * max(1, len(piece)) for piece in pieces)
        return np.asarray(total / np.linalg.norm(total))

    def _read(self, ids: ndarray[Any, Any]) -> Any:
        """The mean of what the last layer says of each token."""
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = self._normal(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings")
        for number in range(self.layers):
            layer = f"encoder.layer.{number}"
            x = self._normal(x + self._attention(x, f"{layer}.attention"), f"{layer}.attention.output")
            inner = _gelu(self._dense(x, f"{layer}.intermediate.dense"))
            x = self._normal(x + self._dense(inner, f"{layer}.output.dense"), f"{layer}.output")
        mean = x.mean(axis=0)
        return mean / max(float((mean**2).sum()) ** 0.5, 1e-12)

    def _attention(self, x: ndarray[Any, Any], name: str) -> Any:
        import numpy as np  # noqa: PLC0415 - as above

        def split(which: str) -> Any:
            return self._dense(x, f"{name}.self.{which}").reshape(len(x), self.heads, -1).transpose(1, 0, 2)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 2, 1) / query.shape[-1] ** 0.5
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        return self._dense((scores @ value).transpose(1, 0, 2).reshape(len(x), -1), f"{name}.output.dense")

    def _dense(self, x: ndarray[Any, Any], name: str) -> Any:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _normal(self, x: ndarray[Any, Any], name: str) -> Any:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / ((centred**2).mean(axis=-1, keepdims=True) + self.epsilon) ** 0.5
        return scaled * self.weights[f"{name}.LayerNorm.weight"] + self.weights[f"{name}.LayerNorm.bias"]


def _gelu(x: ndarray[Any, Any]) -> Any:
    """x times the normal distribution function of x, which NumPy lacks: by Abramowitz and Stegun, 7.1.26."""
    import numpy as np  # noqa: PLC0415 - as above

    z = np.abs(x) / 2**0.5
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return x * 0.5 * (1 + np.sign(x) * (1 - poly * np.exp(-z * z)))


def check(path: str) -> None:
    """Raise BoxError where there is no model there, or not what it takes, with what to do."""
    why = ""
    if not path:
        why = "embeddings.model_path is empty: it names the folder of a model such as all-MiniLM-L6-v2"
    elif missing := [name for name in MODEL_FILES if not os.path.isfile(os.path.join(path, name))]:
        why = f"embeddings.model_path: {path} has no {', '.join(missing)}"
    elif absent := [name for name in ("numpy", "tokenizers") if find_spec(name) is None]:
        why = f"{' and '.join(absent)} not installed: `pip install 'box-worker[embeddings]'`"
    if why:
        raise _refused(f"{why}; then `box do embeddings`")


def identity(path: str) -> str:
    """Which model it is: vectors of different ones are never compared."""
    status = os.stat(os.path.join(path, MODEL_FILES[0]))
    return f"{os.path.basename(os.path.dirname(path))}/{os.path.basename(path)}:{status.st_size}"


def load(path: str) -> Model:
    """The model in that folder. Raises BoxError for what is none."""
    check(path)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one core is for the rest of the machine
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 - as above

        with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        tokenizer = Tokenizer.from_file(os.path.join(path, "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        weights = _weights(os.path.join(path, "model.safetensors"))
        return Model(
            weights, tokenizer, int(config["num_hidden_layers"]), int(config["num_attention_heads"]),
            float(config["layer_norm_eps"]),
        )  # fmt: skip
    except Exception as error:
        raise _refused(f"embeddings.model_path: the model in {path} cannot be loaded: {str(error)[:300]}") from error


def _weights(path: str) -> Mapping[str, ndarray[Any, Any]]:
    """The tensors of a file of safetensors, mapped."""
    import numpy as np  # noqa: PLC0415 - as above

    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _HEADER_BYTES_MAX:
            raise ValueError("its header is too long")
        header = json.loads(file.read(length))
    data = np.memmap(path, np.uint8, "r", 8 + length)
    found = {}
    for name, about in header.items():
        if name != "__metadata__" and about["dtype"] in _TYPES:
            start, end = about["data_offsets"]
            found[name] = data[start:end].view(_TYPES[about["dtype"]]).reshape(about["shape"])
    return found


def _refused(message: str) -> BoxError:
    error = BoxError(message)
    error.code = CODE
    return error
