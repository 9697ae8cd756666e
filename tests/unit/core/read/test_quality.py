"""A scorer's figures, against values worked out by hand."""

import pytest

from emberwatch.core.read.quality import (
    FEWEST,
    Bin,
    Figures,
    Label,
    Tally,
    Verdict,
    average_precision,
    calibration,
    calibration_error,
    class_of,
    figures_of,
    macro_f1,
    mean_f1,
    mean_of,
    precision_at_top,
    roc_area,
)

YES, NO = True, False


@pytest.mark.parametrize(
    ("sentiment", "expected"),
    [(-1.0, -1), (-0.05, -1), (-0.0499, 0), (0.0, 0), (0.0499, 0), (0.05, 1), (1.0, 1)],
)
def test_a_sentiment_falls_into_one_of_three_classes(sentiment: float, expected: int) -> None:
    assert class_of(sentiment) == expected


# ---------------------------------------------------------------- ranking
def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    # true: .9 .4, false: .8 .1; of four pairs only .4 against .8 is wrong
    assert roc_area([YES, NO, YES, NO], [0.9, 0.8, 0.4, 0.1]) == 0.75


def test_a_tie_is_half_right() -> None:
    assert roc_area([YES, NO], [0.5, 0.5]) == 0.5
    # pairs: .7>.5 right; .5=.5 half; .7 and .5 each above .2: (1 + .5 + 2) / 4
    assert roc_area([YES, YES, NO, NO], [0.7, 0.5, 0.5, 0.2]) == 0.875


def test_a_perfect_and_a_reversed_order() -> None:
    assert roc_area([NO, YES], [0.1, 0.2]) == 1.0
    assert roc_area([YES, NO], [0.1, 0.2]) == 0.0


@pytest.mark.parametrize("truth", [[], [YES, YES], [NO]])
def test_without_both_kinds_there_is_no_area(truth: list[bool]) -> None:
    assert roc_area(truth, [0.5] * len(truth)) is None


def test_average_precision_is_the_mean_over_the_true_ones() -> None:
    # from the top: true (1/1), false, true (2/3), false
    truth, scores = [YES, NO, YES, NO], [0.9, 0.8, 0.4, 0.1]
    assert average_precision(truth, scores) == pytest.approx((1 + 2 / 3) / 2)


def test_average_precision_does_not_see_the_order_of_ties() -> None:
    # two at .5 are taken together: precision 1/2 for the one true of them
    assert average_precision([YES, NO], [0.5, 0.5]) == 0.5
    assert average_precision([NO, YES], [0.5, 0.5]) == 0.5


def test_average_precision_needs_a_true_one() -> None:
    assert average_precision([NO, NO], [0.5, 0.1]) is None
    assert average_precision([YES], [0.5]) == 1.0


def test_precision_at_the_top_looks_at_one_post_in_twenty() -> None:
    truth = [YES, NO] + [NO] * 38
    scores = [1.0, 0.9] + [0.1] * 38
    assert precision_at_top(truth, scores) == 0.5
    assert precision_at_top(truth[:29], scores[:29]) == 1.0  # 1.45 posts: one


def test_few_posts_have_a_top_of_one() -> None:
    assert precision_at_top([NO, YES], [0.1, 0.9]) == 1.0
    assert precision_at_top([], []) is None


def test_ties_at_the_edge_count_with_their_average() -> None:
    # two places: one goes to .9, the other is shared by four of which one is true
    truth, scores = [YES, YES, NO, NO, NO], [0.9, 0.5, 0.5, 0.5, 0.5]
    assert precision_at_top(truth, scores, share=0.4) == pytest.approx((1 + 1 / 4) / 2)


# ---------------------------------------------------------------- classes
def test_macro_f1_weighs_every_class_alike() -> None:
    truth = [-1, -1, -1, 0, 1, 1]
    said = [-0.9, -0.05, 0.0, 0.04, 0.05, -0.3]
    # -1: 2 hits of 3 said and 3 real: 2/3; 0: 1 of 2 and 1: 2/3; 1: 1 of 1 and 2: 2/3
    assert macro_f1(truth, said) == pytest.approx(2 / 3)


def test_where_people_knew_no_neutral_the_scorer_has_the_choice_of_two_as_well() -> None:
    # a leaning of -.01 is negative, of 0 positive; -1: 2 of 2 and 2; 1: 2 of 2 and 2
    assert macro_f1([-1, -1, 1, 1], [-0.8, -0.01, 0.0, 0.9]) == 1.0
    # with a neutral one among the truths both are neutral: -1: 2/3; 0: 1 of 3 and 1; 1: 2/3
    assert macro_f1([-1, -1, 1, 1, 0], [-0.8, -0.01, 0.0, 0.9, 0.0]) == pytest.approx(
        (2 / 3 + 1 / 2 + 2 / 3) / 3
    )


def test_neutral_and_negative_alone_are_told_apart_by_the_cut() -> None:
    # -1: 1 of 1 and 2: 2/3; 0: 1 of 2 and 1: 2/3
    assert macro_f1([-1, -1, 0], [-0.5, -0.01, 0.01]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("truth", [[], [-1, -1], [0]])
def test_no_choice_has_no_f1(truth: list[int]) -> None:
    assert macro_f1(truth, [-0.5] * len(truth)) is None


def test_f1_can_be_had_from_counts_alone() -> None:
    assert mean_f1([(2, 3, 3), (1, 1, 1)]) == pytest.approx((2 / 3 + 1) / 2)
    assert mean_f1([(0, 0, 5), (5, 10, 5)]) == pytest.approx((0 + 2 / 3) / 2)
    assert mean_f1([(5, 5, 5)]) is None


# ---------------------------------------------------------------- calibration
def test_bins_tell_what_was_stated_and_what_was_so() -> None:
    bins = calibration([NO, YES, YES, NO], [0.02, 0.06, 1.0, 0.95])
    assert bins == (
        Bin(posts=2, stated=pytest.approx(0.04), observed=0.5),
        Bin(posts=2, stated=pytest.approx(0.975), observed=0.5),
    )


def test_the_calibration_error_weighs_bins_by_their_posts() -> None:
    # |.04 - .5| for two of three posts, |.9 - 1| for one
    error = calibration_error([NO, YES, YES], [0.02, 0.06, 0.9])
    assert error == pytest.approx((2 * 0.46 + 0.1) / 3)


def test_an_honest_scorer_has_no_calibration_error() -> None:
    assert calibration_error([YES, NO, NO, NO], [0.25] * 4) == pytest.approx(0)
    assert calibration_error([], []) is None


# ---------------------------------------------------------------- a whole scorer
def a_tally(*pairs: tuple[Label, Verdict]) -> Tally:
    tally = Tally()
    for label, verdict in pairs:
        tally.add(label, verdict)
    return tally


def measured(tally: Tally) -> Figures:
    return figures_of(tally, fewest=1)


def judged(sentiment: float, anger: float | None = None) -> Verdict:
    return Verdict(sentiment=sentiment, negative=(1 - sentiment) / 2, anger=anger)


def test_what_was_not_labelled_is_not_measured() -> None:
    figures = measured(
        a_tally(
            (Label(sentiment=-1), judged(-0.8, anger=0.9)),
            (Label(sentiment=1), judged(0.7, anger=0.1)),
            (Label(), judged(0.0, anger=0.5)),
        )
    )
    assert (figures.posts, figures.not_judged, figures.without_anger) == (3, 0.0, 0.0)
    assert (figures.negative_roc, figures.sentiment_f1, figures.negative_top) == (1.0, 1.0, 1.0)
    assert (figures.anger_roc, figures.anger_calibration) == (None, None)


def test_what_was_not_judged_is_a_share_and_never_calm() -> None:
    figures = measured(
        a_tally(
            (Label(is_angry=True), judged(-0.8, anger=0.9)),
            (Label(is_angry=False), judged(0.7, anger=0.1)),
            (Label(is_angry=True), judged(-0.5)),
            (Label(is_angry=True, sentiment=-1), Verdict()),
        )
    )
    assert (figures.not_judged, figures.without_anger) == (0.25, 0.5)
    assert (figures.anger_roc, figures.anger_precision, figures.anger_top) == (1.0, 1.0, 1.0)
    assert figures.anger_calibration == pytest.approx(0.1)


def test_calibration_needs_both_kinds() -> None:
    figures = measured(a_tally((Label(is_angry=False), judged(0.0, anger=0.4))))
    assert (figures.anger_calibration, figures.anger_top) == (None, None)


def test_too_few_posts_of_a_kind_have_no_figures() -> None:
    angry = (Label(is_angry=True, sentiment=-1), judged(-0.8, anger=0.9))
    calm = (Label(is_angry=False, sentiment=1), judged(0.8, anger=0.1))
    enough = figures_of(a_tally(*[angry] * FEWEST, *[calm] * FEWEST))
    few = figures_of(a_tally(*[angry] * 20, *[calm] * (FEWEST - 1)))
    assert (enough.anger_roc, enough.negative_roc, enough.sentiment_f1) == (1.0, 1.0, 1.0)
    assert (few.anger_roc, few.anger_calibration, few.negative_top, few.sentiment_f1) == (
        None, None, None, None,
    )  # fmt: skip


def test_every_source_weighs_the_same() -> None:
    big = measured(
        a_tally(*[(Label(sentiment=-1), judged(-0.8))] * 9, (Label(sentiment=1), judged(0.8)))
    )
    small = measured(
        a_tally((Label(sentiment=-1), judged(0.5)), (Label(sentiment=1), judged(-0.5)))
    )
    mean = mean_of([big, small])
    assert (mean.posts, mean.negative_roc, mean.sentiment_f1) == (12, 0.5, 0.5)


def test_a_source_without_a_figure_is_left_out_of_that_mean_alone() -> None:
    one = measured(
        a_tally(
            (Label(is_angry=True), judged(-0.8, anger=0.9)),
            (Label(is_angry=False), judged(0.0, anger=0.0)),
        )
    )
    other = measured(a_tally((Label(sentiment=1), Verdict())))
    mean = mean_of([one, other])
    assert (mean.anger_roc, mean.not_judged, mean.negative_roc) == (1.0, 0.5, None)
