"""The C API: fixed signatures, and the numbers of the ufuncs."""

import ctypes
import math

import numpy as np
import pytest

import shortgamma as sg
from shortgamma import capi
from shortgamma.contracts import ETHUSD, XBTUSD

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
        expected = sg.barrier.greeks(spot, 95.0, 100.0, 0.3, 0.7, order=2, **market)
        values = (spot, 95.0, 100.0, 0.3, 0.7, 0.03, 0.01, 2.0, code)
        assert price(*values) == pytest.approx(float(expected.price), rel=1e-13)
        assert greeks(*values, 2, out) == 14
        np.testing.assert_allclose(list(out), expected, rtol=1e-10, atol=1e-12)
        assert greeks(*values, 1, out) == 7
    assert greeks(*values, 3, out) == 0
    assert math.isnan(price(*values[:-1], 32))
    late = sg.barrier.price(90.0, 95.0, 100.0, 0.3, 0.7, **{**market, "rebate_at": "expiry"})
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
            limit = sg.liquidation.price(*position, contract=contract, maintenance=0.01, fee=1e-3)
            assert function("liquidation_price")(*position, 0.01, 1e-3, *terms) == limit
        growth = function("leverage_growth")(mark / entry, 3.0, 1e-4, 1e-5)
        assert growth == sg.leverage.nav([entry, mark], 3.0, financing=1e-4, fee=1e-5)[-1]
    assert math.isnan(function("contract_value")(1.0, -1.0, 1.0, 0))
    assert math.isnan(function("liquidation_price")(1.0, 1.0, 1.0, 2.0, 0.0, 1.0, 0))


def test_scipy_integrates_a_price_over_the_spot():
    scipy = pytest.importorskip("scipy")
    integrate = pytest.importorskip("scipy.integrate")
    one = scipy.LowLevelCallable.from_cython(capi, "normal_pdf")
    assert one.signature.replace(" noexcept", "") == "double (double)"
    area, error = integrate.quad(one, -1.0, 2.0)
    expected = float(sg.vecmath.normal_cdf(2.0) - sg.vecmath.normal_cdf(-1.0))
    assert abs(area - expected) <= error + 1e-14
