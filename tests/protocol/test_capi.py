"""The C API: fixed signatures, and the numbers of the ufuncs."""

import ctypes
import math

import numpy as np
import pytest
from listed import ETHUSD, XBTUSD
from oracle import assert_same_bits

import shortgamma as sg
from shortgamma import capi

DOUBLE, INT, POINTER = ctypes.c_double, ctypes.c_int, ctypes.POINTER(ctypes.c_double)
SIGNATURES = {
    **dict.fromkeys(("exp", "log", "erfc", "erfcx", "normal_cdf", "normal_pdf"), "double (double)"),
    "barrier_price": "double (double, double, double, double, double, double, double, double, int)",
    "barrier_greeks": "int (double, double, double, double, double, double, double, double, int, int, double *)",
    "contract_value": "double (double, double, double, int)",
    "contract_profit": "double (double, double, double, double, int)",
    "leverage_growth": "double (double, double, double, double)",
    "funding_payment": "double (double, double, double, double, int)",
    "liquidation_price": "double (double, double, double, double, double, double, int)",
}
TYPES = {"double": DOUBLE, "int": INT, "double *": POINTER}

get_name = ctypes.pythonapi.PyCapsule_GetName
get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def function(name):
    """A C function of the API, as ctypes sees it."""
    capsule = capi.__pyx_capi__[name]
    result, _, arguments = SIGNATURES[name].rstrip(")").partition(" (")
    kinds = [TYPES[argument] for argument in arguments.split(", ")]
    return ctypes.CFUNCTYPE(TYPES[result], *kinds)(get_pointer(capsule, get_name(capsule)))


def test_names_and_signatures():
    found = {name: get_name(capsule).decode() for name, capsule in capi.__pyx_capi__.items()}
    assert {name: text.replace(" noexcept", "") for name, text in found.items()} == SIGNATURES


@pytest.mark.parametrize("name", ["exp", "log", "erfc", "erfcx", "normal_cdf", "normal_pdf"])
def test_elementary_functions(name):
    one = function(name)
    x = np.linspace(0.01, 5.0, 40)
    # another build than the ufunc's, where the compiler may round elsewhere
    np.testing.assert_allclose([one(value) for value in x], getattr(sg.vecmath, name)(x), rtol=2e-15)


def test_barrier():
    price, greeks = function("barrier_price"), function("barrier_greeks")
    out = (DOUBLE * 14)()
    kinds = [(kind, option) for option in ("call", "put") for kind in ("down-in", "up-in", "down-out", "up-out")]
    for code, (kind, option) in enumerate(kinds):
        spot = 90.0 if kind.startswith("up") else 110.0
        market = {"rate": 0.03, "dividend": 0.01, "rebate": 2.0, "kind": kind, "option": option}
        expected = sg.barrier.greeks(spot, 95.0, 100.0, vol=0.3, expiry=0.7, order=2, **market)
        values = (spot, 95.0, 100.0, 0.3, 0.7, 0.03, 0.01, 2.0, code)
        assert price(*values) == pytest.approx(float(expected.price), rel=1e-13)
        assert greeks(*values, 2, out) == 14
        np.testing.assert_allclose(list(out), expected, rtol=1e-10, atol=1e-12)
        assert greeks(*values, 1, out) == 7
    assert greeks(*values, 3, out) == 0
    assert math.isnan(price(*values[:-1], 32))
    late = sg.barrier.price(90.0, 95.0, 100.0, vol=0.3, expiry=0.7, **{**market, "rebate_at": "expiry"})
    assert price(*values[:-1], 15) == pytest.approx(float(late), rel=1e-13)
    assert math.isnan(price(-1.0, *values[1:]))


def test_cash_functions_have_the_bits_of_the_ufuncs():
    random = np.random.default_rng(1)
    for quantity, entry, mark in zip(
        random.normal(0, 1e4, 50), random.uniform(1, 500, 50), random.uniform(1, 500, 50), strict=True
    ):
        for contract in (ETHUSD, XBTUSD):
            terms = (contract.multiplier, int(contract.inverse))
            assert function("contract_value")(quantity, mark, *terms) == contract.value(quantity, mark)
            assert function("contract_profit")(quantity, entry, mark, *terms) == contract.pnl(quantity, entry, mark)
            cash = sg.funding.accrue(quantity, mark, 1e-4, contract=contract)
            assert function("funding_payment")(quantity, mark, 1e-4, *terms) == cash
            position = (quantity, entry, 0.01)
            limit = sg.liquidation.liquidation_price(*position, contract=contract, maintenance=0.01, fee=1e-3)
            assert function("liquidation_price")(*position, 0.01, 1e-3, *terms) == limit
        growth = function("leverage_growth")(mark / entry, 3.0, 1e-4, 1e-5)
        assert growth == sg.leverage.nav([entry, mark], 3.0, financing=1e-4, expense=1e-5, periods_per_year=1)[-1]
    assert math.isnan(function("contract_value")(1.0, -1.0, 1.0, 0))
    assert math.isnan(function("liquidation_price")(1.0, 1.0, 1.0, 2.0, 0.0, 1.0, 0))


@pytest.mark.parametrize("name", SIGNATURES)
def test_scipy_takes_every_function(name):
    scipy = pytest.importorskip("scipy")
    one = scipy.LowLevelCallable.from_cython(capi, name)
    assert one.signature.replace(" noexcept", "") == SIGNATURES[name]


# of each function an integral known in closed form
AREAS = {
    "exp": (0.0, 1.0, math.e - 1.0),
    "log": (1.0, 2.0, 2.0 * math.log(2.0) - 1.0),
    "erfc": (0.0, math.inf, 1.0 / math.sqrt(math.pi)),
    "normal_cdf": (-3.0, 3.0, 3.0),
    "normal_pdf": (-math.inf, 0.0, 0.5),
}


@pytest.mark.parametrize("name", AREAS)
def test_scipy_integrates_without_python(name):
    scipy = pytest.importorskip("scipy")
    integrate = pytest.importorskip("scipy.integrate")
    low, high, expected = AREAS[name]
    area, error = integrate.quad(scipy.LowLevelCallable.from_cython(capi, name), low, high)
    assert abs(area - expected) <= error + 1e-14


@pytest.mark.parametrize("code", range(32))
def test_quadrature_of_delta_is_the_difference_of_prices(code):
    integrate = pytest.importorskip("scipy.integrate")
    price, greeks, out = function("barrier_price"), function("barrier_greeks"), (DOUBLE * 7)()
    up, out_of_it = code & 1, code & 2
    terms = (95.0, 100.0, 0.3, 0.7, 0.03, 0.01, 2.0, code if out_of_it else code & 7)
    # on the living side of the barrier
    low, high = (70.0, 99.0) if up else (101.0, 140.0)

    def delta(spot):
        assert greeks(spot, *terms, 1, out) == 7
        return out[1]

    area, error = integrate.quad(delta, low, high)
    assert abs(area - (price(high, *terms) - price(low, *terms))) <= error + 1e-10


def test_numba_calls_them():
    extending = pytest.importorskip("numba.extending")
    numba = pytest.importorskip("numba")
    address = extending.get_cython_function_address("shortgamma.capi", "liquidation_price")
    one = ctypes.CFUNCTYPE(DOUBLE, *[DOUBLE] * 6, INT)(address)
    random = np.random.default_rng(2)
    quantity, entry = random.normal(0.0, 100.0, 50), random.uniform(1.0, 9.0, 50)

    @numba.njit
    def prices(quantity, entry):
        result = np.empty_like(entry)
        for i in range(len(entry)):
            result[i] = one(quantity[i], entry[i], 0.3, 0.01, 0.001, 1.0, 1)
        return result

    expected = sg.liquidation.liquidation_price(quantity, entry, 0.3, contract=XBTUSD, maintenance=0.01, fee=0.001)
    assert_same_bits(prices(quantity, entry), expected)


HOSTILE = [math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 1.0, 250.0, 1e-300, 1e300]


def test_hostile_numbers_have_the_bits_of_the_ufuncs():
    first, second = (grid.ravel() for grid in np.meshgrid(HOSTILE, HOSTILE))
    with np.errstate(all="ignore"):
        for contract in (ETHUSD, XBTUSD):
            terms = (contract.multiplier, int(contract.inverse))
            pairs = list(zip(first.tolist(), second.tolist(), strict=True))
            value = [function("contract_value")(*pair, *terms) for pair in pairs]
            assert_same_bits(value, contract.value(first, second))
            profit = [function("contract_profit")(2.0, *pair, *terms) for pair in pairs]
            assert_same_bits(profit, contract.pnl(2.0, first, second))
            cash = [function("funding_payment")(*pair, 1e-4, *terms) for pair in pairs]
            assert_same_bits(cash, sg.funding.accrue(first, second, 1e-4, contract=contract))
            for weight in (0.0, 0.01, 1.0, -0.1, math.nan):
                limit = [function("liquidation_price")(*pair, 0.5, weight, 0.0, *terms) for pair in pairs]
                expected = sg.liquidation.liquidation_price(first, second, 0.5, contract=contract, maintenance=weight)
                assert_same_bits(limit, expected)


def test_any_inverse_but_zero_is_inverse():
    value = function("contract_value")
    assert value(8.0, 2.0, 1.0, 0) == 16.0
    assert value(8.0, 2.0, 1.0, 1) == value(8.0, 2.0, 1.0, -3) == 4.0


@pytest.mark.parametrize("kind", [-1, 32, 2**31 - 1, -(2**31)])
def test_what_is_no_kind(kind):
    market, out = (110.0, 95.0, 100.0, 0.3, 0.7, 0.03, 0.01, 2.0), (DOUBLE * 14)(*[7.0] * 14)
    assert math.isnan(function("barrier_price")(*market, kind))
    assert function("barrier_greeks")(*market, kind, 1, out) == 0
    assert function("barrier_greeks")(*market, 0, 0, out) == 0
    assert list(out) == [7.0] * 14


def test_an_order_writes_what_it_says():
    market, out = (110.0, 95.0, 100.0, 0.3, 0.7, 0.03, 0.01, 2.0), (DOUBLE * 16)(*[7.0] * 16)
    assert function("barrier_greeks")(*market, 0, 1, out) == 7
    assert list(out)[7:] == [7.0] * 9
    assert function("barrier_greeks")(*market, 0, 2, out) == 14
    assert list(out)[14:] == [7.0] * 2


def test_growth_that_wipes_out_is_zero():
    growth = function("leverage_growth")
    assert growth(0.5, 3.0, 0.0, 0.0) == 0.0
    assert growth(1.0, 3.0, 0.0, 0.0) == 1.0
    assert math.isnan(growth(math.nan, 3.0, 0.0, 0.0))
