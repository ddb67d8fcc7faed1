"""Scalars that are absurd for their unit warn; arrays and ordinary numbers do not, and neither does what is refused."""

import inspect
import warnings

import numpy as np
import pytest

import shortgamma as sg
from shortgamma._core.plausible import LIMITS, check

OPTION = {"vol": 0.3, "expiry": 0.5, "kind": "down-in", "option": "put"}


def price(**terms):
    return sg.barrier.price(100.0, 95.0, 80.0, **{**OPTION, **terms})


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"vol": 30}, "vol=30: a volatility is per year, 0.3 for 30 %"),
        ({"expiry": 365.0}, "expiry=365: it is in years, 30 / 365 for 30 days"),
        ({"expiry": 30}, "expiry=30: it is in years"),
        ({"rate": 5.0}, "rate=5: rates are fractions, 0.05 for 5 %"),
        ({"dividend": -2.0}, "dividend=-2: yields are fractions"),
    ],
)
def test_absurd_scalars_warn(terms, said):
    with pytest.warns(sg.PlausibilityWarning) as caught:
        price(**terms)
    assert str(caught[0].message).startswith(said)
    assert caught[0].filename == __file__


def test_positional_arguments_warn():
    with pytest.warns(sg.PlausibilityWarning, match="^vol=20: "):
        sg.leverage.volatility_drag(3.0, 20.0, 1.0)


CONSTRUCTORS = [
    (lambda: sg.leverage.TokenRule(1000.0, every=1), "leverage=1000: leverage is a multiple"),
    (lambda: sg.leverage.TokenRule(3.0, every=1, expense=0.95), "expense=0.95: an expense ratio is a fraction a year"),
    (lambda: sg.leverage.TokenRule(3.0, every=1, cost=0.3), "cost=0.3: costs are fractions"),
    (lambda: sg.leverage.TokenRule(3.0, every=1, spread=0.5), "spread=0.5: a spread is a fraction a year"),
    (lambda: sg.leverage.TokenRule(3.0, every=1, slippage=0.3), "slippage=0.3: slippage is a fraction"),
    (lambda: sg.leverage.TokenRule(3.0, every=1).replace(expense=0.95), "expense=0.95: "),
    (lambda: sg.liquidation.LiquidationRule(fee=0.75), "fee=0.75: fees are fractions"),
]


@pytest.mark.parametrize(("make", "said"), CONSTRUCTORS)
def test_constructors_warn(make, said):
    with pytest.warns(sg.PlausibilityWarning) as caught:
        make()
    assert str(caught[0].message).startswith(said)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sg.leverage.nav([1.0, 1.01], 1000.0), "leverage=1000: "),
        (lambda: sg.barrier.two_asset_price(
            100.0, 95.0, 50.0, 40.0, vol=0.3, other_vol=30.0, correlation=0.5, expiry=1.0, kind="down-in",
            option="put"), "other_vol=30: a volatility is per year"),
        (lambda: sg.barrier.reverse_convertible(100.0, 100.0, 80.0, vol=0.3, expiry=1.0, coupon=8.0),
         "coupon=8: a coupon is a fraction"),
        (lambda: sg.liquidation.pnl(1.0, 100.0, 101.0, contract="XBTUSD", entry_fee=0.75), "entry_fee=0.75: fees"),
        (lambda: sg.liquidation.account_breach_probability(
            {"BTC": 100.0}, [1.0], [1.0], [100.0], [20.0], maintenance=0.005, vol={"BTC": 60.0}, expiry=0.1,
            contracts=[sg.contracts.Contract("linear", underlying="BTC", quote="USD", settlement="USD")],
            coins=["USD"], paths=64), "vol=60: a volatility is per year"),
    ],
)  # fmt: skip
def test_other_functions_warn(call, said):
    with pytest.warns(sg.PlausibilityWarning) as caught:
        call()
    assert str(caught[0].message).startswith(said)
    assert caught[0].filename == __file__


def test_prices_are_not_fractions():
    """The volatility of Bachelier's model and the spread of a schedule are in units of price."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", sg.PlausibilityWarning)
        sg.vanilla.normal_price(100.0, 95.0, vol=20.0, expiry=0.5, option="call")
        sg.dealer.execution_schedule(
            1e4, 5, 5.0, vol=9.0, permanent=2.5e-7, temporary=2.5e-6, spread=0.5, risk_aversion=1e-6
        )


def test_every_limit_is_of_an_argument():
    functions = [
        value
        for family in (sg.barrier, sg.vanilla, sg.leverage, sg.funding, sg.liquidation, sg.dealer, sg.carry)
        for value in (getattr(family, name) for name in family.__all__)
        if inspect.isroutine(value) or (isinstance(value, type) and "__init__" in vars(value))
    ]
    names = {name for function in functions for name in inspect.signature(function).parameters}
    assert set(LIMITS) <= names


def test_python_callers_warn():
    for name, (limit, _) in LIMITS.items():
        with pytest.warns(sg.PlausibilityWarning, match=f"^{name}="):
            check(**{name: 1.5 * limit})


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"vol": 2.0},
        {"expiry": 20.0},
        {"rate": -0.5},
        {"vol": np.array([30.0])},
        {"expiry": [365.0]},
        {"rate": np.nan},
    ],
)
def test_others_do_not(terms):
    with warnings.catch_warnings():
        warnings.simplefilter("error", sg.PlausibilityWarning)
        price(**terms)


def test_what_is_of_no_size_does_not():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", sg.PlausibilityWarning)
        for name in ("vol", "expiry", "rate", "dividend"):
            for value in (np.inf, -np.inf, 1e300):
                price(**{name: value})


def test_a_warning_can_be_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error", sg.PlausibilityWarning)
        with pytest.raises(sg.PlausibilityWarning):
            price(vol=30.0)


def test_of_a_call_with_labels():
    pd = pytest.importorskip("pandas")
    spots = pd.Series([90.0, 100.0], index=["a", "b"])
    with pytest.warns(sg.PlausibilityWarning, match="vol=30"):
        sg.barrier.price(spots, 100.0, 80.0, vol=30.0, expiry=1.0, kind="down-in", option="put")
    price = pd.Series([100.0, 101.0], index=pd.date_range("2020-01-01", periods=2))
    with pytest.warns(sg.PlausibilityWarning, match=r"expense=0\.95"):
        sg.leverage.nav(price, 3.0, expense=0.95)


def test_years_of_margined_positions():
    terms = {"contract": "ETHUSD", "maintenance": 0.01, "vol": 0.8}
    with pytest.warns(sg.PlausibilityWarning, match="expiry=7"):
        sg.liquidation.breach_probability(200.0, 20_000.0, 200.0, 1.0, **terms, expiry=7.0)
