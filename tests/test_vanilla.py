"""European options against mpmath, published values, the barrier family, and each other."""

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracle import vanilla as oracle
from oracle.vanilla import REGIMES, adversaries, draw, scales

import shortgamma as sg

DATA = Path(__file__).parent / "data"
NAMES = sg.vanilla.VanillaGreeks._fields
EPS = 2.0**-52


@pytest.mark.parametrize("regime", REGIMES)
def test_all_outputs_to_1e_14_of_their_scale(regime):
    columns = draw(regime, 12)
    values, market = market_of(columns)
    found = np.array(sg.vanilla.greeks(*values, **market, option=columns[6], order=2))
    for place, (spot, strike, vol, expiry, rate, dividend, option) in enumerate(zip(*columns, strict=True)):
        exact = oracle.numbers(oracle.Option(strike, option), spot, vol, expiry, rate, dividend)
        for output, (name, scale) in enumerate(
            zip(NAMES, scales(spot, strike, vol, expiry, rate, dividend), strict=True)
        ):
            error = abs(mpf(found[output, place]) - exact[name]) / scale
            assert error < 1e-14, (name, spot, strike, vol, expiry, rate, dividend, option, float(error))


@pytest.mark.parametrize("regime", REGIMES)
def test_out_of_the_money_prices_and_deltas_are_relatively_exact(regime):
    columns = draw(regime, 60, seed=1)
    values, market = market_of(columns)
    prices = sg.vanilla.price(*values, **market, option=columns[6])
    deltas = sg.vanilla.delta(*values, **market, option=columns[6])
    for price, delta, (spot, strike, vol, expiry, rate, dividend, option) in zip(
        prices, deltas, zip(*columns, strict=True), strict=True
    ):
        twin = oracle.Option(strike, option)
        if twin.phi * (np.log(spot / strike) + (rate - dividend) * expiry) > 0.0:
            continue
        exact = oracle.numbers(twin, spot, vol, expiry, rate, dividend, ("price", "delta"))
        away = abs(np.log(spot / strike)) / (vol * np.sqrt(expiry)) + abs(rate - dividend) * np.sqrt(expiry) / vol
        # an ulp of ln(S/K) or of (r - q) T is so many of the density
        slack = 4.0 * EPS * (4.0 + 2.0 * away**2 + away / (vol * np.sqrt(expiry)))
        for value, name in ((price, "price"), (delta, "delta")):
            assert abs(mpf(float(value)) / exact[name] - 1) < slack, (name, spot, strike, vol, expiry, rate, dividend)


def test_reference_rows():
    """Computed with mpmath to 18 digits."""
    with (DATA / "vanilla_mp_greeks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    for row in rows:
        market = {name: float(row[name]) for name in ("spot", "strike", "vol", "expiry", "rate", "dividend")}
        found = sg.vanilla.greeks(**market, option=row["option"], order=2)
        # the files print six digits of the expiry's rounding more than a double holds
        for name in ("delta", "gamma", "vanna", "charm", "vega"):
            assert getattr(found, name) == pytest.approx(float(row[name]), rel=2e-14), (name, row)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., 2007, pp. 3, 4, 5, 7, 13, 174, 175
        (lambda v: v.price(60.0, 65.0, vol=0.3, expiry=0.25, option="call", rate=0.08), 2.1334),
        (lambda v: v.price(100.0, 95.0, vol=0.2, expiry=0.5, option="put", rate=0.1, dividend=0.05), 2.4648),
        (lambda v: v.price(None, 19.0, vol=0.28, expiry=0.75, forward=19.0, option="call", rate=0.1), 1.7011),
        (lambda v: v.price(None, 19.0, vol=0.28, expiry=0.75, forward=19.0, option="put", rate=0.1), 1.7011),
        (lambda v: v.price(1.56, 1.6, vol=0.12, expiry=0.5, option="call", rate=0.06, dividend=0.08), 0.0291),
        (
            lambda v: v.binary_price(
                None, 80.0, vol=0.35, expiry=0.75, forward=100.0, option="put", payoff="cash", rate=0.06, amount=10.0
            ),
            2.6710,
        ),
        (
            lambda v: v.binary_price(
                70.0, 65.0, vol=0.27, expiry=0.5, option="put", payoff="asset", rate=0.07, dividend=0.05
            ),
            20.2069,
        ),
    ],
)
def test_published_values(value, expected):
    assert float(value(sg.vanilla)) == pytest.approx(expected, abs=5.1e-5)


def market_of(columns):
    """Spot and strike, and what is told by name; the options have one of their own."""
    names = ("vol", "expiry", "rate", "dividend")
    return columns[:2], dict(zip(names, columns[2:6], strict=True))


@pytest.mark.parametrize("regime", REGIMES)
def test_put_call_parity_to_4_ulp(regime):
    values, market = market_of(draw(regime, 5000))
    (spot, strike), expiry = values, market["expiry"]
    asset, cash = spot * np.exp(-market["dividend"] * expiry), strike * np.exp(-market["rate"] * expiry)
    difference = sg.vanilla.price(*values, **market, option="call") - sg.vanilla.price(*values, **market, option="put")
    apart = np.abs(difference - (asset - cash))
    assert (apart / np.spacing(np.maximum(asset, cash))).max() <= 4.0
    greeks = [sg.vanilla.greeks(*values, **market, option=option, order=2) for option in ("call", "put")]
    for name in ("gamma", "vega", "vanna", "volga", "speed", "zomma"):
        np.testing.assert_array_equal(getattr(greeks[0], name), getattr(greeks[1], name), err_msg=name)


@pytest.mark.parametrize("regime", ["ordinary", "decades", "negative rates"])
@pytest.mark.parametrize("kind", ["down", "up"])
def test_knock_in_and_knock_out_make_the_option(regime, kind):
    columns = draw(regime, 5000, seed=2)
    values, market = market_of(columns)
    (spot, strike), vol, expiry = values, market["vol"], market["expiry"]
    room = np.random.default_rng(3).uniform(0.02, 1.0, spot.size) * vol * np.sqrt(expiry)
    barrier = spot * np.exp(-room if kind == "down" else room)
    of = {"option": columns[6], **market}
    knocked = [sg.barrier.greeks(spot, strike, barrier, kind=f"{kind}-{side}", **of) for side in ("in", "out")]
    plain = sg.vanilla.greeks(*values, **of)
    for name, scale in zip(NAMES[:7], scales(*values, *market.values(), room), strict=False):
        total = getattr(knocked[0], name) + getattr(knocked[1], name)
        apart = np.abs(total - getattr(plain, name)) / np.spacing(scale)
        assert apart.max() <= 4.0, (name, apart.max())


def test_far_from_the_barrier_a_knock_out_is_the_option():
    columns = draw("ordinary", 2000, seed=4)
    values, market = market_of(columns)
    of = {"option": columns[6], **market}
    barrier = values[0] * 1e-8
    out = sg.barrier.price(*values, barrier, kind="down-out", **of)
    plain = sg.vanilla.price(*values, **of)
    amounts = values[0] + values[1]
    assert (np.abs(out - plain) / np.spacing(amounts)).max() <= 4.0


def test_an_option_is_its_binaries():
    columns = draw("ordinary", 2000, seed=5)
    values, market = market_of(columns)
    for option, sign in (("call", 1.0), ("put", -1.0)):
        pair = [
            sg.vanilla.binary_greeks(*values, **market, option=option, payoff=payoff, amount=amount, order=2)
            for payoff, amount in (("asset", 1.0), ("cash", values[1]))
        ]
        plain = sg.vanilla.greeks(*values, **market, option=option, order=2)
        for name, scale in zip(NAMES, scales(*values, *market.values()), strict=True):
            apart = sign * (getattr(pair[0], name) - getattr(pair[1], name)) - getattr(plain, name)
            assert (np.abs(apart) / scale).max() < 2e-14, name


@pytest.mark.parametrize("payoff", ["cash", "asset"])
def test_binaries_against_mpmath(payoff):
    columns = draw("ordinary", 10, seed=6)
    values, market = market_of(columns)
    found = np.array(sg.vanilla.binary_greeks(*values, **market, option=columns[6], payoff=payoff, amount=3.0, order=2))
    for place, (spot, strike, vol, expiry, rate, dividend, option) in enumerate(zip(*columns, strict=True)):
        twin = oracle.Option(strike, option, payoff, 3)
        exact = oracle.numbers(twin, spot, vol, expiry, rate, dividend)
        sizes = np.array(scales(spot, strike, vol, expiry, rate, dividend)) * 3.0
        sizes /= 1.0 if payoff == "asset" else strike
        # one derivative more than the option's
        sizes /= min(vol * np.sqrt(expiry), 1.0)
        for output, name in enumerate(NAMES):
            assert abs(mpf(found[output, place]) - exact[name]) < 1e-14 * sizes[output], (name, place)


def test_black_76():
    columns = draw("ordinary", 8, seed=7)
    forward, strike, vol, expiry, rate, _, options = columns
    found = sg.vanilla.greeks(None, strike, vol=vol, expiry=expiry, forward=forward, rate=rate, option=options, order=2)
    for place in range(forward.size):
        twin = oracle.Option(strike[place], options[place])

        class Black:
            """Rate in the place of the rate, and the dividend its shadow."""

            def price(self, forward, vol, expiry, rate, twin=twin):
                return twin.price(forward, vol, expiry, rate, rate)

        with mp.workdps(50):
            point = tuple(mpf(x[place]) for x in (forward, vol, expiry, rate))
            size = float(forward[place] + strike[place])
            for name, orders, sign in (
                ("price", (0, 0, 0, 0), 1),
                ("delta", (1, 0, 0, 0), 1),
                ("theta", (0, 0, 1, 0), -1),
                ("rho", (0, 0, 0, 1), 1),
                ("charm", (1, 0, 1, 0), -1),
                ("veta", (0, 1, 1, 0), -1),
            ):
                exact = sign * (mp.diff(Black().price, point, orders) if any(orders) else Black().price(*point))
                assert getattr(found, name)[place] == pytest.approx(float(exact), rel=1e-12, abs=1e-14 * size), name
    assert (found.rho_dividend == 0.0).all()
    for name in ("rho", "rho_dividend", "delta", "color"):
        single = getattr(sg.vanilla, name)(
            None, strike, vol=vol, expiry=expiry, forward=forward, rate=rate, option=options
        )
        np.testing.assert_array_equal(single, getattr(found, name))


def test_no_volatility_or_no_time():
    with np.errstate(all="raise"):
        prices = sg.vanilla.price(
            [90.0, 100.0, 110.0], 100.0, vol=[[0.0], [0.2]], expiry=[[1.0], [0.0]], option="call", rate=0.01
        )
        np.testing.assert_allclose(
            prices, [[0.0, 100 - 100 * np.exp(-0.01), 110 - 100 * np.exp(-0.01)], [0.0, 0.0, 10.0]], rtol=1e-14
        )
        found = sg.vanilla.greeks([90.0, 100.0, 110.0], 100.0, vol=0.2, expiry=0.0, option="put", order=2)
    assert found.delta.tolist() == [-1.0, 0.0, 0.0]
    assert not np.any(found[2:4])
    assert not np.any(found[7:])


def test_numbers_out_of_their_domain():
    good = {"spot": 100.0, "strike": 90.0, "vol": 0.2, "expiry": 0.5, "rate": 0.01, "dividend": 0.0}
    for name, bad in (("spot", 0.0), ("strike", -1.0), ("vol", -0.1), ("expiry", -1e-9), ("rate", np.inf)):
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert np.isnan(sg.vanilla.price(**{**good, name: bad}, option="call"))
    for name in good:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.isnan(sg.vanilla.price(**{**good, name: np.nan}, option="call"))


def test_structural_mistakes():
    price = sg.vanilla.price
    with pytest.raises(TypeError, match="option"):
        price(100.0, 90.0, vol=0.2, expiry=0.5)
    with pytest.raises(ValueError, match=r"option\[1\] must be one of 'call', 'put', got 'straddle'"):
        price(100.0, 90.0, vol=0.2, expiry=0.5, option=["call", "straddle"])
    with pytest.raises(ValueError, match="give spot, or None and forward="):
        price(None, 90.0, vol=0.2, expiry=0.5, option="call")
    with pytest.raises(ValueError, match="give either spot or forward"):
        price(100.0, 90.0, vol=0.2, expiry=0.5, option="call", forward=101.0)
    with pytest.raises(ValueError, match="dividend is part of the forward"):
        price(None, 90.0, vol=0.2, expiry=0.5, option="call", forward=101.0, dividend=0.02)
    with pytest.raises(ValueError, match=r"strike of shape \(2,\) does not broadcast with spot of shape \(3,\)"):
        price([1.0, 2.0, 3.0], [1.0, 2.0], vol=0.2, expiry=0.5, option="call")
    with pytest.raises(ValueError, match="order must be 1 or 2, got 3"):
        sg.vanilla.greeks(100.0, 90.0, vol=0.2, expiry=0.5, option="call", order=3)


@pytest.mark.parametrize("seed", range(3))
def test_implied_vol_to_2_ulp_of_what_is_attainable(seed):
    """Half an ulp of each argument moves the root: that, and half an ulp of the root, is attainable."""
    tested = 0
    for spot, strike, vol, expiry, rate, dividend, option in zip(*adversaries(400, seed), strict=True):
        twin = oracle.Option(strike, option)
        price = float(oracle.numbers(twin, spot, vol, expiry, rate, dividend, ("price",))["price"])
        exact = oracle.implied_vol(price, spot, strike, expiry, rate, dividend, option) if price > 1e-290 else None
        if exact is None or exact[1] > exact[0] / 50:
            # nothing is left of the volatility, or its last digits
            continue
        found = float(
            sg.vanilla.implied_vol(price, spot, strike, expiry=expiry, rate=rate, dividend=dividend, option=option)
        )
        root, attainable = exact
        assert abs(found - root) <= 2 * float(attainable) + 2 * np.spacing(found), (price, spot, strike, expiry, option)
        tested += 1
    assert tested > 200


def test_long_doubles_of_the_twin():
    z = np.concatenate([np.linspace(0.0, 40.0, 81), [0.07, 0.071, 1e-9, -0.3, -2.0]])
    found = oracle.long_mills(z.astype(np.longdouble))
    with mp.workdps(40):
        exact = [mp.exp(mpf(float(x)) ** 2 / 2) * mp.erfc(mpf(float(x)) / mp.sqrt(2)) / 2 for x in z]
        texts = [np.format_float_scientific(x, precision=25) for x in found]
        errors = [abs(mpf(text) / y - 1) for text, y in zip(texts, exact, strict=True)]
    assert float(max(errors)) < 8 * float(np.finfo(np.longdouble).eps)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="long doubles are no longer than doubles here")
@pytest.mark.parametrize("rates", [False, True])
@pytest.mark.parametrize("generator", ["adversaries", "ordinary", "tails", "wild", "hours"])
def test_implied_vols_of_a_million_options_to_2_units(generator, rates):
    """A unit is one in the last place of the volatility, or what one of the price makes of it: none of them is NaN.

    Of an option in the money the discounted amounts are known to an eighth of a unit.
    """
    columns = adversaries(100_000, 3) if generator == "adversaries" else draw(generator, 100_000, seed=3)
    spot, strike, vol, expiry, rate, dividend, option = columns
    rate, dividend = rate * rates, dividend * rates
    terms = {"expiry": expiry, "option": option, "rate": rate, "dividend": dividend}
    price = sg.vanilla.price(spot, strike, vol=vol, **terms)
    asset, cash = spot * np.exp(-dividend * expiry), strike * np.exp(-rate * expiry)
    bound, least = (
        np.where(option == "call", asset, cash),
        np.maximum(np.where(option == "call", 1, -1) * (asset - cash), 0),
    )
    with np.errstate(invalid="ignore"):
        found = sg.vanilla.implied_vol(price, spot, strike, **terms)
    amounts = np.maximum(asset, cash)
    rooted = (price > least + 4 * EPS * amounts) & (price < bound - 4 * EPS * amounts)
    assert not np.isnan(found[rooted]).any()
    rooted |= (least == 0.0) & (price > 0.0) & (price < bound - 4 * EPS * amounts)
    assert not np.isnan(found[rooted]).any()
    # prices below the normal numbers, once they are over the amounts, are found from their logarithm
    deep = price < 1e-280 * np.sqrt(asset) * np.sqrt(cash)
    held = rooted & ~deep & (vol * np.sqrt(expiry) > (1e-2 if rates else 0.0))
    arrays = [x[held] for x in (price, found, spot, strike, expiry, rate, dividend, option)]
    with np.errstate(all="ignore"):
        error, vega = oracle.long_price_error(*arrays)
    price_unit = np.spacing(price[held]) + np.where(rates & (least[held] > 0), EPS / 8 * amounts[held], 0.0)
    units = np.abs(error) / np.maximum(np.spacing(found[held]), price_unit / vega)
    # a price that holds no more than two digits of its volatility tells nothing of a step
    told = price_unit / vega < found[held] / 50
    assert told.sum() > (20_000 if rates else 50_000)
    worst = np.argmax(np.where(told, units, 0))
    assert units[worst] <= 2.0, [x[worst].item() for x in arrays]


@pytest.mark.parametrize("generator", ["adversaries", "ordinary", "tails", "wild", "hours"])
def test_implied_vol_of_200_000_options(generator):
    """The price of the root is the price, to what the condition of the root allows; a root exists, so none is NaN."""
    columns = adversaries(200_000, 9) if generator == "adversaries" else draw(generator, 200_000, seed=9)
    values, market = market_of(columns)
    (spot, strike), vol, expiry = values, market["vol"], market["expiry"]
    of = {**market, "option": columns[6]}
    price, vega = sg.vanilla.price(*values, **of), sg.vanilla.vega(*values, **of)
    asset, cash = spot * np.exp(-market["dividend"] * expiry), strike * np.exp(-market["rate"] * expiry)
    call = columns[6] == "call"
    bound = np.where(call, asset, cash)
    with np.errstate(invalid="ignore"):
        found = sg.vanilla.implied_vol(
            price, spot, strike, **{name: value for name, value in of.items() if name != "vol"}
        )
    # the discounted amounts are rounded too
    rootless = (price <= 0.0) | (price >= bound * (1.0 - 4.0 * EPS))
    assert np.isnan(found[price > bound * (1.0 + 4.0 * EPS)]).all()
    assert not np.isnan(found[~rootless]).any()
    # every rounding moves a price: its own, those of both amounts, and of the logarithm in the density
    exponent = np.abs(market["rate"]) * expiry + np.abs(market["dividend"]) * expiry
    delta = np.abs(sg.vanilla.delta(*values, **of)) * spot
    doubt = np.spacing(price) + EPS * (1.0 + exponent) * (2.0 * delta + price)
    # the price that the root was drawn for is itself computed, to a few ulp of what it is made of
    away = np.abs(np.log(spot / strike)) / (vol * np.sqrt(expiry))
    doubt += EPS * price * (8.0 + 4.0 * away**2)
    with np.errstate(all="ignore"):
        error = np.abs(found - vol) / (2.0 * np.spacing(vol) + 2.0 * doubt / vega)
    held = ~rootless & (doubt < vega * vol / 50.0)
    assert held.mean() > 0.3
    assert error[held].max() <= 1.0, [
        float(x[held][np.argmax(error[held])]) for x in (spot, strike, vol, expiry, price, error)
    ]


def test_implied_vol_where_there_is_none():
    cases = {"price": [9.9, 100.0, 101.0, -1.0], "option": "call"}
    with pytest.warns(RuntimeWarning, match="invalid"):
        found = sg.vanilla.implied_vol(cases["price"], 100.0, 90.0, expiry=0.5, option="call")
    assert np.isnan(found).all()
    with np.errstate(all="raise"):
        assert sg.vanilla.implied_vol([0.0, 10.0], 100.0, [110.0, 90.0], expiry=0.5, option="call").tolist() == [
            0.0,
            0.0,
        ]
        assert np.isnan(sg.vanilla.implied_vol([np.nan, 5.0], 100.0, [90.0, np.nan], expiry=0.5, option="call")).all()
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert np.isnan(sg.vanilla.implied_vol(12.0, 100.0, 90.0, expiry=0.0, option="call"))


def test_implied_vol_within_rounding_of_the_price_without_volatility():
    """A price that was rounded below what the forward is worth has the volatility 0."""
    expiry, rate = np.linspace(0.1, 3.0, 1000), 0.037
    price = 100.0 - 50.0 * np.exp(-rate * expiry)
    with np.errstate(all="raise"):
        found = sg.vanilla.implied_vol(np.nextafter(price, 0.0), 100.0, 50.0, expiry=expiry, option="call", rate=rate)
    # some are a rounding above it, and have a volatility that this rounding can have
    assert (found * np.sqrt(expiry) < 0.1).all()


@given(
    st.floats(1e-3, 1e3),
    st.floats(-40.0, 40.0),
    st.floats(1e-4, 30.0),
    st.sampled_from(["call", "put"]),
)
def test_implied_vol_reprices(forward, away, deviation, option):
    strike = forward * np.exp(-min(max(away * deviation, -40.0), 40.0))
    price = float(sg.vanilla.price(None, strike, vol=deviation, expiry=1.0, forward=forward, option=option))
    bound = forward if option == "call" else strike
    if not 0.0 < price < bound:
        return
    found = float(sg.vanilla.implied_vol(price, None, strike, expiry=1.0, forward=forward, option=option))
    again = float(sg.vanilla.price(None, strike, vol=found, expiry=1.0, forward=forward, option=option))
    assert again == pytest.approx(price, rel=1e-12, abs=4 * np.spacing(max(forward, strike)))


@pytest.mark.parametrize("seed", range(2))
def test_bachelier_against_mpmath(seed):
    random = np.random.default_rng(seed)
    tested = 0
    for _ in range(150):
        vol = 10.0 ** random.uniform(-3.0, 3.0)
        expiry = 10.0 ** random.uniform(-4.0, 1.0)
        rate = float(random.choice([0.0, 0.05, -0.02]))
        strike = float(random.normal(0.0, 50.0))
        forward = strike + vol * np.sqrt(expiry) * float(random.choice([-1.0, 1.0])) * 10.0 ** random.uniform(-6.0, 1.5)
        option = str(random.choice(["call", "put"]))
        with mp.workdps(60):
            twin = oracle.Normal(strike, option)
            exact = twin.price(mpf(forward), mpf(vol), mpf(expiry), mpf(rate))
            gap = abs(mpf(forward) - mpf(strike))
        found = float(sg.vanilla.normal_price(forward, strike, vol=vol, expiry=expiry, option=option, rate=rate))
        inside = twin.phi * (forward - strike) > 0.0
        away = float(gap) / (vol * np.sqrt(expiry))
        slack = 4.0 * EPS * (2.0 + 0.0 if inside else 4.0 + 3.0 * away**2)
        assert abs(found - exact) <= slack * float(exact) + EPS * abs(forward), (forward, strike, vol, expiry)
        price = float(exact)
        root = oracle.normal_implied_vol(price, forward, strike, expiry, rate, option) if price > 1e-290 else None
        if root is None or root[1] > root[0] / 50:
            continue
        implied = float(sg.vanilla.normal_implied_vol(price, forward, strike, expiry=expiry, option=option, rate=rate))
        assert abs(implied - root[0]) <= 2 * float(root[1]) + 2 * np.spacing(implied), (price, forward, strike, expiry)
        tested += 1
    assert tested > 60


def test_bachelier_greeks_against_mpmath():
    random = np.random.default_rng(8)
    orders = {
        "price": ((0, 0, 0, 0), 1), "delta": ((1, 0, 0, 0), 1), "gamma": ((2, 0, 0, 0), 1), "vega": ((0, 1, 0, 0), 1),
        "theta": ((0, 0, 1, 0), -1), "rho": ((0, 0, 0, 1), 1), "vanna": ((1, 1, 0, 0), 1), "volga": ((0, 2, 0, 0), 1),
        "charm": ((1, 0, 1, 0), -1),
    }  # fmt: skip
    for _ in range(40):
        vol, expiry = 10.0 ** random.uniform(-2.0, 2.0), 10.0 ** random.uniform(-3.0, 1.0)
        deviation = vol * np.sqrt(expiry)
        strike = float(random.normal(0.0, 50.0))
        forward = strike + deviation * random.uniform(-4.0, 4.0)
        rate, option = float(random.choice([0.0, 0.05, -0.02])), str(random.choice(["call", "put"]))
        found = sg.vanilla.normal_greeks(forward, strike, vol=vol, expiry=expiry, option=option, rate=rate)
        assert found.price == pytest.approx(
            float(sg.vanilla.normal_price(forward, strike, vol=vol, expiry=expiry, option=option, rate=rate)), rel=1e-14
        )
        # what a number is made of, and what the rounding of the gap between forward and strike moves
        by_time = 1.0 / expiry + abs(rate)
        sizes = {
            "price": deviation, "delta": 1.0, "gamma": 1.0 / deviation, "vega": np.sqrt(expiry),
            "theta": deviation * by_time, "rho": deviation * expiry, "vanna": 1.0 / vol,
            "volga": np.sqrt(expiry) / vol, "charm": by_time,
        }  # fmt: skip
        away = abs(forward - strike) / deviation
        slack = 1e-14 * (1.0 + away**2) + 4.0 * EPS * (abs(forward) + abs(strike)) / deviation * (1.0 + away)
        with mp.workdps(50):
            twin, point = oracle.Normal(strike, option), tuple(mpf(x) for x in (forward, vol, expiry, rate))
            for name, (order, sign) in orders.items():
                exact = sign * (mp.diff(twin.price, point, order) if any(order) else twin.price(*point))
                error = abs(mpf(float(getattr(found, name))) - exact)
                assert float(error) <= slack * (1.0 + away) * sizes[name], (name, forward, strike, vol, expiry, rate)


def test_bachelier_greeks_without_volatility_or_time():
    with np.errstate(all="raise"):
        found = sg.vanilla.normal_greeks(
            [103.0, 97.0, 100.0], 100.0, vol=[0.0, 5.0, 5.0], expiry=[1.0, 0.0, 0.0], option="call", rate=0.02
        )
    assert found.price == pytest.approx([3.0 * np.exp(-0.02), 0.0, 0.0], rel=1e-15)
    assert found.delta == pytest.approx([np.exp(-0.02), 0.0, 0.0], rel=1e-15)
    assert not np.any([found.gamma, found.vega, found.vanna, found.volga])
    assert found.theta == pytest.approx(0.02 * found.price)
    assert sg.vanilla.normal_greeks(1.0, 1.0, vol=1e-200, expiry=1.0, option="put").delta == -0.5
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert np.isnan(sg.vanilla.normal_greeks(1.0, 1.0, vol=-1.0, expiry=1.0, option="put")).all()
    with np.errstate(all="raise"):
        assert np.isnan(sg.vanilla.normal_greeks(np.nan, 1.0, vol=1.0, expiry=1.0, option="put")).all()
    out = tuple(np.empty(3) for _ in range(9))
    again = sg.vanilla.normal_greeks([103.0, 97.0, 100.0], 100.0, vol=5.0, expiry=1.0, option="call", out=out)
    assert again.charm is out[8]


def test_bachelier_edges():
    with np.errstate(all="raise"):
        prices = sg.vanilla.normal_price([3.0, -3.0], 0.0, vol=[0.0, 1.0], expiry=[1.0, 0.0], option="call")
        assert prices.tolist() == [3.0, 0.0]
        assert sg.vanilla.normal_implied_vol([3.0, 0.0], [3.0, -3.0], 0.0, expiry=1.0, option="call").tolist() == [
            0.0,
            0.0,
        ]
        assert np.isnan(sg.vanilla.normal_price(np.nan, 0.0, vol=1.0, expiry=1.0, option="call"))
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert np.isnan(sg.vanilla.normal_price(0.0, 0.0, vol=-1.0, expiry=1.0, option="call"))
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert np.isnan(sg.vanilla.normal_implied_vol([2.9, -1.0], [3.0, 0.0], 0.0, expiry=1.0, option="call")).all()


def test_results_go_where_they_are_wanted():
    columns = draw("ordinary", 100)
    values, market = market_of(columns)
    out = tuple(np.empty(100) for _ in range(7))
    found = sg.vanilla.greeks(*values, **market, option=columns[6], out=out)
    assert all(one is other for one, other in zip(found, out, strict=False))
    again = sg.vanilla.greeks(*values, **market, option=columns[6], out=found)
    assert again.price is out[0]
    with pytest.raises(ValueError, match="out must hold 7 arrays, got 3"):
        sg.vanilla.greeks(*values, **market, option=columns[6], out=out[:3])
    forward = sg.vanilla.greeks(
        None, values[1], vol=0.2, expiry=0.5, forward=values[0], rate=0.03, option="put", out=out
    )
    assert forward.rho is out[5]
    np.testing.assert_array_equal(forward.rho, -0.5 * forward.price)
