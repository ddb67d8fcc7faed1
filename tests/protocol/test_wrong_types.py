"""Every public function, given something of a wrong type for any of its arguments, says which argument it is."""

import inspect
import re
import warnings

import numpy as np
import pytest

import shortgamma as sg

FAMILIES = ("barrier", "vanilla", "leverage", "funding", "liquidation", "dealer", "carry")
WRONG = {
    "a word": "nonsense",
    "None": None,
    "a dict": {"a": 1},
    "ragged": [[1.0], [1.0, 2.0]],
    "an object": object(),
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "durations": np.array([1], "m8[h]"),
    "objects": np.array([1.0], object),
    "complex": 1j,
    "huge": 10**400,
    "bytes": b"x",
}
LINEAR = sg.contracts.Contract("linear")
RIGHT = {
    "contract": LINEAR,
    "contracts": [LINEAR],
    "rule": sg.leverage.TokenRule(3.0, every=1),
    "kind": "down-in",
    "option": "put",
    "maintenance": 0.005,
    "vol": 0.3,
    "expiry": 0.5,
    "years": 0.5,
}


def functions():
    for family in FAMILIES:
        module = getattr(sg, family)
        for name in module.__all__:
            function = getattr(module, name)
            if not isinstance(function, type) and callable(function):
                yield f"{family}.{name}"


def wrong_calls(function):
    """Each argument in turn with each wrong value, the others as they should be."""
    parameters = inspect.signature(function).parameters.values()
    required = [parameter for parameter in parameters if parameter.default is parameter.empty]
    required = [parameter for parameter in required if parameter.kind < parameter.VAR_KEYWORD]
    for target in parameters:
        if target.kind in (target.VAR_KEYWORD, target.VAR_POSITIONAL):
            continue
        for kind, value in WRONG.items():
            given = {parameter.name: RIGHT.get(parameter.name, 1.5) for parameter in required} | {target.name: value}
            args = [given.pop(parameter.name) for parameter in required if parameter.kind == parameter.POSITIONAL_ONLY]
            yield f"{target.name} as {kind}", args, given


@pytest.mark.parametrize("name", list(functions()))
def test_errors_name_an_argument(name):
    family, _, short = name.partition(".")
    function = getattr(getattr(sg, family), short)
    parameters = list(inspect.signature(function).parameters)
    silent = []
    for call, args, given in wrong_calls(function):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                function(*args, **given)
            except (TypeError, ValueError) as error:
                if not any(re.search(rf"\b{parameter}\b", str(error)) for parameter in parameters):
                    silent.append(f"{call}: {type(error).__name__}: {error}")
    assert not silent, "\n".join(silent)


class TestErrorsThatStay:
    """What a function says itself is not replaced, whatever the arguments are."""

    def test_of_readers(self, tmp_path):
        for name in ("read_prices", "read_funding", "read_futures", "read_chain", "read_tiers"):
            with pytest.raises(sg.io.ReadError, match=r": is a directory, not a file$"):
                getattr(sg.io, name)(tmp_path)

    def test_that_name_an_argument(self):
        with pytest.raises(ValueError, match=r"^kind must be one of 'down-in'") as caught:
            sg.barrier.price(object(), 95.0, 80.0, vol=0.3, expiry=0.5, kind="sideways", option="put")
        assert caught.value.__cause__ is None

    def test_of_errstate(self):
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            sg.barrier.price(-1.0, 95.0, 80.0, vol=0.3, expiry=0.5, kind="down-in", option="put")

    def test_of_a_callback(self):
        def stop(done, total):
            raise ValueError("stopped by the user")

        spot = np.linspace(80.0, 120.0, 50_000)
        terms = {"vol": 0.3, "expiry": 0.5, "kind": "down-in", "option": "put", "dates": 252}
        with pytest.raises(ValueError, match=r"^stopped by the user$"):
            sg.barrier.price(spot, 95.0, 80.0, **terms, progress=stop)


def test_errors_say_what_an_argument_may_be():
    with pytest.raises(TypeError, match=r"^dates must be int, .* or list of times, got a ragged sequence$") as caught:
        sg.barrier.price(100.0, 95.0, 80.0, vol=0.3, expiry=0.5, kind="down-in", option="put", dates=WRONG["ragged"])
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ValueError, match=r"^monitoring must be one of 'continuous', 'expiry', got '12'$"):
        sg.dealer.knock_in_release(100.0, 80.0, vol=0.3, expiry=1.0, monitoring=12)
