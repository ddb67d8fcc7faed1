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
    required = [one for one in parameters if one.default is one.empty and one.kind < one.VAR_KEYWORD]
    for target in parameters:
        if target.kind in (target.VAR_KEYWORD, target.VAR_POSITIONAL):
            continue
        for what, value in WRONG.items():
            given = {one.name: RIGHT.get(one.name, 1.5) for one in required} | {target.name: value}
            args = [given.pop(one.name) for one in required if one.kind == one.POSITIONAL_ONLY]
            yield f"{target.name} as {what}", args, given


@pytest.mark.parametrize("name", list(functions()))
def test_errors_name_an_argument(name):
    family, _, short = name.partition(".")
    function = getattr(getattr(sg, family), short)
    names = list(inspect.signature(function).parameters)
    silent = []
    for what, args, given in wrong_calls(function):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                function(*args, **given)
            except (TypeError, ValueError) as error:
                if not any(re.search(rf"\b{each}\b", str(error)) for each in names):
                    silent.append(f"{what}: {type(error).__name__}: {error}")
    assert not silent, "\n".join(silent)
