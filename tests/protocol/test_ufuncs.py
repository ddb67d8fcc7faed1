"""What holds for every compiled ufunc alike: NumPy's own protocol, NaN, bits, overlap, pickling, threads."""

import importlib
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cases
import numpy as np
import pytest
from processes import environment

from shortgamma._core import dispatch

UFUNCS = cases.ufuncs()
ELEMENTWISE = [name for name, ufunc in UFUNCS.items() if ufunc.signature is None]
PATHS = [name for name, ufunc in UFUNCS.items() if ufunc.signature is not None and name not in cases.TABLES]
FLOATS = [
    (name, argument)
    for name, case in cases.CASES.items()
    for place, argument in enumerate(case.draw)
    if UFUNCS[name].types[0][place] == "d"
]
BARS = 23

every = pytest.mark.parametrize("name", UFUNCS)
every_float = pytest.mark.parametrize(("name", "argument"), FLOATS, ids=lambda value: value)


@pytest.fixture(autouse=True)
def no_flag_unnoticed():
    with np.errstate(all="raise"):
        yield


def call(name, arguments, **keywords):
    """The outputs, always as a tuple."""
    results = UFUNCS[name](*arguments, **keywords)
    return results if UFUNCS[name].nout > 1 else (results,)


def draw(name, shape=(37,), bars=BARS, seed=0):
    return cases.arguments(name, shape, bars, seed)


def outputs(name, shape=(37,), bars=BARS):
    """Arrays for the outputs, filled with what no result holds."""
    timed = cases.has_time(UFUNCS[name])[UFUNCS[name].nin :]
    return tuple(
        np.full((*shape, bars) if time else shape, -12345, dtype=letter)
        for time, letter in zip(timed, UFUNCS[name].types[0].split("->")[1], strict=True)
    )


def place_of(name, argument):
    return list(cases.CASES[name].draw).index(argument)


def words(array):
    """The bits of an array, any NaN being one and the same."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return array
    return np.where(np.isnan(array), -1, np.ascontiguousarray(array).view(np.int64))


def assert_same_bits(actual, expected):
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        assert np.asarray(one).dtype == np.asarray(other).dtype
        np.testing.assert_array_equal(words(one), words(other), strict=True)


def unaligned(array):
    raw = np.empty(array.nbytes + 1, dtype=np.uint8)
    copy = raw[1:].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def strided(array):
    wide = np.empty((*(3 * n for n in array.shape),), dtype=array.dtype)
    view = wide[(slice(1, None, 3),) * array.ndim]
    view[...] = array
    return view


def reversed_view(array):
    return np.ascontiguousarray(array[(slice(None, None, -1),) * array.ndim])[(slice(None, None, -1),) * array.ndim]


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def time_first(array):
    """The last axis first in memory: paths that have a time axis lie side by side."""
    return np.asfortranarray(array)


LAYOUTS = {
    "strided": strided,
    "negative strides": reversed_view,
    "read-only": read_only,
    "unaligned": unaligned,
    "Fortran order": time_first,
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
}


@pytest.mark.parametrize("name", [*UFUNCS, *cases.CASES])
def test_every_ufunc_has_a_case(name):
    assert name in cases.CASES, f"{name} has no case in tests/cases.py"
    assert name in UFUNCS, f"tests/cases.py has a case of {name}, which does not exist"
    assert len(cases.CASES[name].draw) == UFUNCS[name].nin


def test_every_ufunc_has_a_bench(monkeypatch):
    root = Path(__file__).resolve().parents[2]
    if not (root / "benches").is_dir():
        pytest.skip(f"the benches are not part of this copy of the tests: {root / 'benches'} is absent")
    monkeypatch.syspath_prepend(str(root))
    benches = importlib.import_module("benches")
    assert benches.benched_ufuncs() == set(UFUNCS)


@every
def test_one_loop_over_float64(name):
    inputs, results = UFUNCS[name].types[0].split("->")
    assert len(UFUNCS[name].types) == 1
    assert set(inputs) <= set("db?")
    # not "q": where long has 64 bits that is a type of its own, and no np.int64
    assert set(results) <= {"d", np.dtype(np.int64).char}


@every
def test_docstring_names_the_arguments(name):
    text = UFUNCS[name].__doc__.split("\n", 1)[1]
    assert len(text.strip()) > 20
    if UFUNCS[name].nin > 1:
        assert all(argument in text for argument in cases.CASES[name].draw), text


@every
def test_out_is_the_result(name):
    arguments = draw(name)
    expected = call(name, arguments)
    out = outputs(name)
    results = call(name, arguments, out=out)
    assert all(result is array for result, array in zip(results, out, strict=True))
    assert_same_bits(out, expected)


@every
@pytest.mark.parametrize("layout", ["strided", "negative strides", "unaligned", "Fortran order", "big-endian"])
def test_out_of_any_layout(name, layout):
    arguments = draw(name, (5, 11))
    expected = call(name, arguments)
    out = tuple(LAYOUTS[layout](array) for array in outputs(name, (5, 11)))
    results = call(name, arguments, out=out)
    assert all(result is array for result, array in zip(results, out, strict=True))
    assert_same_bits(
        [array.astype(other.dtype) for array, other in zip(out, expected, strict=True)],
        expected,
    )


@every
def test_out_is_written_nowhere_else(name):
    arguments = draw(name, (7,))
    out = outputs(name, (7,))
    around = [np.full(tuple(n + 6 for n in array.shape), 77, dtype=array.dtype) for array in out]
    inner = tuple(array[(slice(3, -3),) * array.ndim] for array in around)
    expected = call(name, arguments)
    call(name, arguments, out=inner)
    assert_same_bits(inner, expected)
    for array in inner:
        array[...] = 77
    assert all((array == 77).all() for array in around)


@every
@pytest.mark.parametrize("layout", LAYOUTS)
def test_inputs_of_any_layout(name, layout):
    arguments = draw(name, (5, 11))
    expected = call(name, arguments)
    assert_same_bits(call(name, [LAYOUTS[layout](array) for array in arguments]), expected)
    for place in range(len(arguments)):
        mixed = [LAYOUTS[layout](array) if i == place else array for i, array in enumerate(arguments)]
        assert_same_bits(call(name, mixed), expected)


@every
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64, np.int32, np.uint16])
def test_numbers_of_other_types(name, dtype):
    arguments = draw(name)
    letters = UFUNCS[name].types[0]
    if np.dtype(dtype).kind != "f":
        arguments = [np.abs(array) % 100 if array.dtype == float else array for array in arguments]
    with np.errstate(over="ignore", under="ignore"):
        narrow = [
            array.astype(dtype) if letter == "d" else array for array, letter in zip(arguments, letters, strict=False)
        ]
    wide = [array.astype(float) if array.dtype == dtype else array for array in narrow]
    with np.errstate(all="ignore"):
        assert_same_bits(call(name, narrow), call(name, wide))
        for place, letter in enumerate(letters.split("->")[0]):
            if letter == "d":
                mixed = [narrow[i] if i == place else array for i, array in enumerate(wide)]
                assert_same_bits(call(name, mixed), call(name, wide))


@every
@pytest.mark.parametrize("dtype", [complex, object, "M8[ns]", "U3"])
def test_what_is_no_real_number_is_refused(name, dtype):
    arguments = draw(name)
    arguments[0] = np.zeros(arguments[0].shape, dtype)
    with pytest.raises(TypeError):
        call(name, arguments)


@every
def test_broadcasting(name):
    arguments = draw(name, (6, 4))
    timed = cases.has_time(UFUNCS[name])
    expected = call(name, arguments)
    for place, array in enumerate(arguments if len(arguments) > 1 else ()):
        row, column = array[:1], array[:, :1]
        for small in (row, column, row[0], array[0, 0]):
            whole = np.broadcast_to(small, array.shape).copy()
            full = [whole if i == place else other for i, other in enumerate(arguments)]
            assert_same_bits(
                call(name, [small if i == place else other for i, other in enumerate(arguments)]),
                call(name, full),
            )
    # rows against columns
    crossed = [array[:, :1] if i % 2 else array[:1] for i, array in enumerate(arguments)]
    whole = [np.broadcast_to(array, other.shape).copy() for array, other in zip(crossed, arguments, strict=True)]
    if len(arguments) > 1:
        assert_same_bits(call(name, crossed), call(name, whole))
    assert [result.shape for result in expected] == [
        (6, 4, BARS) if time else (6, 4) for time in timed[UFUNCS[name].nin :]
    ]


@every
def test_shapes_that_do_not_fit(name):
    if UFUNCS[name].nin == 1:
        pytest.skip("one input fits itself")
    arguments = draw(name, (6,))
    arguments[1] = draw(name, (5,))[1]
    with pytest.raises(ValueError, match="broadcast"):
        call(name, arguments)


@every
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty(name, shape):
    results = call(name, draw(name, shape))
    timed = cases.has_time(UFUNCS[name])[UFUNCS[name].nin :]
    assert [result.shape for result in results] == [(*shape, BARS) if time else shape for time in timed]


@pytest.mark.parametrize("name", PATHS)
def test_no_bars(name):
    result, *others = call(name, draw(name, (3,), 0))
    if cases.has_time(UFUNCS[name])[-1]:
        assert [array.shape for array in (result, *others)] == [(3, 0)] * UFUNCS[name].nout
    elif name in cases.SUMMARIES:
        np.testing.assert_array_equal(result, [cases.SUMMARIES[name]] * 3)
    else:
        np.testing.assert_array_equal(result, [0, 0, 0])


@every
def test_scalars(name):
    arguments = draw(name, ())
    results = call(name, arguments)
    for result, time, letter in zip(
        results,
        cases.has_time(UFUNCS[name])[UFUNCS[name].nin :],
        UFUNCS[name].types[0].split("->")[1],
        strict=True,
    ):
        if time:
            assert result.shape == (BARS,)
        else:
            assert type(result) is np.dtype(letter).type
    # the codes of kinds stay numbers of their own type, as the faces give them
    as_python = [array if array.dtype == np.int8 else array.tolist() for array in arguments]
    assert_same_bits(call(name, as_python), results)
    as_arrays = [array[np.newaxis] for array in arguments]
    assert_same_bits([result[0] for result in call(name, as_arrays)], results)


@every
def test_inputs_are_left_alone(name):
    arguments = draw(name)
    before = [array.tobytes() for array in arguments]
    call(name, arguments)
    assert [array.tobytes() for array in arguments] == before


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_where(name):
    arguments = draw(name, (200,))
    expected = call(name, arguments)
    where = np.arange(200) % 3 == 1
    out = outputs(name, (200,))
    call(name, arguments, out=out, where=where)
    for array, result in zip(out, expected, strict=True):
        np.testing.assert_array_equal(words(array), words(np.where(where, result, -12345.0)))


@pytest.mark.filterwarnings("error")
@every_float
def test_nan_gives_nan_quietly(name, argument):
    if name == "liquidation_first_breach":
        pytest.skip("its answer is an index: see test_nan_and_the_first_breach")
    if name in cases.TABLES:
        pytest.skip("an option counts at every spot: see test_numbers_out_of_their_domain of the profile")
    if name == "funding_impact_price" and argument in ("prices", "quantity"):
        pytest.skip("an order fills before the level, or the book ends there: see test_impact_price")
    if name.startswith("carry_cash_and_carry") and cases.has_time(UFUNCS[name])[place_of(name, argument)]:
        pytest.skip("a missing price is no information: see test_missing_marks_are_no_information")
    ufunc, place = UFUNCS[name], place_of(name, argument)
    arguments = draw(name, (150,))
    expected = call(name, arguments)
    hurt = np.arange(150) % 7 == 3
    if ufunc.signature is None:
        arguments[place][hurt] = np.nan
        for result, other in zip(call(name, arguments), expected, strict=True):
            assert np.isnan(result[hurt]).all()
            np.testing.assert_array_equal(words(result[~hurt]), words(other[~hurt]))
        return
    bar = 9
    if arguments[place].ndim == 2:
        arguments[place][hurt, bar] = np.nan
    else:
        arguments[place][hurt] = np.nan
    if "schedule" in cases.CASES[name].draw:
        # a cost is a number that matters only where there is a trade
        arguments[place_of(name, "schedule")][:, bar] = True
        clean = draw(name, (150,))
        clean[place_of(name, "schedule")][:, bar] = True
        expected = call(name, clean)
    for layout in (np.ascontiguousarray, time_first):
        results = call(name, [layout(array) for array in arguments])
        for result, other in zip(results, expected, strict=True):
            assert np.isnan(result[hurt] if name in cases.SUMMARIES else result[hurt, bar:]).all()
            np.testing.assert_array_equal(words(result[~hurt]), words(other[~hurt]))
            if arguments[place].ndim == 2 and result.ndim == 2:
                np.testing.assert_array_equal(words(result[hurt, :bar]), words(other[hurt, :bar]))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("argument", list(cases.AMOUNT)[:-1])
def test_nan_and_the_first_breach(argument):
    name = "liquidation_first_breach"
    arguments = draw(name, (150,))
    (expected,) = call(name, arguments)
    hurt = np.arange(150) % 7 == 3
    arguments[place_of(name, argument)][hurt] = np.nan
    for layout in (np.ascontiguousarray, time_first):
        (result,) = call(name, [layout(array) for array in arguments])
        np.testing.assert_array_equal(result, np.where(hurt, arguments[0].shape[-1] + 1, expected))


@pytest.mark.filterwarnings("error")
def test_nan_mark_is_no_breach():
    name = "liquidation_first_breach"
    arguments = draw(name, (150,))
    (before,) = call(name, arguments)
    breached = before < arguments[0].shape[-1]
    assert 20 < breached.sum() < 150
    arguments[0][breached, before[breached]] = np.nan
    (after,) = call(name, arguments)
    (without,) = call(
        name, [np.where(np.isnan(arguments[0]), arguments[2][:, np.newaxis], arguments[0]), *arguments[1:]]
    )
    np.testing.assert_array_equal(after[~breached], before[~breached])
    assert (after[breached] > before[breached]).all()
    # a mark at the entry price is one that the same positions survive, if they have margin at all
    solvent = breached & (arguments[3] + arguments[4] > np.abs(arguments[1]) * arguments[2] * arguments[7])
    np.testing.assert_array_equal(after[solvent], without[solvent])


@pytest.mark.parametrize(
    ("name", "argument", "value", "flag"),
    [
        (name, argument, value, flag)
        for name, case in cases.CASES.items()
        for argument, values in case.outside.items()
        for value, flag in values.items()
    ],
)
def test_out_of_domain_sets_the_flag_for_its_element_alone(name, argument, value, flag):
    place = place_of(name, argument)
    arguments = draw(name, (150,))
    expected = call(name, arguments)
    hurt = np.arange(150) == 76
    arguments[place][(hurt, 9) if arguments[place].ndim == 2 else hurt] = value
    with pytest.raises(FloatingPointError, match=flag):
        call(name, arguments)
    others = {"divide", "over", "under", "invalid"} - {flag, "over" if flag == "overflow" else flag}
    with np.errstate(all="ignore", **dict.fromkeys(others, "raise")):
        results = call(name, arguments)
    for result, other in zip(results, expected, strict=True):
        assert (words(result)[~hurt] == words(other)[~hurt]).all()
        if result.dtype.kind == "f" and flag == "invalid":
            hit = slice(9, 10) if name in cases.TABLES else slice(9, None)
            assert np.isnan(result[hurt][..., hit] if result.ndim == 2 else result[hurt]).all()
        if result.dtype.kind == "i":
            assert (result[hurt] == arguments[0].shape[-1] + 1).all()


LENGTHS = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 63, 64, 65, 127, 128, 129)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_element_does_not_know_its_place(name):
    count = 203
    arguments = draw(name, (count,))
    expected = call(name, arguments)
    for length in LENGTHS:
        for start in (0, 1, 5, 64, count - length):
            piece = slice(start, start + length)
            assert_same_bits(call(name, [array[piece] for array in arguments]), [result[piece] for result in expected])
    order = np.random.default_rng(1).permutation(count)
    assert_same_bits(call(name, [array[order] for array in arguments]), [result[order] for result in expected])


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("wild", [False, True], ids=["ordinary", "wild"])
def test_an_element_is_what_it_is_alone(name, wild):
    count = 3000
    arguments = cases.wild_arguments(name, (count,)) if wild else draw(name, (count,))
    with np.errstate(all="ignore"):
        expected = call(name, arguments)
        one_by_one = [call(name, [array[i] for array in arguments]) for i in range(count)]
    assert_same_bits([np.array(column) for column in zip(*one_by_one, strict=True)], expected)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_element_does_not_know_its_neighbours(name):
    count = 40
    arguments = draw(name, (count,))
    expected = call(name, arguments)
    floats = [place for place, letter in enumerate(UFUNCS[name].types[0][: UFUNCS[name].nin]) if letter == "d"]
    with np.errstate(all="ignore"):
        for hostile in (np.nan, np.inf, -np.inf, 0.0, -1.0, 1e300, 1e-300, 5e-324):
            for kept in range(count):
                others = [array.copy() for array in arguments]
                for place in floats:
                    others[place][np.arange(count) != kept] = hostile
                assert_same_bits([result[kept] for result in call(name, others)], [result[kept] for result in expected])


@pytest.mark.parametrize("name", PATHS)
def test_a_path_does_not_know_its_place(name):
    # blocks of 8, 64, 128, 256 and 1024 paths or bars have their ends here
    paths, bars = 1100, BARS if name in cases.WINDOWED else 9
    arguments = draw(name, (paths,), bars)
    expected = call(name, arguments)
    one_by_one = [call(name, [array[i] for array in arguments]) for i in range(paths)]
    assert_same_bits([np.array(results) for results in zip(*one_by_one, strict=True)], expected)
    for layout in (np.ascontiguousarray, time_first):
        for count in (*LENGTHS, 255, 256, 257, 1023, 1024, 1025, 1100):
            for start in (0, paths - count):
                piece = [layout(array[start : start + count]) for array in arguments]
                same = [result[start : start + count] for result in expected]
                assert_same_bits(call(name, piece), same)
                # results that lie side by side too
                out = tuple(layout(array) for array in outputs(name, (count,), bars))
                assert_same_bits(call(name, piece, out=out), same)


@pytest.mark.parametrize("name", [name for name in PATHS if name not in cases.SUMMARIES])
@pytest.mark.parametrize("paths", [1, 7, 8, 130])
def test_a_bar_does_not_know_what_comes_after(name, paths):
    bars = 300
    arguments = draw(name, (paths,), bars)
    # the steps of a margin are no bars
    cores = UFUNCS[name].signature.split("->")[0].split("),(")
    timed = ["t" in core for core in cores]
    expected = call(name, arguments)
    for length in (*LENGTHS, 130, 255, 256, 257):
        for layout in (np.ascontiguousarray, time_first):
            cut = [array[:, :length] if long else array for array, long in zip(arguments, timed, strict=True)]
            results = call(name, [layout(array) for array in cut])
            if expected[0].ndim == 2:
                assert_same_bits(results, [result[:, :length] for result in expected])
            else:
                (index,), (whole,) = results, expected
                np.testing.assert_array_equal(index, np.minimum(whole, length))


@pytest.mark.parametrize("name", PATHS)
def test_a_path_does_not_know_its_neighbours(name):
    paths = 137
    arguments = draw(name, (paths,))
    expected = call(name, arguments)
    floats = [place for place, letter in enumerate(UFUNCS[name].types[0][: UFUNCS[name].nin]) if letter == "d"]
    with np.errstate(all="ignore"):
        for hostile in (np.nan, np.inf, -np.inf, 0.0, -1.0, 1e300, 5e-324):
            for kept in (0, 5, 7, 8, 127, 128, 136):
                others = [array.copy() for array in arguments]
                for place in floats:
                    others[place][np.arange(paths) != kept] = hostile
                for layout in (np.ascontiguousarray, time_first):
                    results = call(name, [layout(array) for array in others])
                    assert_same_bits([result[kept] for result in results], [result[kept] for result in expected])


def same_memory(name, arguments, place, output):
    """Whether an output can lie exactly where an input lies."""
    letter = UFUNCS[name].types[0].split("->")[1][output]
    timed = cases.has_time(UFUNCS[name])
    return (
        arguments[place].dtype.itemsize == np.dtype(letter).itemsize
        and timed[place] == timed[UFUNCS[name].nin + output]
    )


@every
@pytest.mark.parametrize("shape", [(1,), (8,), (150,), (1100,)])
@pytest.mark.parametrize("order", "CF")
def test_in_place(name, shape, order):
    arguments = [array.copy(order) for array in draw(name, shape)]
    expected = call(name, arguments)
    for output in range(UFUNCS[name].nout):
        for place in range(UFUNCS[name].nin):
            if not same_memory(name, arguments, place, output):
                continue
            copies = [array.copy(order) for array in arguments]
            out = list(outputs(name, shape))
            out[output] = copies[place].view(out[output].dtype)
            call(name, copies, out=tuple(out))
            assert_same_bits(out, expected)


@every
def test_in_place_everywhere(name):
    """Each output on an input of its own, as far as the inputs go."""
    arguments = draw(name, (150,))
    expected = call(name, arguments)
    copies = [array.copy() for array in arguments]
    out = list(outputs(name, (150,)))
    free = set(range(len(copies)))
    for output in range(len(out)):
        place = next((i for i in sorted(free) if same_memory(name, copies, i, output)), None)
        if place is not None:
            free.remove(place)
            out[output] = copies[place].view(out[output].dtype)
    call(name, copies, out=tuple(out))
    assert_same_bits(out, expected)


@every
@pytest.mark.parametrize("shift", [1, -1, 3, 64, -64, "reversed"])
def test_overlap(name, shift):
    shape = (150,)
    arguments = draw(name, shape)
    expected = call(name, arguments)
    for output in range(UFUNCS[name].nout):
        for place, array in enumerate(arguments):
            if not same_memory(name, arguments, place, output):
                continue
            out = list(outputs(name, shape))
            if shift == "reversed":
                source = array.copy()
                target = source[::-1]
            else:
                buffer = np.empty((shape[0] + abs(shift), *array.shape[1:]), array.dtype)
                source = buffer[max(-shift, 0) :][: shape[0]]
                target = buffer[max(shift, 0) :][: shape[0]]
                source[...] = array
            out[output] = target.view(out[output].dtype)
            call(name, [source if i == place else other for i, other in enumerate(arguments)], out=tuple(out))
            assert_same_bits(out, expected)


@pytest.mark.parametrize("shift", [1, -1, 3])
@pytest.mark.parametrize("name", [name for name in PATHS if name.startswith("leverage")])
def test_overlap_along_time(name, shift):
    arguments = draw(name, (9,))
    expected = call(name, arguments)
    for order in "CF":
        buffer = np.empty((9, BARS + abs(shift)), order=order)
        source = buffer[:, max(-shift, 0) :][:, :BARS]
        target = buffer[:, max(shift, 0) :][:, :BARS]
        source[...] = arguments[0]
        assert_same_bits(call(name, [source, *arguments[1:]], out=(target,)), expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@every
def test_pickle_by_a_name_that_every_build_answers_to(name):
    text = pickle.dumps(UFUNCS[name])
    assert pickle.loads(text) is UFUNCS[name]
    assert b"_builds" not in text, f"a process with another processor would load this one's build: {text!r}"


CHILD = """
import pickle, sys, cases
texts = pickle.load(sys.stdin.buffer)
own = cases.ufuncs()
assert set(texts) == set(own)
for name, text in texts.items():
    assert pickle.loads(text) is own[name], name
"""


# looking for a name, pickle asks modules that warn of whatever they are asked for
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pickles_travel_between_builds():
    texts = pickle.dumps({name: pickle.dumps(ufunc) for name, ufunc in UFUNCS.items()})
    for level in dispatch.available():
        if level in dispatch.LEVELS[: dispatch.LEVELS.index(dispatch.supported) + 1]:
            answer = subprocess.run(
                [sys.executable, "-W", "error", "-c", CHILD],
                input=texts,
                env=environment(level),
                capture_output=True,
                check=False,
                timeout=60,
            )
            assert answer.returncode == 0, answer.stderr.decode()


@every
def test_threads(name):
    count, parts = 4096, 4
    arguments = draw(name, (count,))
    expected = call(name, arguments)

    def work(part, out):
        piece = slice(part * count // parts, (part + 1) * count // parts)
        with np.errstate(all="raise"):
            call(name, [array[piece] for array in arguments], out=tuple(array[piece] for array in out))

    with ThreadPoolExecutor(parts) as pool:
        for _ in range(5):
            out = outputs(name, (count,))
            for future in [pool.submit(work, part, out) for part in range(parts)]:
                future.result()
            assert_same_bits(out, expected)
