"""A wrong keyword is answered with the right one, and names of choices are found in every spelling."""

import inspect
import pickle

import numpy as np
import pytest

import shortgamma as sg
from shortgamma._core import dispatch
from shortgamma._core.words import BARRIER_KINDS, OPTIONS, PAID_AT, TWO_BARRIER_KINDS
from shortgamma.barrier.partial_time import WINDOWS

PUT = {"vol": 0.3, "expiry": 1.0, "kind": "down-in", "option": "put"}
FAMILIES = ("barrier", "leverage", "funding", "liquidation")


def public():
    """Every public function of every family."""
    for family in FAMILIES:
        module = getattr(sg, family)
        for name in dir(module):
            value = getattr(module, name)
            if inspect.isroutine(value) and not isinstance(value, np.ufunc):
                yield pytest.param(value, id=f"{family}.{name}")


class TestKeywords:
    @pytest.mark.parametrize(
        ("wrong", "right"),
        [
            ("sigma", "vol"),
            ("volatility", "vol"),
            ("iv", "vol"),
            ("T", "expiry"),
            ("tau", "expiry"),
            ("maturity", "expiry"),
            ("r", "rate"),
            ("risk_free_rate", "rate"),
            ("q", "dividend"),
            ("div", "dividend"),
            ("dividend_yield", "dividend"),
            ("S", "spot"),
            ("K", "strike"),
            ("H", "barrier"),
            ("option_type", "option"),
            ("barrier_type", "kind"),
            ("expry", "expiry"),
        ],
    )
    def test_the_words_of_others(self, wrong, right):
        with pytest.raises(TypeError) as caught:
            sg.barrier.price(**{wrong: 0.3})
        expected = f"price() got an unexpected keyword argument '{wrong}': did you mean {right}=?"
        assert str(caught.value) == expected

    def test_positions_that_have_names(self):
        with pytest.raises(TypeError, match=r"but 5 were given: write vol=\.\.\., expiry=\.\.\.$"):
            sg.barrier.price(100.0, 100.0, 80.0, 0.3, 1.0)

    def test_words_that_mean_nothing(self):
        with pytest.raises(TypeError, match=r"unexpected keyword argument 'colour_of_money'$"):
            sg.barrier.price(100.0, 100.0, 80.0, **PUT, colour_of_money=1)

    def test_errors_of_the_function_itself_pass_unchanged(self):
        with pytest.raises(TypeError, match=r"^strike must be a number or an array of numbers, got None$"):
            sg.barrier.price(100.0, None, 80.0, **PUT)

    @pytest.mark.parametrize("function", list(public()))
    def test_every_public_function(self, function):
        if all(p.kind is not p.VAR_KEYWORD for p in inspect.signature(function).parameters.values()):
            with pytest.raises(TypeError, match="unexpected keyword argument 'no_such_word'"):
                function(no_such_word=1)
        assert pickle.loads(pickle.dumps(function)) is function
        assert function.__doc__
        assert inspect.signature(function).parameters
        assert function.__name__ in repr(function)

    def test_methods_bind(self):
        class Book:
            price = sg.barrier.price

        assert Book.price is sg.barrier.price
        with pytest.raises(TypeError, match="must be a number"):
            Book().price(100.0, 80.0, **PUT)


SPELLINGS = {
    "down-in": ["Down-and-In", "DOWN-IN", "down_in", "downIn", "DI", "di", "down and in", "down-in "],
    "up-out": ["Up-and-Out", "up_and_out", "UO", "upout", "up-&-out"],
    "down-out": ["DO", "Down-And-Out"],
    "up-in": ["ui", "UpIn"],
}


class TestSpellings:
    @pytest.mark.parametrize(("name", "spelling"), [(k, s) for k, several in SPELLINGS.items() for s in several])
    def test_of_one_barrier(self, name, spelling):
        values = (np.array([90.0, 110.0]), 100.0, 100.0)
        terms = {"vol": 0.3, "expiry": 1.0, "option": "put"}
        expected = sg.barrier.price(*values, **terms, kind=name)
        np.testing.assert_array_equal(sg.barrier.price(*values, **terms, kind=spelling), expected)
        mixed = sg.barrier.price(*values, **terms, kind=[spelling, name])
        np.testing.assert_array_equal(mixed, expected)
        objects = np.array([spelling, name], dtype=object)
        np.testing.assert_array_equal(sg.barrier.price(*values, **terms, kind=objects), expected)

    @pytest.mark.parametrize("words", [BARRIER_KINDS, TWO_BARRIER_KINDS, OPTIONS, PAID_AT])
    def test_every_alias_leads_to_a_name(self, words):
        assert set(words.canonical.values()) == set(words)

    def test_codes_are_those_of_the_loops(self):
        single, double = dispatch.barrier.single, dispatch.barrier.double
        assert dict(BARRIER_KINDS) == single.KINDS
        assert dict(OPTIONS) == single.OPTIONS
        assert dict(PAID_AT) == single.PAID_AT
        assert dict(TWO_BARRIER_KINDS) == double.KINDS
        assert dict(WINDOWS) == dispatch.barrier.partial_time.WINDOWS

    @pytest.mark.parametrize("option", ["c", "C", "Call", "CALL", "calls"])
    def test_of_options(self, option):
        terms = {"vol": 0.3, "expiry": 1.0, "kind": "down-in"}
        got = sg.barrier.price(100.0, 100.0, 90.0, **terms, option=option)
        assert got == sg.barrier.price(100.0, 100.0, 90.0, **terms, option="call")

    @pytest.mark.parametrize("kind", ["KO", "Knock-Out", "double knock-out", "knock_out", "out-knock"])
    def test_of_two_barriers(self, kind):
        values = (100.0, 100.0, 80.0, 120.0)
        terms = {"vol": 0.3, "expiry": 1.0, "option": "put"}
        if kind == "out-knock":
            with pytest.raises(ValueError, match=r"^kind must be one of"):
                sg.barrier.double_price(*values, **terms, kind=kind)
            return
        got = sg.barrier.double_price(*values, **terms, kind=kind)
        assert got == sg.barrier.double_price(*values, **terms, kind="knock-out")

    def test_what_could_be_either_is_refused(self):
        with pytest.raises(ValueError, match=r"^kind must be one of 'down-in', .*, got 'knock-in'$"):
            sg.barrier.price(100.0, 100.0, 80.0, **PUT | {"kind": "knock-in"})
        with pytest.raises(TypeError, match=r"missing 2 required keyword-only arguments: 'kind' and 'option'"):
            sg.barrier.price(100.0, 100.0, 80.0, vol=0.3, expiry=1.0)
