"""The scorer `onnx`, with tiny transformers made here and run by the real library."""

import json
import sys
import time
from pathlib import Path

import pytest

from emberwatch.model.errors import ScoringFailed
from emberwatch.model.mention import Score
from emberwatch.ports import Text
from emberwatch.scorers.auto import Auto
from emberwatch.scorers.onnx import Onnx, OnnxOptions
from emberwatch.testing import check_scorer
from tests import transformer

ANGRY = "I hate this awful airline, worst service ever"
CALM = "thank you, what a lovely crew"
WORDS = {"hate": (0, 6), "delay": (0, 2), "lovely": (4, 0), "thank": (4, 0), "kwa": (0, 3)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A transformer that knows five words and two labels: neutral and anger."""
    return transformer.make(tmp_path / "tiny", WORDS, bias=(2, 0))


def one(scorer: Onnx | Auto, text: str, language: str | None = "en") -> Score:
    (score,) = scorer.score([Text(text=text, language=language)])
    return score


def chance(logit: float) -> float:
    return 1 / (1 + 2.718281828459045**-logit)


def test_it_keeps_the_contract_of_scorers(folder: Path) -> None:
    check_scorer(Onnx(OnnxOptions(folder=folder)))
    check_scorer(Onnx(OnnxOptions(folder=folder, languages=("en", "ja"), least=0, batch=3)))


def test_what_auto_finds_negative_is_judged_again(folder: Path) -> None:
    before, score = one(Auto(), ANGRY), one(Onnx(OnnxOptions(folder=folder)), ANGRY)
    assert score.anger == pytest.approx(chance(6 - 2), abs=1e-4)
    assert (score.sentiment, score.negative) == pytest.approx(
        (before.sentiment, before.negative), abs=1e-4
    )
    assert (score.scorer, len(score.version), score.why) == ("onnx", 12, before.why)


def test_what_does_not_matter_stays_as_auto_judged_it(folder: Path) -> None:
    assert one(Onnx(OnnxOptions(folder=folder)), CALM) == one(Auto(), CALM)


def test_with_least_0_everything_is_judged_again(folder: Path) -> None:
    score = one(Onnx(OnnxOptions(folder=folder, least=0)), CALM)
    assert (score.scorer, score.anger) == ("onnx", pytest.approx(chance(-2 - 8), abs=1e-4))


def test_only_the_languages_that_it_reads_are_judged_again(folder: Path) -> None:
    scorer = Onnx(OnnxOptions(folder=folder, languages=("bg",)))
    assert one(scorer, ANGRY).scorer == "auto"
    assert one(scorer, "Ужасно обслужване, никога повече!", "bg").scorer == "onnx"


def test_a_language_that_auto_cannot_judge_is_judged_if_it_is_listed(folder: Path) -> None:
    swahili = "Huduma mbaya sana kwa kila mtu"
    plain = one(Onnx(OnnxOptions(folder=folder)), swahili, "sw")
    assert (plain.judged, plain.anger, plain.scorer) == (False, None, "auto")
    listed = one(Onnx(OnnxOptions(folder=folder, languages=("sw", "en"))), swahili, "sw")
    assert (listed.judged, listed.scorer) == (True, "onnx")
    assert listed.anger == listed.negative == pytest.approx(chance(3 - 2), abs=1e-4)
    assert listed.sentiment == pytest.approx(-listed.negative, abs=1e-3)


def test_a_language_without_a_measured_anger_gets_one_only_if_it_is_listed(folder: Path) -> None:
    lithuanian = "Siaubingas aptarnavimas, gėda!"
    assert one(Onnx(OnnxOptions(folder=folder, least=0)), lithuanian, "lt").anger is None
    listed = Onnx(OnnxOptions(folder=folder, least=0, languages=("lt",)))
    assert one(listed, lithuanian, "lt").anger == pytest.approx(chance(-2), abs=1e-4)


def test_a_text_of_no_known_language_is_not_judged(folder: Path) -> None:
    scorer = Onnx(OnnxOptions(folder=folder, languages=("en",), least=0))
    assert not one(scorer, "12:30", None).judged


def test_emoji_alone_stay_as_auto_judged_them(folder: Path) -> None:
    scorer = Onnx(OnnxOptions(folder=folder, least=0))
    assert one(scorer, "🤬🤬🤬", None).scorer == "auto"


def test_three_labels_of_sentiment_are_told_apart(tmp_path: Path) -> None:
    words = {"hate": (5, 0, 0), "hmm": (0, 5, 0), "love": (0, 0, 5)}
    made = transformer.make(tmp_path, words, ("Negative", "Neutral", "Positive"))
    scorer = Onnx(OnnxOptions(folder=made, least=0))
    before = one(Auto(), "hate hate")
    hate, hmm, love = (one(scorer, f"{word} {word}") for word in words)
    assert hate.sentiment < -0.9
    assert hate.negative > 0.9
    assert -0.05 < hmm.sentiment < 0.05
    assert love.sentiment > 0.9
    assert hate.anger == pytest.approx(before.anger, abs=1e-4)  # it knows nothing of anger


def test_labels_that_are_called_otherwise_are_named_in_the_options(tmp_path: Path) -> None:
    words = {"hate": (0, 0, 3), "bad": (0, 3, 0)}
    made = transformer.make(tmp_path, words, ("LABEL_0", "LABEL_1", "LABEL_2"))
    options = OnnxOptions(folder=made, anger=("label_2",), negative=("LABEL_1", "LABEL_2"))
    score = one(Onnx(options), ANGRY)
    e = 2.718281828459045
    assert score.anger == pytest.approx(e**3 / (e**3 + 2), abs=1e-4)
    assert score.negative == pytest.approx((e**3 + 1) / (e**3 + 2), abs=1e-4)


def test_labels_of_their_own_have_chances_of_their_own(tmp_path: Path) -> None:
    made = transformer.make(
        tmp_path,
        {"hate": (2, 1)},
        ("anger", "disgust"),
        problem_type="multi_label_classification",
    )
    both = Onnx(OnnxOptions(folder=made, anger=("anger", "disgust")))
    assert one(both, ANGRY).anger == pytest.approx(chance(2), abs=1e-4)
    other = Onnx(OnnxOptions(folder=made, anger=("disgust",)))
    assert one(other, ANGRY).anger == pytest.approx(chance(1), abs=1e-4)


def test_a_single_label_has_a_chance_of_its_own(tmp_path: Path) -> None:
    made = transformer.make(tmp_path, {"hate": (2,)}, ("anger",))
    assert one(Onnx(OnnxOptions(folder=made)), ANGRY).anger == pytest.approx(chance(2), abs=1e-4)


def test_a_batch_is_filled_up_without_changing_what_is_said(folder: Path) -> None:
    scorer = Onnx(OnnxOptions(folder=folder, least=0, batch=4))
    texts = [Text(text="hate " * n, language="en") for n in (1, 60, 2, 9, 33, 4)]
    assert scorer.score(texts) == [scorer.score([text])[0] for text in texts]


def test_no_more_of_a_text_is_read_than_was_said(folder: Path) -> None:
    scorer = Onnx(OnnxOptions(folder=folder, least=0, tokens=8))
    told, cut = one(scorer, "bad " * 8), one(scorer, "bad " * 8 + "hate " * 5)
    assert told.anger == cut.anger
    whole = Onnx(OnnxOptions(folder=folder, least=0))
    assert one(whole, "bad " * 8 + "hate " * 5).anger > 0.99
    assert one(whole, "bad " * 250 + "hate " * 5).anger == told.anger  # 1,000 characters


@pytest.mark.parametrize(
    "piece", ["a", "hate ", "!", "😡", "\ud800", "\x00", "é\u0301", "糟", "\n"]
)
def test_a_huge_text_takes_bounded_time(folder: Path, piece: str) -> None:
    scorer = Onnx(OnnxOptions(folder=folder, least=0))
    text = Text(text="I hate it " + piece * (2_000_000 // len(piece)), language="en")
    began = time.process_time()
    scorer.score([text])
    assert time.process_time() - began < 0.2  # ten times what a text may take


@pytest.mark.parametrize(
    ("shape", "inputs"),
    [
        ((1, "tokens"), ("input_ids", "attention_mask")),
        ((1, 16), ("attention_mask", "input_ids")),
        (("rows", 16), ("input_ids", "attention_mask", "token_type_ids")),
    ],
)
def test_models_of_a_fixed_shape_are_fed_by_it(
    tmp_path: Path, shape: tuple[str | int, str | int], inputs: tuple[str, ...]
) -> None:
    made = transformer.make(tmp_path, WORDS, bias=(2, 0), shape=shape, inputs=inputs)
    scorer = Onnx(OnnxOptions(folder=made))
    scores = scorer.score([Text(text=ANGRY, language="en")] * 3)
    assert [score.anger for score in scores] == pytest.approx([chance(4)] * 3, abs=1e-4)


def test_the_model_may_lie_deeper_in_its_folder(tmp_path: Path) -> None:
    made = transformer.make(tmp_path, WORDS, file="onnx/model_quantized.onnx")
    options = OnnxOptions(folder=made, model="onnx/model_quantized.onnx")
    assert one(Onnx(options), ANGRY).scorer == "onnx"


# ---------------------------------------------------------------- what cannot be
@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ScoringFailed, match=f"no file .*{name}"):
        Onnx(OnnxOptions(folder=folder))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("model.onnx", b"this is no model", "model.onnx cannot be loaded"),
        ("tokenizer.json", b"{}", "is no tokenizer"),
        ("config.json", b"{", "config.json cannot be read"),
        ("config.json", b"[" * 100_000, "config.json cannot be read"),
        ("config.json", b"[]", "holds no settings"),
        ("config.json", b"{}", "needs 'id2label'"),
        ("config.json", b'{"id2label": {"0": "calm", "7": "anger"}}', "needs 'id2label'"),
        ("config.json", b'{"id2label": {"' + b"9" * 5000 + b'": "anger"}}', "needs 'id2label'"),
        ("config.json", b'{"id2label": {"0": "\\u001b[2Jcalm"}}', r"the model has \[2jcalm:"),
        (
            "config.json",
            b'{"id2label": {"0": "anger", "1": "b", "2": "c"}}',
            "answers in the shape .1, 2. where config.json has 3 labels",
        ),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(
    folder: Path, name: str, content: bytes, why: str
) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ScoringFailed, match=why):
        Onnx(OnnxOptions(folder=folder))


def test_a_filling_that_is_no_token_is_not_used(folder: Path) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "pad_token_id": 10**30}))
    assert one(Onnx(OnnxOptions(folder=folder)), ANGRY).scorer == "onnx"


def test_labels_that_nobody_can_tell_are_listed(tmp_path: Path) -> None:
    made = transformer.make(tmp_path, WORDS, ("LABEL_0", "LABEL_1"))
    with pytest.raises(
        ScoringFailed, match=r"the model has label_0, label_1: say 'anger: \[...\]'"
    ):
        Onnx(OnnxOptions(folder=made))
    with pytest.raises(ScoringFailed, match="anger: the model has no label 'rage'; it has label_0"):
        Onnx(OnnxOptions(folder=made, anger=("rage",)))


@pytest.mark.parametrize("missing", ["onnxruntime", "tokenizers"])
def test_a_missing_package_says_how_to_install_it(
    folder: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ScoringFailed, match=r"pip install 'emberwatch\[onnx\]'"):
        Onnx(OnnxOptions(folder=folder))


def test_a_model_for_something_else_is_refused(tmp_path: Path) -> None:
    wanted = ("input_ids", "attention_mask", "pixel_values")
    made = transformer.make(tmp_path, WORDS, inputs=wanted)
    with pytest.raises(ScoringFailed, match=r"asks for .*pixel_values"):
        Onnx(OnnxOptions(folder=made))


def test_a_model_for_just_eight_texts_is_refused(tmp_path: Path) -> None:
    made = transformer.make(tmp_path, WORDS, shape=(8, "tokens"))
    with pytest.raises(ScoringFailed, match="exported for 8 texts at once"):
        Onnx(OnnxOptions(folder=made))


def test_a_model_that_answers_no_number_fails(tmp_path: Path) -> None:
    made = transformer.make(tmp_path, {"hate": (0, float("nan"))})
    scorer = Onnx(OnnxOptions(folder=made))
    with pytest.raises(ScoringFailed, match="no number"):
        scorer.score([Text(text=ANGRY, language="en")])


def test_a_model_that_fails_on_a_text_says_so(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["hate"] = 4_000
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    scorer = Onnx(OnnxOptions(folder=folder))
    with pytest.raises(ScoringFailed, match="the model failed: "):
        scorer.score([Text(text=ANGRY, language="en")])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"least": 1.5}, "least"),
        ({"tokens": 0}, "tokens"),
        ({"tokens": 100_000}, "tokens"),
        ({"batch": 0}, "batch"),
        ({"threads": 1_000}, "threads"),
        ({"languages": ("english",)}, "languages"),
    ],
)
def test_options_that_cannot_be_are_named(options: dict[str, object], name: str) -> None:
    ((found, _),) = OnnxOptions(folder=Path("x"), **options).problems()  # type: ignore[arg-type]
    assert found == name


def test_options_that_can_be_have_no_problem() -> None:
    assert OnnxOptions(folder=Path("x"), languages=("en", "pt-BR")).problems() == []
