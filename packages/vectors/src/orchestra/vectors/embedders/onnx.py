"""The embedder on this machine: a sentence-transformers model as ONNX, from a folder.

The folder is one as sentence-transformers exports it: `tokenizer.json`, and `model.onnx` (or
another of `MODELS`) in it or in its `onnx` folder. Read if they are there: the longest sequence
(`sentence_bert_config.json`), how tokens become one vector (`1_Pooling/config.json`: their mean or
the first), and what is put before queries and documents (`config_sentence_transformers.json`).
"""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from orchestra.shared.errors import Invalid, TooLarge, Unavailable
from orchestra.vectors.embedders.name import named
from orchestra.vectors.extras import extra
from orchestra.vectors.index import Kind

MODELS = (
    "model.onnx",
    "model_quantized.onnx",
    "model_int8.onnx",
    "model_qint8_avx512_vnni.onnx",
    "model_quint8_avx2.onnx",
    "model_qint8_arm64.onnx",
)
MOST_TEXTS = 10_000
_LONGEST = 256  # tokens, unless the folder says less
_LONGEST_TEXT = 20_000  # characters that are looked at; far more than the tokens

_Rows = npt.NDArray[np.float32]


class OnnxEmbedder:
    """Runs in a thread of its own, one batch after another, on `threads` cores."""

    def __init__(
        self, path: Path, *, longest: int | None = None, batch: int = 16, threads: int = 1
    ) -> None:
        self._path = path
        self._batch = batch
        model = _model_in(path)
        tokenizer = path / "tokenizer.json"
        if not tokenizer.is_file():
            raise _lacks(path, "`tokenizer.json`")
        says = _json(path / "sentence_bert_config.json").get("max_seq_length")
        self._longest = min(longest or _LONGEST, says if isinstance(says, int) else _LONGEST)
        pooling = _json(path / "1_Pooling" / "config.json")
        self._first_token = bool(pooling.get("pooling_mode_cls_token"))
        prompts = _json(path / "config_sentence_transformers.json").get("prompts")
        self._prompts: dict[str, str] = prompts if isinstance(prompts, dict) else {}
        self._session = _session(model, threads)
        self._tokenizer = _tokenizer(tokenizer, self._longest)
        self._inputs = {one.name for one in self._session.get_inputs()}
        self._one_at_a_time = asyncio.Lock()
        self.dimension = int(self._run(["dimension"]).shape[1])
        digest = hashlib.sha256(model.read_bytes()).hexdigest()[:12]
        self.name = named("onnx", digest, str(self._longest), path.resolve().name)

    async def embed(self, texts: Sequence[str], kind: Kind = "document") -> _Rows:
        """One row of length 1 for each text; zeros for one that is blank.

        Raises:
            TooLarge: more than 10,000 texts.
        """
        if len(texts) > MOST_TEXTS:
            raise TooLarge(f"`{len(texts)}` texts at once", hint=f"send at most {MOST_TEXTS}")
        before = self._prompts.get(kind, "")
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        # Texts of like length together: padding costs as much as text.
        said = sorted((n for n, t in enumerate(texts) if t.strip()), key=lambda n: len(texts[n]))
        for start in range(0, len(said), self._batch):
            some = said[start : start + self._batch]
            batch = [before + texts[n][:_LONGEST_TEXT] for n in some]
            async with self._one_at_a_time:
                rows[some] = await asyncio.to_thread(self._run, batch)
        return rows

    def _run(self, texts: list[str]) -> _Rows:
        encoded = self._tokenizer.encode_batch(texts)
        mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
        given = {
            "input_ids": np.array([one.ids for one in encoded], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([one.type_ids for one in encoded], dtype=np.int64),
        }
        outputs = self._session.run(None, {n: v for n, v in given.items() if n in self._inputs})
        tokens = np.asarray(outputs[0], dtype=np.float64)
        if tokens.ndim == 3:
            weights = mask[:, :, None]
            mean = (tokens * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
            tokens = tokens[:, 0] if self._first_token else mean
        lengths = np.linalg.norm(tokens, axis=1, keepdims=True)
        rows: _Rows = (tokens / np.maximum(lengths, 1e-30)).astype(np.float32)
        return rows


def _model_in(path: Path) -> Path:
    if not path.is_dir():
        raise Invalid(
            f"`{path}` is not the folder of a model", hint="set ORCHESTRA_EMBEDDER_MODEL to one"
        )
    for folder in (path, path / "onnx"):
        for name in MODELS:
            if (folder / name).is_file():
                return folder / name
    raise _lacks(path, "`model.onnx`, and so does its `onnx` folder")


def _session(model: Path, threads: int) -> Any:  # noqa: ANN401 - onnxruntime has no types
    with extra("onnx"):
        import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - its errors have no common class
        said = " ".join(str(error).split())[:200]
        raise Invalid(f"`{model}` is not a model: `{said}`", hint="export it again") from None


def _tokenizer(path: Path, longest: int) -> Any:  # noqa: ANN401 - tokenizers has no types
    with extra("onnx"):
        from tokenizers import Tokenizer
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001 - it raises Exception itself
        said = " ".join(str(error).split())[:200]
        raise Invalid(f"`{path}` is not a tokenizer: `{said}`", hint="export it again") from None
    tokenizer.enable_truncation(longest)
    padding = tokenizer.padding or {}
    pad = padding.get("pad_token", "[PAD]")
    tokenizer.enable_padding(pad_id=tokenizer.token_to_id(pad) or 0, pad_token=pad)
    return tokenizer


def _json(path: Path) -> dict[str, object]:
    """A file of settings, which need not be there."""
    try:
        value = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise Invalid(f"`{path}` is not JSON", hint="export the model again") from None
    return value if isinstance(value, dict) else {}


def _lacks(path: Path, what: str) -> Unavailable:
    return Unavailable(f"`{path}` lacks {what}", hint="export the model with sentence-transformers")
