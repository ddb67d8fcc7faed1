"""A wrong keyword is answered with the right one, and names of choices are found in every spelling."""

import inspect
import pickle

import numpy as np
import pytest

import shortgamma as sg
from shortgamma._core import dispatch
from shortgamma._core.keywords import INSTEAD, SYNONYMS
from shortgamma._core.results import Result
from shortgamma._core.words import BARRIER_KINDS, OPTIONS, PAID_AT, TWO_BARRIER_KINDS
from shortgamma.barrier.partial_time import WINDOWS

PUT = {"vol": 0.3, "expiry": 1.0, "kind": "down-in", "option": "put"}
FAMILIES = ("barrier", "vanilla", "leverage", "funding", "liquidation", "carry", "dealer", "io", "plot")


def public():
    """Every public function of every family."""
    for family in FAMILIES:
        module = getattr(sg, family)
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isroutine(value):
                yield pytest.param(value, id=f"{family}.{name}")


def constructors():
    """Every class that users make objects of."""
    for family in (*FAMILIES, "contracts"):
        module = getattr(sg, family)
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, type) and not issubclass(value, (Result, Exception)) and "__init__" in vars(value):
                yield pytest.param(value, id=f"{family}.{name}")


def takes_all(function):
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


def said_of(function, word, *args, **keywords):
    with pytest.raises(TypeError, match=f"got an unexpected keyword argument '{word}'") as caught:
        function(*args, **keywords, **{word: 1.0})
    return str(caught.value).partition("': ")[2]


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
        if not takes_all(function):
            assert said_of(function, "no_such_word") == ""
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


class TestEveryWord:
    """Words that others use for an argument are answered with its name, in whatever function has it."""

    @pytest.mark.parametrize(
        "function", [each for each in (*public(), *constructors()) if not takes_all(each.values[0])]
    )
    def test_of_each_argument(self, function):
        parameters = inspect.signature(function).parameters
        for name in parameters:
            for word in SYNONYMS.get(name, "").split():
                if word in parameters:
                    continue
                meant = {key for key in parameters if word in SYNONYMS.get(key, "").split()}
                said = said_of(function, word)
                assert said.removeprefix("did you mean ").removesuffix("=?") in meant, (word, said)

    @pytest.mark.parametrize("function", [each for each in public() if not takes_all(each.values[0])])
    def test_of_what_has_to_be_put_otherwise(self, function):
        parameters = inspect.signature(function).parameters
        for words, ways in INSTEAD.items():
            for word in words.split():
                if word not in parameters and set(parameters) & set(ways):
                    assert said_of(function, word).startswith(("write ", "did you mean ")), word

    @pytest.mark.parametrize(
        ("function", "args", "keywords", "word", "said"),
        [
            ("liquidation.liquidation_price", (1.0, 100.0), {}, "leverage",
             "write margin=, for a linear contract quantity * entry / leverage"),
            ("liquidation.liquidation_price", (1.0, 100.0, 10.0), {}, "side",
             "write quantity > 0 for long and < 0 for short"),
            ("liquidation.liquidation_price", (1.0, 100.0, 10.0), {}, "symbol",
             "write contract=sg.venues[venue].contract(symbol)"),
            ("liquidation.initial_margin", (1.0, 100.0), {}, "leverage", "write initial=, 1 / leverage"),
            ("leverage.simulate", ([1.0, 2.0],), {}, "leverage", "write rule=sg.leverage.TokenRule(leverage, ...)"),
            ("leverage.nav", ([1.0, 2.0], 3.0), {}, "expense_ratio", "did you mean expense=?"),
            ("vanilla.price", (100.0, 95.0), {}, "days_to_expiry", "write expiry=days / 365"),
            ("vanilla.price", (100.0, 95.0), {}, "is_call", 'write option="call" or option="put"'),
            ("vanilla.price", (100.0, 95.0), {}, "b", "write dividend=rate - carry"),
            ("carry.regression", (), {}, "maxlags", "did you mean lags=?"),
            ("carry.cash_and_carry", (), {}, "taker_fee", "did you mean fee=?"),
            ("dealer.profile", (), {}, "contract_size", "did you mean multiplier=?"),
            ("dealer.impact", (), {}, "adv", "did you mean volume=?"),
            ("barrier.price", (100.0, 95.0), {}, "lower",
             "it is an argument of soft_price, double_price, discrete_price"),
            # "price" may be the value or the spot: an argument that is given is not meant
            ("barrier.barrier_for_price", (), {}, "price", "did you mean value=?"),
            ("barrier.barrier_for_price", (5.0,), {}, "price", "did you mean spot=?"),
            ("barrier.barrier_for_price", (), {"value": 5.0}, "price", "did you mean spot=?"),
        ],
    )  # fmt: skip
    def test_cases(self, function, args, keywords, word, said):
        family, _, name = function.partition(".")
        assert said_of(getattr(getattr(sg, family), name), word, *args, **keywords) == said

    def test_constructors(self):
        assert said_of(sg.leverage.TokenRule, "expense_ratio", 3.0) == "did you mean expense=?"
        assert said_of(sg.contracts.Contract, "contract_size", "linear") == "did you mean multiplier=?"
        assert said_of(sg.liquidation.MarginRate, "mmr") == "did you mean rate=?"
        assert list(inspect.signature(sg.contracts.Contract).parameters)[:2] == ["kind", "multiplier"]
        rule = sg.leverage.TokenRule(3.0, every=1)
        assert pickle.loads(pickle.dumps(rule)) == rule


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


def test_of_a_call_with_labels():
    pd = pytest.importorskip("pandas")
    price = pd.Series([100.0, 101.0], index=pd.date_range("2020-01-01", periods=2))
    with pytest.raises(TypeError, match=r"'expense_ratio': did you mean expense=\?$"):
        sg.leverage.nav(price, 3.0, expense_ratio=0.0095)
