"""Arrays of names to codes, whatever the array is made of."""

import numpy as np
import pytest

from shortgamma._core.checks import choice
from shortgamma._core.names import codes

CHOICES = {
    "kinds": {"down-in": 0, "up-in": 1, "down-out": 2, "up-out": 3},
    "options": {"call": 0, "put": 4},
    "odd": {"a": 7, "ab": 1, "abc": 2, "acb": 3, "\U0001f600b": 5, "é": 6},
    "many": {f"name {i}": i for i in range(100)},
}
STRAYS = ["", "x", "down-ix", "down-in ", "down", "call\0x", "CALL", "a\U0001f600", "name 100", "ĥ"]


@pytest.fixture(params=CHOICES, name="choices")
def fixture_choices(request):
    return CHOICES[request.param]


def made_of(names, kind):
    if kind == "few objects":
        kept = {name: name for name in names}
        return np.array([kept[name] for name in names], dtype=object)
    if kind == "many objects":
        return np.array([(name + "!")[:-1] for name in names], dtype=object)
    if kind == "swapped":
        array = np.array(names)
        return array.astype(array.dtype.newbyteorder("S"))
    if kind == "wide":
        return np.array(names, dtype="U33")
    return np.array(names, dtype="T" if kind == "variable" else None)


@pytest.mark.parametrize("kind", ["fixed", "wide", "swapped", "variable", "few objects", "many objects"])
@pytest.mark.parametrize("stray", [0.0, 0.3])
def test_codes_are_those_of_a_dictionary(choices, kind, stray):
    random = np.random.default_rng(5)
    names = [str(name) for name in random.choice(list(choices), 500)]
    names = [str(random.choice(STRAYS)) if random.random() < stray else name for name in names]
    # a trailing NUL is no part of a string of fixed width
    expected = [choices.get(name.rstrip("\0"), -1) for name in names]
    array = made_of(names, kind)
    found = codes(array, choices)
    assert found.dtype == np.int8
    assert found.tolist() == expected
    assert codes(array.reshape(20, 25).T, choices).tolist() == found.reshape(20, 25).T.tolist()
    assert codes(array[::-7], choices).tolist() == found[::-7].tolist()
    assert codes(np.broadcast_to(array[:1], 5), choices).tolist() == [expected[0]] * 5


def test_no_name_at_all(choices):
    assert codes(np.array([], dtype="U5"), choices).shape == (0,)
    assert codes(np.full((2, 0), "", dtype=object), choices).shape == (2, 0)
    assert codes(np.empty(2, dtype="U0"), choices).tolist() == [-1, -1]
    assert codes(np.array(next(iter(choices))), choices) == choices[next(iter(choices))]


@pytest.mark.parametrize("bad", [None, np.nan, 3, ["call"], b"call", "cal"])
def test_the_first_bad_object_is_named(bad):
    names = np.array(["call", "put", None, "put", "cal"], dtype=object)
    names[2] = bad
    with pytest.raises(ValueError, match=r"option\[2\] must be one of 'call', 'put', got ") as error:
        choice("option", names, CHOICES["options"])
    assert repr(str(bad)) in str(error.value)


def test_strings_that_are_more_than_strings():
    class Name(str):
        __slots__ = ()

    array = np.array([Name("call"), np.str_("put"), Name("put")], dtype=object)
    assert codes(array, CHOICES["options"]).tolist() == [0, 4, 4]
