"""Errors name options on the command line, and leave the user's own names alone."""

import pytest

from sipakit.cli.words import command_words, in_command_words
from sipakit.errors import InputError, PredictionError


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("X lacks 'X' and 'my X'. It has \"y\".", "--data lacks 'X' and 'my X'. It has \"y\"."),
        ("y is missing in 2 rows.", "--target is missing in 2 rows."),
        ("First bad row: X=1, y=2, city='y'.", "First bad row: X=1, y=2, city='y'."),
        ("budget=50 is less. Leave budget= out.", "--budget 50 is less. Leave --budget out."),
        ("Pass y after X.", "Name its column by --target."),
    ],
)
def test_arguments_become_options(said, meant):
    assert command_words(said) == meant


def test_the_class_stays_and_a_model_that_fails_points_to_the_types():
    with (
        pytest.raises(PredictionError, match=r"^The model raised\. If it was fitted .* by --dtype\.$"),
        in_command_words(),
    ):
        raise PredictionError("The model raised.")
    with pytest.raises(InputError, match=r"^--data is wrong\.$"), in_command_words():
        raise InputError("X is wrong.")
