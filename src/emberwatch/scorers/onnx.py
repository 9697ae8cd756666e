"""Judges the posts that matter again, by a transformer of yours (the door of onnxruntime)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from emberwatch.core.read.language import primary_tag
from emberwatch.core.respond.legible import one_line
from emberwatch.model.errors import ScoringFailed
from emberwatch.model.mention import NO_WORDS, Score
from emberwatch.ports import Text
from emberwatch.scorers.auto import EDGE, Auto

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Values = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
CONFIG = "config.json"
LONGEST = 1_000
"""Characters of a text that are read; a tokenizer's time grows with the length."""
MOST_TOKENS: Final = 512
MOST_DIGITS = 5
"""Digits of an output's number in `id2label`; no model has more outputs."""
MOST_NAMED = 300
"""Characters of a model's labels that an error lists."""

ANGER = ("anger", "angry")
NEGATIVE = ("negative", "neg")
POSITIVE = ("positive", "pos")
"""What labels are called where the options do not say."""

_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxOptions:
    """A transformer in a folder: `model.onnx`, `tokenizer.json` and `config.json`."""

    folder: Path
    """The folder; nothing is ever fetched."""
    model: str = MODEL
    """The model's file in that folder, such as onnx/model_quantized.onnx."""
    anger: tuple[str, ...] = ()
    """The labels that mean anger; without them, the one called anger or angry, if any."""
    negative: tuple[str, ...] = ()
    """The labels that mean negative; without them, the one called negative or neg, if any."""
    positive: tuple[str, ...] = ()
    """The labels that mean positive; without them, the one called positive or pos, if any."""
    languages: tuple[str, ...] = ()
    """The languages that it reads; without them, those that `auto` judges."""
    least: float = 0.3
    """Posts that `auto` finds at least so likely negative or angry are judged again; 0: all."""
    tokens: int = 128
    """The most tokens of a post that are read."""
    batch: int = 16
    """How many posts are judged at once."""
    threads: int = 1
    """How many processors one batch may use."""

    def problems(self) -> list[tuple[str, str]]:
        """Return what no such transformer could be asked."""
        found = []
        if not 0 <= self.least <= 1:
            found.append(("least", f"must lie within 0 and 1, got {self.least:g}"))
        for name, value, most in (
            ("tokens", self.tokens, MOST_TOKENS),
            ("batch", self.batch, 256),
            ("threads", self.threads, 64),
        ):
            if not 1 <= value <= most:
                found.append((name, f"must lie within 1 and {most}, got {value}"))
        found.extend(
            ("languages", f"expected a language code such as en or bg, got '{tag}'")
            for tag in self.languages
            if primary_tag(tag) is None
        )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Which outputs of a transformer mean what, by their places.

    With `is_one_of`, a text has just one label (softmax); else each has a chance of its own.
    """

    anger: tuple[int, ...]
    negative: tuple[int, ...]
    positive: tuple[int, ...]
    is_one_of: bool
    labels: int


class Onnx:
    """Judges as `auto` does, then judges again, by a transformer, the posts that matter.

    Those are the posts in a language that the transformer reads which `auto` finds likely enough
    to be negative or angry, or could not judge. What the transformer has no label for stays as
    `auto` said. A post's score does not depend on what else there is to judge, nor on how busy the
    machine is: what bounds the time is how much of a post is read.
    """

    kind: ClassVar[str] = "onnx"
    Options: ClassVar[type[OnnxOptions]] = OnnxOptions

    def __init__(self, options: OnnxOptions) -> None:
        """Load everything. Raises `ScoringFailed` with what is missing and what to do."""
        self._options = options
        self._languages = frozenset(filter(None, map(primary_tag, options.languages)))
        folder = options.folder
        path = _file(folder, options.model)
        settings = _settings(_file(folder, CONFIG))
        self._roles = roles(options, settings)
        self._pad = _whole(settings.get("pad_token_id"))
        self._tokenizer = _tokenizer(_file(folder, TOKENIZER), options.tokens)
        self._session = _session(path, options.threads)
        self._inputs = _inputs(path, self._session)
        self._batch, self._length = _shape(path, self._session, options)
        with path.open("rb") as opened:
            self._version = file_digest(opened, "sha256").hexdigest()[:12]
        self._auto = Auto()
        self._judge(["a first text, to see that the model does what its files say"])

    def score(self, texts: Sequence[Text]) -> list[Score]:
        """Return one score a text, in order; raise `ScoringFailed` where the model fails."""
        scores = self._auto.score(texts)
        again = [at for at, score in enumerate(scores) if self._matters(score)]
        # texts of like length together: what is filled up is computed too
        again.sort(key=lambda at: len(texts[at].text))
        chances = self._judge([texts[at].text for at in again])
        for at, row in zip(again, chances, strict=True):
            scores[at] = self._said(scores[at], row)
        return scores

    def _matters(self, score: Score) -> bool:
        if score.language in (None, NO_WORDS):
            return False
        if self._languages and score.language not in self._languages:
            return False
        if not score.judged:
            return bool(self._languages)
        return max(score.negative or 0.0, score.anger or 0.0) >= self._options.least

    # ------------------------------------------------------------ what the labels mean
    def _said(self, before: Score, chances: Values) -> Score:
        """Return a score in which what the transformer tells stands over what `auto` told."""
        roles = self._roles
        anger = _together(chances, roles.anger, roles.is_one_of)
        negative = _together(chances, roles.negative, roles.is_one_of)
        positive = _together(chances, roles.positive, roles.is_one_of)
        if negative is None and not before.judged:
            negative = anger  # a transformer that knows anger alone: what is angry is negative
        feeling = before.sentiment if negative is None else sentiment(negative, positive)
        is_anger_told = anger is not None and (self._languages or before.anger is not None)
        return replace(
            before,
            sentiment=_rounded(feeling),
            negative=_rounded(before.negative if negative is None else negative),
            anger=_rounded(anger if is_anger_told else before.anger),
            judged=True,
            scorer=self.kind,
            version=self._version,
            why=before.why if _is_glad(feeling) is _is_glad(before.sentiment) else (),
        )

    # ------------------------------------------------------------ the model itself
    def _judge(self, texts: Sequence[str]) -> Values:
        """Return the chance of each label for each text."""
        found = [np.zeros((0, self._roles.labels))]
        for start in range(0, len(texts), self._batch):
            found.append(self._chances(texts[start : start + self._batch]))
        return np.concatenate(found)

    def _chances(self, texts: Sequence[str]) -> Values:
        encoded = [self._tokenizer.encode(_plain(text)) for text in texts]
        rows = len(encoded) if self._batch > 1 else 1
        length = self._length or max([1, *(len(one.ids) for one in encoded)])
        ids = np.full((rows, length), self._pad, dtype=np.int64)
        mask = np.zeros((rows, length), dtype=np.int64)
        for row, one in enumerate(encoded):
            kept = one.ids[:length]
            ids[row, : len(kept)] = kept
            mask[row, : len(kept)] = 1
        given = {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(ids),
        }
        fed = {name: given[name].astype(dtype) for name, dtype in self._inputs.items()}
        try:
            (answer, *_) = self._session.run(None, fed)
            logits = np.asarray(answer, dtype=np.float64)
        except Exception as error:
            # onnxruntime raises classes of its own, and RuntimeError, as it likes
            raise ScoringFailed(f"the model failed: {_first_line(error)}") from error
        wanted = (len(encoded), self._roles.labels)
        if logits.shape != wanted:
            raise ScoringFailed(
                f"the model answers in the shape {logits.shape} where {CONFIG} has "
                f"{wanted[1]} labels: export it for text classification"
            )
        if not np.isfinite(logits).all():
            raise ScoringFailed("the model answers what is no number")
        return softmax(logits) if self._roles.is_one_of else sigmoid(logits)


# ---------------------------------------------------------------- what labels mean
def roles(options: OnnxOptions, settings: dict[str, Any]) -> Roles:
    """Return which outputs mean what; raise `ScoringFailed` where nobody can tell."""
    named = settings.get("id2label")
    labels: dict[str, int] = {}
    if isinstance(named, dict):
        for place, label in named.items():
            is_place = place.isdecimal() and len(place) <= MOST_DIGITS
            if isinstance(label, str) and is_place:
                labels[label.strip().casefold()] = int(place)
    if not labels or sorted(labels.values()) != list(range(len(labels))):
        raise ScoringFailed(
            f"{CONFIG} does not say what the model's outputs mean: it needs 'id2label', such as "
            '{"0": "calm", "1": "anger"}'
        )
    known = one_line(", ".join(labels), MOST_NAMED)

    def places(key: str, wanted: tuple[str, ...], usual: tuple[str, ...]) -> tuple[int, ...]:
        for label in wanted:
            if label.strip().casefold() not in labels:
                raise ScoringFailed(f"{key}: the model has no label '{label}'; it has {known}")
        meant = wanted or tuple(label for label in usual if label in labels)
        return tuple(dict.fromkeys(labels[label.strip().casefold()] for label in meant))

    found = Roles(
        anger=places("anger", options.anger, ANGER),
        negative=places("negative", options.negative, NEGATIVE),
        positive=places("positive", options.positive, POSITIVE),
        # a single output is the chance of its label, not the only choice
        is_one_of=len(labels) > 1 and settings.get("problem_type") != "multi_label_classification",
        labels=len(labels),
    )
    if not found.anger and not found.negative:
        raise ScoringFailed(
            f"nobody can tell which label means anger or negative; the model has {known}: say "
            "'anger: [...]' or 'negative: [...]' beside its folder"
        )
    return found


def sentiment(negative: float, positive: float | None) -> float:
    """Return -1..1 from chances 0..1, by the cut at -.05 and .05.

    The likeliest of negative, positive and neither decides. A transformer without a label for
    positive (None) tells negative from all else.
    """
    glad = positive or 0.0
    neither = max(0.0, 1.0 - negative - glad)
    likeliest = max(negative, glad, neither)
    if negative == likeliest:
        return -max(EDGE, negative - glad)
    if glad == likeliest:
        return max(EDGE, glad - negative)
    return (glad - negative) * EDGE * 0.98


def softmax(logits: Values) -> Values:
    """Return chances that sum to 1 in each row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    summed: Values = powers / powers.sum(axis=1, keepdims=True)
    return summed


def sigmoid(logits: Values) -> Values:
    """Return a chance for each label by itself."""
    chances: Values = 1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0)))
    return chances


def _is_glad(feeling: float | None) -> bool:
    return feeling is not None and feeling >= EDGE


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _together(chances: Values, places: tuple[int, ...], is_one_of: bool) -> float | None:
    """Return the chance that one of several labels is right, None for no label."""
    if not places:
        return None
    meant = chances[list(places)]
    return min(1.0, float(meant.sum())) if is_one_of else float(meant.max())


# ---------------------------------------------------------------- what lies in the folder
def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ScoringFailed(f"there is no file {path}: a model's folder needs it")
    return path


def _settings(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ScoringFailed(f"{path} cannot be read: {_first_line(error)}") from error
    if not isinstance(read, dict):
        raise ScoringFailed(f"{path} holds no settings of a model")
    return read


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def _tokenizer(path: Path, tokens: int) -> "Tokenizer":
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise _needs(error) from error
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        # the library raises plain Exception
        raise ScoringFailed(f"{path} is no tokenizer: {_first_line(error)}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return tokenizer


def _session(path: Path, threads: int) -> "InferenceSession":
    try:
        import onnxruntime as runtime
    except ImportError as error:
        raise _needs(error) from error
    runtime.disable_telemetry_events()
    runtime.set_default_logger_severity(4)
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    try:
        session: InferenceSession = runtime.InferenceSession(
            str(path), settings, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        # onnxruntime raises classes of its own, and RuntimeError, as it likes
        raise ScoringFailed(f"{path} cannot be loaded: {_first_line(error)}") from error
    return session


def _needs(error: ImportError) -> ScoringFailed:
    return ScoringFailed(f"it needs more packages ({error}): pip install 'emberwatch[onnx]'")


def _inputs(path: Path, session: "InferenceSession") -> dict[str, type[Any]]:
    """Return the names and types of what the model is fed."""
    found = {given.name: given.type for given in session.get_inputs()}
    known = {"input_ids", "attention_mask", "token_type_ids"}
    is_known = found.keys() <= known and set(found.values()) <= _TYPES.keys()
    if "input_ids" not in found or not is_known:
        asked = ", ".join(f"{name} {kind}" for name, kind in found.items())
        raise ScoringFailed(
            f"{path} asks for {asked}; a text classifier is fed input_ids, attention_mask and "
            "token_type_ids as whole numbers"
        )
    return {name: _TYPES[kind] for name, kind in found.items()}


def _shape(path: Path, session: "InferenceSession", options: OnnxOptions) -> tuple[int, int | None]:
    """Return how many texts go in at once, and the number of tokens if it is fixed."""
    rows, length = (*session.get_inputs()[0].shape, None, None)[:2]
    if isinstance(rows, int) and rows != 1:
        raise ScoringFailed(f"{path} was exported for {rows} texts at once: leave that number open")
    return (
        1 if isinstance(rows, int) else options.batch,
        length if isinstance(length, int) else None,
    )


def _plain(text: str) -> str:
    """Return what a tokenizer can read: a lone surrogate stands for no character."""
    return text[:LONGEST].encode("utf-8", "replace").decode()


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
