"""No loop touches memory that is not an array's: empty arrays, misaligned columns, arrays that change meanwhile."""

import threading
import time

import cases
import numpy as np
import pytest

import shortgamma as sg
from shortgamma._core.checks import offsets

UFUNCS = cases.ufuncs()
PATHS = [name for name, ufunc in UFUNCS.items() if ufunc.signature is not None]
LINEAR = sg.contracts.Contract("linear")


class Nowhere:
    """An empty array as polars and Rust hand it over: its address is that of no memory."""

    def __init__(self, shape, dtype):
        self.__array_interface__ = {
            "shape": shape,
            "typestr": np.dtype(dtype).str,
            "data": (8, False),
            "strides": tuple(np.dtype(dtype).itemsize for _ in shape),
            "version": 3,
        }


def nowhere(shape=(0,), dtype=np.float64):
    array = np.asarray(Nowhere(shape, dtype))
    assert array.size == 0
    assert array.ctypes.data == 8
    return array


@pytest.mark.parametrize("name", UFUNCS)
def test_no_elements(name):
    bars = 3
    arguments = [
        nowhere(argument.shape, argument.dtype)
        for argument in cases.arguments(name, (0,), bars if name in PATHS else 0)
    ]
    results = UFUNCS[name](*arguments)
    for result in results if UFUNCS[name].nout > 1 else (results,):
        assert result.shape[0] == 0


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("paths", [1, 2, 9])
def test_paths_of_no_bars(name, paths):
    arguments = [
        nowhere(argument.shape, argument.dtype) if argument.size == 0 else argument
        for argument in cases.arguments(name, (paths,), 0)
    ]
    try:
        results = UFUNCS[name](*arguments)
    except ValueError:
        # a core dimension that the loop asks to have a length
        return
    for result in results if UFUNCS[name].nout > 1 else (results,):
        assert result.shape[0] == paths


def test_total_of_an_empty_column():
    assert sg.funding.total(1.0, nowhere(), 1e-4, contract=LINEAR) == 0.0
    assert sg.funding.total(nowhere(), nowhere(), nowhere(), contract=LINEAR, fx=nowhere()) == 0.0
    np.testing.assert_array_equal(
        sg.funding.total(np.empty((0, 2)), np.empty((0, 2)), 0.0, contract=LINEAR, over=0), [0.0, 0.0]
    )


def minutes(count):
    """Nanoseconds since 1970 that lie so many minutes after some day in 2020."""
    return 1_600_000_020 * 10**9 + 60 * 10**9 * np.asarray(count, dtype=np.int64)


def test_events_of_empty_columns():
    times = nowhere(dtype=np.int64)
    events = minutes([1, 2, 3])
    np.testing.assert_array_equal(
        sg.funding.accrue_events(times, nowhere(), events, 1.0, 0.1, contract=LINEAR), [0.0, 0.0, 0.0]
    )
    assert sg.funding.accrue_events(times, nowhere(), times, nowhere(), nowhere(), contract=LINEAR).shape == (0,)
    assert sg.funding.accrue_events(times, nowhere(), times, 1.0, 0.1, contract=LINEAR, record="total") == 0.0
    assert sg.funding.accrue_continuous(times, nowhere(), times, nowhere(), nowhere(), contract=LINEAR).shape == (0,)
    assert sg.funding.position_at(times, nowhere(), times).shape == (0,)


@pytest.mark.parametrize("record", ["nav", "full", "summary"])
def test_no_paths_of_a_token(record):
    rule = sg.leverage.TokenRule(3.0, upper=4.0, every=1)
    result = sg.leverage.simulate(nowhere((5, 0)), rule, record=record)
    assert result.nav.shape == ((0,) if record == "summary" else (5, 0))


def packed(**columns):
    """Columns of records without padding, behind an odd byte: none of them is aligned."""
    columns = {name: np.asarray(column) for name, column in columns.items()}
    length = len(next(iter(columns.values())))
    record = np.dtype([("byte", "u1"), *((name, column.dtype) for name, column in columns.items())])
    table = np.empty(length, dtype=record)
    for name, column in columns.items():
        table[name] = column
        assert not table[name].flags.aligned
    return [table[name] for name in columns]


def test_misaligned_columns():
    random = np.random.default_rng(3)
    fill, quantity = np.sort(random.integers(0, 800, 50)), random.normal(size=50)
    event, mark, rate = np.arange(0, 1000, 10), np.exp(random.normal(size=100)), random.normal(size=100)
    fill, event = minutes(fill), minutes(event)
    columns = (fill, quantity, event, mark, rate)
    bad = (*packed(fill=fill, quantity=quantity), *packed(event=event, mark=mark, rate=rate))
    for function in (sg.funding.accrue_events, sg.funding.accrue_continuous):
        expected = function(*columns, contract=LINEAR)
        np.testing.assert_array_equal(function(*bad, contract=LINEAR), expected, strict=True)
    np.testing.assert_array_equal(sg.funding.position_at(*bad[:3]), sg.funding.position_at(*columns[:3]), strict=True)


def test_offsets_are_copied():
    given = np.array([0, 2, 5])
    assert not np.shares_memory(offsets("indptr", given, 5, "fills"), given)


def test_arrays_that_another_thread_writes_to():
    """Values may be torn, nothing crashes, and whatever comes back has the right shape."""
    random = np.random.default_rng(4)
    accounts, fills, events = 40, 8_000, 2_000
    fill = minutes(np.sort(random.integers(0, events, (accounts, fills // accounts)), axis=1).ravel())
    start = np.linspace(0, fills, accounts + 1).astype(np.int64)
    quantity, event, mark = random.normal(size=fills), minutes(np.arange(events + 1)), np.full(events + 1, 100.0)
    spoilt = {"fill": (fill, fill.copy()), "start": (start, start.copy()), "event": (event, event.copy())}
    stop = threading.Event()

    def spoil():
        while not stop.is_set():
            for array, good in spoilt.values():
                array[1:-1] = 2**40
                array[:] = -5
                array[:] = good

    thread = threading.Thread(target=spoil)
    thread.start()
    try:
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            try:
                cash = sg.funding.accrue_events(fill, quantity, event, mark, 1e-4, contract=LINEAR, indptr_fills=start)
            except ValueError:
                continue
            assert cash.shape == (events + 1, accounts)
    finally:
        stop.set()
        thread.join()
