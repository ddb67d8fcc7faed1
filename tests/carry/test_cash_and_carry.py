"""The trade on a margined path against exact fractions."""

import csv
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from oracle.carry import cash_and_carry as oracle

import shortgamma as sg
from shortgamma.contracts import Contract

trade = sg.carry.cash_and_carry
CONTRACTS = {kind: Contract(kind) for kind in ("linear", "inverse", "quanto")}
SPOT = [40000.0, 42000.0, 46000.0, 44000.0, 50000.0]
FUTURES = [40800.0, 43000.0, 47500.0, 44600.0, 50000.0]
PARTS = ("basis", "exit", "roll", "settlement", "collateral", "financing", "fees", "liquidation")


def linear(**terms):
    return trade(SPOT, FUTURES, contract=CONTRACTS["linear"], maintenance=0.005, **terms)


def test_linear():
    alone = linear(leverage=5)
    assert (alone.liquidated, alone.shortfall, alone.top_ups) == (4, 1040.0, 0)
    assert alone.total == 10_000.0 - 8160.0
    restored = linear(leverage=5, top_up="restore")
    assert (restored.total, restored.top_ups, restored.liquidated) == (800.0, 1, 5)
    assert restored.peak_margin == 8160.0 + 9200.0
    assert restored.peak_capital == 40_000.0 + 17_360.0
    ten = linear(leverage=10, top_up="restore")
    assert (ten.total, ten.top_ups, ten.peak_margin) == (800.0, 1, 4080.0 + 6700.0)
    assert linear(leverage=10, top_up="restore", reserve=6699.0).liquidated == 2
    assert linear(leverage=10, top_up="restore", reserve=6700.0).liquidated == 5


def test_inverse():
    whole = trade(SPOT, FUTURES, contract=CONTRACTS["inverse"], maintenance=0.005, collateral="cross", record="full")
    expected = [1, 0.9488372093023256, 0.8589473684210527, 0.9147982062780269, 0.816]
    np.testing.assert_allclose(whole.path.equity, expected, rtol=1e-15)
    assert whole.total == pytest.approx(800.0, rel=1e-13)
    assert whole.liquidated == 5
    fifth = trade(SPOT, FUTURES, contract=CONTRACTS["inverse"], maintenance=0.005, leverage=5)
    assert fifth.liquidated == 5
    assert trade(SPOT, FUTURES, contract=CONTRACTS["inverse"], maintenance=0.005, leverage=10).liquidated == 2


def test_quanto():
    spot, futures = [200.0, 220, 250, 240, 260], [204.0, 225, 258, 243, 260]
    coin = [10000.0, 10800, 12500, 12000, 12800]
    terms = {"contract": CONTRACTS["quanto"], "maintenance": 0.005, "settlement_price": coin}
    found = trade(spot, futures, leverage=1.0, **terms)
    assert found.basis == 4.0
    assert found.exit == 0.0
    assert found.settlement == pytest.approx(-15.68, rel=1e-13)
    assert found.total - found.collateral == pytest.approx(-11.68, rel=1e-13)
    # one fiftieth of a coin is posted, at 204 dollars; it gains 28 % with the coin
    assert found.collateral == pytest.approx(204.0 * 0.28, rel=1e-13)


def test_quanto_of_constant_risk():
    """Rolled on every bar into itself, the short is sized anew by the settlement coin."""
    spot, futures = [200.0, 220, 250, 240, 260], [204.0, 225, 258, 243, 260]
    coin = [10000.0, 10800, 12500, 12000, 12800]
    terms = {"contract": CONTRACTS["quanto"], "maintenance": 0.0, "settlement_price": coin, "leverage": 0.5}
    rolled = {"roll": [1, 2, 3], "next_futures": futures}
    for terms_of_rolls, coins in (({}, -0.0056), (rolled, -0.005372222222222222)):
        found = trade(spot, futures, **terms, **terms_of_rolls)
        assert found.liquidated == 5
        assert (found.settlement + (204.0 - 260.0)) / coin[-1] == pytest.approx(coins, rel=1e-13)


def test_cross_with_haircut():
    found = linear(collateral="cross", haircut=0.5, record="full")
    np.testing.assert_array_equal(found.path.equity, [20000, 18800, 16300, 18200, 15800])
    assert found.total == 800.0
    np.testing.assert_array_equal(found.path.margin, 0.0)


def test_prices_of_liquidation():
    """The trade dies where the liquidation family says."""
    cases = {
        ("linear", 5): 48716.417910447766,
        ("inverse", 5): 50745.0,
        ("inverse", 10): 45106.666666666664,
    }
    for (kind, leverage), level in cases.items():
        quantity = -1.0 if kind == "linear" else -40800.0
        margin = 40800.0 / leverage if kind == "linear" else 1.0 / leverage
        own = sg.liquidation.liquidation_price(quantity, 40800.0, margin, contract=CONTRACTS[kind], maintenance=0.005)
        assert own == pytest.approx(level, rel=1e-14)
        for mark in (level * (1 - 1e-12), level * (1 + 1e-12)):
            spot, futures = [40000.0, mark, mark], [40800.0, mark, mark]
            found = trade(spot, futures, contract=CONTRACTS[kind], maintenance=0.005, leverage=leverage)
            bar = sg.liquidation.first_breach(
                futures, quantity, 40800.0, margin, contract=CONTRACTS[kind], maintenance=0.005
            )
            assert found.liquidated == (bar if bar >= 0 else 3)
            assert (found.liquidated == 1) == (mark > level)


def test_every_kind_of_margin():
    """Each is the margin of `liquidation`: the trade is liquidated on the bar of `first_breach`."""
    random = np.random.default_rng(21)
    futures = 100.0 * np.exp(np.cumsum(0.05 * random.standard_normal((60, 40)), axis=0))
    bars = []
    # a value of about 100, of 1 coin
    for kind, unit in (("linear", 100.0), ("inverse", 1.0)):
        kinds = [
            0.04,
            sg.liquidation.MarginRate(0.04),
            sg.liquidation.MarginRate(0.04, at="entry"),
            sg.liquidation.Tiers([0.0, 0.9 * unit, 1.1 * unit], [0.01, 0.1, 0.2]),
            sg.liquidation.RiskLimits([0.0, 0.95 * unit, 1.05 * unit], [0.01, 0.05, 0.1]),
            sg.liquidation.RiskLimits([0.0, 50.0 / unit], [0.01, 0.05], by="quantity"),
            sg.liquidation.RisingMargin(0.01, 0.02 * unit / 100.0, by="quantity"),
            sg.liquidation.RisingMargin(0.01, 0.05 / unit, at="entry"),
        ]
        held = -np.ones(40) if kind == "linear" else -futures[0]
        posted = sg.contracts.Contract(kind).value(-held, futures[0]) / 5.0
        for maintenance in kinds:
            terms = {"contract": CONTRACTS[kind], "maintenance": maintenance}
            found = trade(futures, futures, leverage=5, **terms)
            own = sg.liquidation.first_breach(futures, held, futures[0], posted, **terms)
            np.testing.assert_array_equal(found.liquidated, own)
            alone = trade(futures[:, 3], futures[:, 3], leverage=5, **terms)
            assert alone.liquidated == own[3]
            bars.append(own)
    assert 20 < len(np.unique(bars)) < 61
    assert len({tuple(each) for each in bars}) > 5


def test_margins_that_cannot_be():
    rising = sg.liquidation.RisingMargin(0.01, 0.0001)
    with pytest.raises(ValueError, match=r"maintenance must not rise without steps .*liquidation.Tiers"):
        trade(SPOT, FUTURES, contract=CONTRACTS["linear"], maintenance=rising, leverage=5)
    limits = sg.liquidation.RiskLimits([0.0, 1e5], [0.01, 0.02])
    rolled = {"roll": [2], "next_futures": FUTURES}
    with pytest.raises(ValueError, match="maintenance must not be fixed by the size at entry"):
        trade(SPOT, FUTURES, contract=CONTRACTS["linear"], maintenance=limits, leverage=5, **rolled)


def test_expiry():
    """Settled at the spot price of the first bar at or after it; what comes later does not count."""
    time = ["2024-03-25", "2024-03-26", "2024-03-27", "2024-03-28", "2024-03-29 08:00", "2024-03-30"]
    spot, futures = [*SPOT, 80_000.0], [*FUTURES[:4], np.nan, np.nan]
    terms = {"contract": CONTRACTS["linear"], "maintenance": 0.005, "time": time}
    for expiry in ("2024-03-29 08:00", "2024-03-28 12:00"):
        found = trade(spot, futures, leverage=2, expiry=expiry, record="full", **terms)
        assert (found.total, found.exit, found.liquidated) == (800.0, 0.0, 5)
        assert len(found.path.equity) == 5
    assert np.isnan(futures[-1])
    dead = trade(spot, futures, leverage=5, expiry="2024-03-29", **terms)
    assert (dead.liquidated, dead.shortfall) == (4, 1040.0)
    both = trade(spot, np.column_stack([futures, futures]), leverage=2, expiry="2024-03-29", **terms)
    assert both.total.tolist() == [800.0, 800.0]
    with pytest.raises(
        ValueError, match=r"expiry must be after .*2024-03-25.*and not after the last one, .*2024-03-30"
    ):
        trade(spot, futures, leverage=2, expiry="2024-06-28", **terms)
    with pytest.raises(ValueError, match="time must be given with expiry"):
        linear(leverage=2, expiry="2024-06-28")


def test_jump_of_the_basis():
    """3.3 % at 22 days to 9 % at 21 days costs a sixtieth of a margin at five times."""
    spot = [65_000.0, 65_000.0]
    futures = [65_000.0 * (1 + 0.033 * 22 / 365), 65_000.0 * (1 + 0.09 * 21 / 365)]
    found = trade(spot, futures, contract=CONTRACTS["linear"], maintenance=0.0, leverage=5)
    assert (futures[0] - spot[0]) / 65_000 == pytest.approx(0.00198904109589041, rel=1e-12)
    assert (futures[1] - spot[1]) / 65_000 == pytest.approx(0.00517808219178082, rel=1e-12)
    assert found.total / 65_000 == pytest.approx(-0.00318904109589041, rel=1e-12)
    assert found.total == pytest.approx(-207.287671232877, rel=1e-12)
    assert found.total / (65_000 / 5) == pytest.approx(-0.0159452054794521, rel=1e-12)


def walk(random, bars):
    spot = 100.0 * np.exp(np.cumsum(0.15 * random.standard_normal(bars)))
    futures = spot * np.exp(0.02 + 0.03 * random.standard_normal(bars))
    return np.round(spot, 2), np.round(futures, 2)


@pytest.mark.parametrize("kind", ["linear", "inverse"])
def test_the_same_mark_is_topped_up_once(kind):
    """A top-up to the requirement is rounded up: rounded down, the next bar at the same price would need another."""
    random = np.random.default_rng(8)
    marks = np.round(100.0 * (1.2 + random.random(500)), 2)
    futures = np.stack([np.full(500, 102.74), marks, marks, marks])
    terms = {"contract": CONTRACTS[kind], "leverage": 16.0, "top_up": "maintenance"}
    for maintenance in (0.0, 0.0078125, 0.01):
        assert (trade(futures, futures, maintenance=maintenance, **terms).top_ups == 1).all()


@example(
    seed=1285, kind="inverse", leverage=16.0, maintenance=0.0, top_up="maintenance", reserve=20.0, cross=False,
    highs=True, rolls=[],
)  # fmt: skip
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["linear", "inverse", "quanto"]),
    leverage=st.sampled_from([1.0, 2.0, 4.0, 16.0]),
    maintenance=st.sampled_from([0.0, 0.0078125, 0.046875, "tiers"]),
    top_up=st.sampled_from(["none", "restore", "maintenance"]),
    reserve=st.sampled_from([0.0, 20.0, np.inf]),
    cross=st.booleans(),
    highs=st.booleans(),
    rolls=st.sampled_from([[], [4], [0, 5, 9]]),
)
def test_against_exact_fractions(seed, kind, leverage, maintenance, top_up, reserve, cross, highs, rolls):
    random = np.random.default_rng(seed)
    spot, futures = walk(random, 12)
    coin = np.round(50.0 * np.exp(np.cumsum(0.1 * random.standard_normal(12))), 2)
    high = np.round(futures * (1 + 0.1 * random.random(12)), 2) if highs else futures
    following = np.round(futures * 1.01, 2)
    top_up = "none" if cross else top_up
    haircut = 0.25 if cross else 0.0
    terms = {"reserve": reserve} if kind == "linear" else {"reserve": reserve / 64}
    exactly = maintenance
    if maintenance == "tiers":
        # edges near the value at entry: 100, 1 coin or 2 coins
        unit = {"linear": 64.0, "inverse": 0.5, "quanto": 1.0}[kind]
        lower, rates = [0.0, unit, 2.0 * unit], [0.0078125, 0.0625, 0.25]
        maintenance, exactly = sg.liquidation.Tiers(lower, rates), list(zip(lower, rates, strict=True))
    found = trade(
        spot, futures, contract=CONTRACTS[kind], maintenance=maintenance, high=high, top_up=top_up, fee=0.001,
        leverage=None if cross else leverage, collateral="cross" if cross else "separate", haircut=haircut,
        settlement_price=coin if kind == "quanto" else None, record="full",
        **({"roll": rolls, "next_futures": following} if rolls else {}), **terms,
    )  # fmt: skip
    exact = oracle.trade(
        spot, futures, kind, 1, leverage, exactly, cross=cross, haircut=haircut, top_up=top_up,
        reserve=None if np.isinf(reserve) else Fraction(terms["reserve"]), high=list(high),
        coin=list(coin) if kind == "quanto" else None,
        rolls={bar: following[bar] for bar in rolls},
    )  # fmt: skip
    coin = spot if kind == "inverse" else coin if kind == "quanto" else np.ones(12)
    assert found.liquidated == exact.liquidated
    assert found.top_ups == exact.top_ups
    scale = 100.0
    worth = Fraction(coin[-1])
    total = (
        Fraction(spot[-1]) - Fraction(spot[0]) + exact.made * worth + exact.margin * worth - exact.cost
        - Fraction(0.001) * exact.traded
    )  # fmt: skip
    assert found.total == pytest.approx(float(total), abs=1e-11 * scale)
    assert found.liquidation == pytest.approx(float((exact.made - exact.held) * worth), abs=1e-11 * scale)
    assert found.roll == pytest.approx(float(exact.rolled), abs=1e-12 * scale)
    assert found.peak_margin == pytest.approx(float(exact.margin), rel=1e-12)
    assert found.shortfall == pytest.approx(float(exact.shortfall), abs=1e-12 * scale)
    assert found.fees == pytest.approx(-0.001 * float(exact.traded), rel=1e-12)
    if exact.ratio is None:
        assert found.margin_ratio == np.inf
    elif not highs and not rolls:
        assert found.margin_ratio == pytest.approx(float(exact.ratio), rel=1e-9)
    np.testing.assert_allclose(found.path.equity, [float(each) for each in exact.equity], atol=1e-11 * scale)
    assert sum(getattr(found, name) for name in PARTS) == pytest.approx(found.total, abs=1e-11 * scale)


def test_parts_of_many_paths_in_every_layout():
    random = np.random.default_rng(1)
    spot = 100.0 * np.exp(np.cumsum(0.05 * random.standard_normal((40, 300)), axis=0))
    futures = spot * np.exp(0.02 + 0.01 * random.standard_normal((40, 300)))
    leverage = random.choice([2.0, 5.0, 20.0], 300)
    time = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
    terms = {
        "contract": CONTRACTS["inverse"], "maintenance": 0.01, "top_up": "restore", "reserve": 0.1, "financing": 0.05,
        "fee": 0.0005, "time": time,
    }  # fmt: skip
    down = trade(spot, futures, leverage=leverage, **terms)
    across = trade(spot.T.copy(), futures.T.copy(), leverage=leverage, axis=1, **terms)
    one_by_one = [trade(spot[:, i], futures[:, i], leverage=leverage[i], **terms) for i in range(300)]
    assert 50 < (down.liquidated < 40).sum() < 290
    assert (down.top_ups > 0).sum() > 50
    for name in down._fields[:-1]:
        np.testing.assert_array_equal(getattr(down, name), getattr(across, name))
        np.testing.assert_array_equal(getattr(down, name), [getattr(each, name) for each in one_by_one])
    total = sum(getattr(down, name) for name in PARTS)
    np.testing.assert_allclose(total, down.total, atol=1e-10)


def test_one_path_of_each_terms():
    futures = np.array(FUTURES)
    found = trade(SPOT, futures, contract=CONTRACTS["linear"], maintenance=0.005, leverage=[2.0, 5.0, 10.0])
    assert found.liquidated.tolist() == [5, 4, 2]
    two = trade(np.array(SPOT), np.column_stack([futures, futures]), contract=CONTRACTS["linear"], maintenance=0.005,
                leverage=5, record="full")  # fmt: skip
    assert two.liquidated.tolist() == [4, 4]
    assert two.path.equity.shape == (5, 2)


def test_financing_is_on_capital_over_time():
    time = ["2024-01-01", "2024-01-02", "2024-01-11", "2024-01-12", "2024-01-31"]
    found = linear(leverage=10, top_up="restore", financing=0.10, time=time)
    # 4080 posted for 30 days, and 6700 more for the last 20
    expected = -0.10 * ((40_000 + 4080) * 30 + 6700 * 20) / 365
    assert found.financing == pytest.approx(expected, rel=1e-13)
    assert found.annual_return == pytest.approx(found.total / found.peak_capital * 365 / 30, rel=1e-13)
    assert np.isnan(linear(leverage=10).annual_return)


def test_missing_marks_are_no_information():
    futures = list(FUTURES)
    futures[2] = np.nan
    found = trade(SPOT, futures, contract=CONTRACTS["linear"], maintenance=0.005, leverage=10)
    assert found.liquidated == 4
    for place in (0, 4):
        futures = list(FUTURES)
        futures[place] = np.nan
        with np.errstate(all="raise"):
            found = trade(SPOT, futures, contract=CONTRACTS["linear"], maintenance=0.005, leverage=2)
        assert np.isnan(found.total)
    with np.errstate(all="raise"):
        found = linear(leverage=[5.0, np.nan])
    assert np.isnan(found.total).tolist() == [False, True]
    assert found.liquidated.tolist() == [4, -2]


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf])
def test_what_is_no_price(value):
    for place in (0, 2, 4):
        futures = np.array(FUTURES)
        futures[place] = value
        for collateral in ({"leverage": 2.0}, {"collateral": "cross"}):
            terms = {"contract": CONTRACTS["linear"], "maintenance": 0.005, **collateral}
            with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
                trade(SPOT, futures, **terms)
            with np.errstate(invalid="ignore"):
                assert np.isnan(trade(SPOT, futures, **terms).total)


@pytest.mark.parametrize(
    "terms", [{"leverage": 0.0}, {"leverage": 5.0, "quantity": -1.0}, {"leverage": 5.0, "reserve": -1.0}]
)
def test_terms_out_of_range(terms):
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        linear(**terms)


@pytest.mark.parametrize(
    ("terms", "match"),
    [
        ({}, "leverage must be given with 'separate' collateral"),
        ({"leverage": 5, "collateral": "cross"}, "leverage has no use with 'cross'"),
        ({"leverage": 5, "haircut": 0.1}, "haircut has no use with 'separate'"),
        ({"collateral": "cross", "top_up": "restore"}, "top_up must be 'none'"),
        ({"leverage": 5, "settlement_price": SPOT}, "settlement_price has no use for a linear contract"),
        ({"leverage": 5, "financing": 0.1}, "time must be given with financing"),
        ({"leverage": 5, "roll": [2]}, "roll and next_futures go together"),
        ({"leverage": 5, "roll": [5], "next_futures": FUTURES}, "roll must be a bool a bar, or bars between 0 and 4"),
        ({"leverage": 5, "collateral": "portfolio"}, "collateral must be one of"),
        ({"leverage": 5, "time": ["2024-01-02", "2024-01-01"] * 2 + ["2024-01-03"]}, "time"),
    ],
)
def test_wrong_terms(terms, match):
    with pytest.raises(ValueError, match=match):
        linear(**terms)


def test_wrong_inputs():
    with pytest.raises(ValueError, match="settlement_price must be given"):
        trade(SPOT, FUTURES, contract=CONTRACTS["quanto"], maintenance=0.0, leverage=5)
    with pytest.raises(TypeError, match="contract must be a Contract"):
        trade(SPOT, FUTURES, contract=3, maintenance=0.0, leverage=5)
    with pytest.raises(ValueError, match="spot"):
        trade(SPOT[1:], FUTURES, contract=CONTRACTS["linear"], maintenance=0.0, leverage=5)


@pytest.fixture(scope="module")
def cme(market):
    path = market / "carry" / "cme_btc" / "cme_btc_constant_maturity_2019_2024.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return np.array([row["date"] for row in rows]), np.array([float(row["cm_1m"]) for row in rows])


def test_months_in_which_a_short_died(cme):
    dates, futures = cme
    leverage = [2, 3, 5, 10, 20, 50]
    for end, periods, expected in (
        ("2022-01-31", 35, [4, 10, 14, 21, 28, 30]),
        ("2024-01-31", 59, [4, 11, 18, 32, 42, 50]),
    ):
        some = dates <= end
        months = [date[:7] for date in dates[some]]
        found = sg.carry.liquidation_share(futures[some], leverage, period=months)
        assert found.periods == periods
        assert found.liquidated.tolist() == expected
    some = dates <= "2022-01-31"
    months = [date[:7] for date in dates[some]]
    assert sg.carry.liquidation_share(futures[some], 50, 0.005, period=months).liquidated == 31
    assert sg.carry.liquidation_share(futures[some], 10, period=months).share == pytest.approx(0.6, rel=1e-15)


@pytest.fixture(scope="module")
def four_hours(market):
    """Bitcoin on Binance, bars of four hours, 2019-02 to 2022-01."""
    prices = sg.io.read_prices(market / "crypto_4h" / "BTCUSDT.csv")
    some = (prices.time >= np.datetime64("2019-02")) & (prices.time < np.datetime64("2022-02"))
    return prices.time[some], prices.close[some], prices.high[some]


def test_months_by_the_highs_of_four_hours(four_hours):
    time, close, high = four_hours
    found = sg.carry.liquidation_share(close, [2, 3, 5, 10], period=time.astype("datetime64[M]"), high=high)
    assert found.periods == 35
    assert found.liquidated.tolist() == [4, 10, 18, 25]
    assert found.share[-1] == pytest.approx(0.714, abs=5e-4)
    np.testing.assert_array_equal(found.hit.sum(axis=-1), found.liquidated)
    assert time[found.begins[0]] == np.datetime64("2019-02-28T20:00")


def test_windows_of_180_bars(four_hours):
    time, close, high = four_hours
    some = time >= np.datetime64("2019-03")
    found = sg.carry.liquidation_share(close[some], [2, 3, 5, 10], period=180, high=high[some])
    assert found.periods == 6223
    expected = [0.12052064920456372, 0.2579141892977663, 0.48111843162461837, 0.6721838341635867]
    assert found.share.tolist() == pytest.approx(expected, rel=1e-15)


def test_a_trade_on_deribit(market):
    """The September contract of 2021 against the coin, from 2021-07-20 to the end of the file."""
    table = sg.io.read_futures(market / "carry" / "options" / "deribit_btc_dated_futures_2021-06_2021-07.csv")
    days = table.time >= np.datetime64("2021-07-20")
    (september,) = np.flatnonzero(table.expiry.astype("datetime64[D]") == np.datetime64("2021-09-24"))
    spot, futures = table.spot[days], table.price[days, september]
    terms = {"contract": CONTRACTS["inverse"], "maintenance": 0.01}
    for leverage, bar, times in ((10, 3, 3.4), (5, 6, 2.2), (3, 12, 1.0)):
        alone = trade(spot, futures, leverage=leverage, **terms)
        exact = oracle.trade(list(spot), list(futures), "inverse", 1, leverage, Fraction(0.01))
        assert alone.liquidated == exact.liquidated == bar
        assert alone.basis == pytest.approx(21.0, abs=0.05)
        helped = trade(spot, futures, leverage=leverage, top_up="restore", **terms)
        assert helped.liquidated == 12
        assert helped.peak_margin * leverage == pytest.approx(times, abs=0.05)
    assert futures[-1] / futures[0] == pytest.approx(1.43, abs=0.01)
    assert trade(spot, futures, collateral="cross", **terms).liquidated == 12


def test_closed_form_of_a_month():
    expected = {
        2: 0.0139017030072398, 3: 0.0782637983634379, 5: 0.258291332891469, 10: 0.547583220542033,
        20: 0.754906050515126, 50: 0.898042566367674,
    }  # fmt: skip
    terms = {"contract": CONTRACTS["linear"], "maintenance": 0.0, "vol": 0.17 * 12**0.5, "expiry": 1 / 12}
    for leverage, probability in expected.items():
        found = sg.liquidation.breach_probability(1.0, -1.0, 1.0, 1 / leverage, **terms)
        assert found == pytest.approx(probability, rel=1e-9)
    found = sg.liquidation.breach_probability(1.0, -1.0, 1.0, 0.1, drift=0.025 * 12, **terms)
    assert found == pytest.approx(0.594995343988069, rel=1e-9)
    # without drift of the logarithm, not of the price
    vol = terms["vol"]
    found = sg.liquidation.breach_probability(1.0, -1.0, 1.0, 0.1, drift=0.5 * vol**2, **terms)
    assert found == pytest.approx(0.575037443140738, rel=1e-9)


def test_liquidation_share_is_what_the_trade_says():
    random = np.random.default_rng(3)
    futures = 100.0 * np.exp(np.cumsum(0.05 * random.standard_normal(120)))
    months = np.repeat(np.arange(12), 10)
    found = sg.carry.liquidation_share(futures, 4.0, 0.01, period=months)
    dead = 0
    for month in range(1, 12):
        path = futures[10 * month - 1 : 10 * month + 10]
        dead += trade(path, path, contract=CONTRACTS["linear"], maintenance=0.01, leverage=4.0).liquidated < 11
    assert found.liquidated == dead
    assert found.periods == 11
    windows = sg.carry.liquidation_share(futures, 4.0, 0.01, period=10)
    assert windows.periods == 110
    hits = [futures[t + 1 : t + 11].max() / futures[t] >= 1.25 / 1.01 for t in range(110)]
    assert windows.liquidated == sum(hits)


def test_wrong_periods():
    prices = np.arange(1.0, 11.0)
    with pytest.raises(ValueError, match="equal labels side by side"):
        sg.carry.liquidation_share(prices, 5, period=["a", "b"] * 5)
    with pytest.raises(ValueError, match="period must be labels, or a number of bars between 1 and 9"):
        sg.carry.liquidation_share(prices, 5, period=10)
    with pytest.raises(ValueError, match="period has length 9"):
        sg.carry.liquidation_share(prices, 5, period=["a"] * 9)
