"""Labels: the same in every function, for pandas, polars and xarray; arrays and numbers are handed on as they are."""

import inspect

import numpy as np
import pytest
from oracle import assert_same_bits

import shortgamma as sg

pd = pytest.importorskip("pandas")

DAYS = pd.date_range("2024-01-01", periods=5, freq="D")
PRICE = np.array([100.0, 104.0, 99.0, 103.0, 101.0])
SECOND = np.array([90.0, 95.0, 93.0, 97.0, 92.0])
LINEAR = sg.contracts.Contract("linear")
RULE = sg.leverage.TokenRule(3.0, every=1, name="three")
OPTION = {"vol": 0.3, "expiry": 0.5, "kind": "down-in", "option": "put"}

# Two inputs that are paired, of numbers in the order of the days; results have one element for each day.
PAIRS = {
    "barrier.price": lambda a, b: sg.barrier.price(a, b, 80.0, **OPTION),
    "barrier.delta": lambda a, b: sg.barrier.delta(a, b, 80.0, **OPTION),
    "barrier.greeks": lambda a, b: sg.barrier.greeks(a, b, 80.0, **OPTION).gamma,
    "barrier.binary_price": lambda a, b: sg.barrier.binary_price(a, b, 80.0, payoff="cash", **OPTION),
    "barrier.status": lambda a, b: sg.barrier.status(a, b, 95.0, vol=0.3, expiry=0.5, kind="down-in"),
    "barrier.implied_vol": lambda a, b: (
        sg.barrier.implied_vol(a / 20.0, a, b, 80.0, expiry=0.5, kind="down-in", option="put").first
    ),
    "vanilla.price": lambda a, b: sg.vanilla.price(a, b, vol=0.3, expiry=0.5, option="call"),
    "leverage.rebalance_trade": lambda a, b: sg.leverage.rebalance_trade(a, 3.0, b / 100.0),
    "leverage.nav": lambda a, b: sg.leverage.nav(a, 3.0, financing=b / 1e2, periods_per_year=365),
    "leverage.simulate": lambda a, b: sg.leverage.simulate(a, RULE, dividend=b / 1e3).nav,
    "funding.accrue": lambda a, b: sg.funding.accrue(1.0, a, b / 1e5, contract=LINEAR),
    "funding.funding_index": lambda a, b: sg.funding.funding_index(b / 1e5, a, LINEAR).value,
    "funding.premium_index": lambda a, b: sg.funding.premium_index(a, a + 0.1, b),
    "liquidation.pnl": lambda a, b: sg.liquidation.pnl(2.0, a, b, contract=LINEAR),
    "liquidation.bankruptcy_price": lambda a, b: sg.liquidation.bankruptcy_price(2.0, a, b, contract=LINEAR),
}
# The same of functions that give one number for all days.
SUMS = {
    "funding.total": lambda a, b: sg.funding.total(1.0, a, b / 1e5, contract=LINEAR),
    "leverage.simulate": lambda a, b: sg.leverage.simulate(a, RULE, dividend=b / 1e3, record="summary").nav,
}


def series(values, order=slice(None), days=DAYS):
    return pd.Series(values, index=days)[order]


ORDERS = {"same": slice(None), "newest first": slice(None, None, -1), "shuffled": [2, 0, 4, 1, 3]}


def picked(values, order):
    return values.iloc[order]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", PAIRS)
def test_series_are_paired_by_label(name, order):
    expected = np.asarray(PAIRS[name](PRICE, SECOND))
    result = PAIRS[name](series(PRICE), picked(series(SECOND), ORDERS[order]))
    assert isinstance(result, pd.Series)
    if name != "funding.funding_index":
        # whose first argument is the second here
        assert result.index.equals(DAYS)
        np.testing.assert_array_equal(result.to_numpy(), expected)
        return
    if order != "same":
        pytest.skip("a running sum has the order of its first argument")
    np.testing.assert_array_equal(result.to_numpy(), expected)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", SUMS)
def test_sums_are_paired_by_label(name, order):
    assert SUMS[name](series(PRICE), picked(series(SECOND), ORDERS[order])) == SUMS[name](PRICE, SECOND)


@pytest.mark.parametrize("name", [*PAIRS, "funding.total"])
def test_other_labels_are_refused(name):
    function = PAIRS.get(name) or SUMS[name]
    later = series(SECOND, days=DAYS + pd.Timedelta(days=1))
    with pytest.raises(ValueError, match=r" has no label 20\d\d-01-0\d"):
        function(series(PRICE), later)
    more = pd.concat([series(SECOND), pd.Series([1.0], index=DAYS[-1:] + pd.Timedelta(days=1))])
    with pytest.raises(ValueError, match=r" has (the|no) label 2024-01-06"):
        function(series(PRICE), more)
    twice = pd.concat([series(SECOND)[:4], series(SECOND)[:1]])
    with pytest.raises(ValueError, match=r" has the label 2024-01-01.* twice"):
        function(series(PRICE), twice)


@pytest.mark.parametrize("name", PAIRS)
def test_one_series_and_an_array(name):
    if name == "barrier.implied_vol":
        pytest.skip("its first two inputs are one here")
    expected = np.asarray(PAIRS[name](PRICE, SECOND))
    for result in (PAIRS[name](series(PRICE), SECOND), PAIRS[name](PRICE, series(SECOND))):
        assert result.index.equals(DAYS)
        np.testing.assert_array_equal(result.to_numpy(), expected)


FRAMES = [name for name in PAIRS if name not in ("leverage.simulate",)]


@pytest.mark.parametrize("name", [name for name in FRAMES if name != "funding.funding_index"])
def test_frames_keep_rows_and_columns(name):
    table = np.stack([PRICE, PRICE + 3.0], axis=1)
    frame = pd.DataFrame(table, index=DAYS, columns=["x", "y"])
    other = pd.DataFrame(np.stack([SECOND, SECOND - 1.0], axis=1), index=DAYS, columns=["x", "y"])
    expected = np.asarray(PAIRS[name](table, other.to_numpy()))
    result = PAIRS[name](frame, other.loc[DAYS[::-1], ["y", "x"]])
    assert isinstance(result, pd.DataFrame)
    assert result.index.equals(DAYS)
    assert result.columns.tolist() == ["x", "y"]
    np.testing.assert_array_equal(result.to_numpy(), expected)


@pytest.mark.parametrize("name", FRAMES)
def test_a_series_runs_along_the_axis_whose_labels_it_has(name):
    if name == "barrier.implied_vol":
        pytest.skip("its first two inputs are one here")
    table = np.stack([PRICE, PRICE + 3.0], axis=1)
    frame = pd.DataFrame(table, index=DAYS, columns=["x", "y"])
    rows = PAIRS[name](frame, series(SECOND)[::-1])
    np.testing.assert_array_equal(
        rows.to_numpy(), np.asarray(PAIRS[name](table, np.repeat(SECOND[:, None], 2, axis=1)))
    )
    columns = PAIRS[name](frame, pd.Series([91.0, 95.0], index=["y", "x"]))
    expected = np.asarray(PAIRS[name](table, np.broadcast_to([95.0, 91.0], (5, 2)).copy()))
    np.testing.assert_array_equal(columns.to_numpy(), expected)


def test_labels_of_both_axes_are_refused():
    square = pd.DataFrame(np.full((2, 2), 100.0), index=["x", "y"], columns=["x", "y"])
    with pytest.raises(ValueError, match="labels of both the rows and the columns of spot"):
        sg.barrier.price(square, pd.Series([90.0, 95.0], index=["x", "y"]), 80.0, **OPTION)


class TestPaths:
    FRAME = pd.DataFrame(np.stack([PRICE, SECOND], axis=1), index=DAYS, columns=["x", "y"])

    def test_leverage_of_each_column(self):
        result = sg.leverage.nav(self.FRAME, pd.Series([2.0, 3.0], index=["y", "x"]))
        expected = sg.leverage.nav(self.FRAME.to_numpy(), np.array([3.0, 2.0]))
        assert result.columns.tolist() == ["x", "y"]
        assert_same_bits(result.to_numpy(), expected)

    def test_more_products_than_columns(self):
        result = sg.leverage.nav(self.FRAME[["x"]], [2.0, 3.0])
        assert result.index.equals(DAYS)
        assert result.columns.tolist() == [2.0, 3.0]

    def test_several_rules_have_their_names(self):
        rules = [RULE, RULE.replace(leverage=-1.0, name="")]
        nav = sg.leverage.simulate(series(PRICE), rules).nav
        assert nav.columns.tolist() == ["three", "rule 1"]
        assert nav.index.equals(DAYS)
        nav = sg.leverage.simulate(self.FRAME, rules).nav
        assert nav.columns.tolist() == [("x", "three"), ("x", "rule 1"), ("y", "three"), ("y", "rule 1")]
        end = sg.leverage.simulate(self.FRAME, rules, record="summary").nav
        assert end.index.tolist() == ["x", "y"]
        assert end.columns.tolist() == ["three", "rule 1"]
        end = sg.leverage.simulate(series(PRICE), rules, record="summary")
        assert end.nav.index.tolist() == ["three", "rule 1"]
        assert end.to_frame().index.tolist() == ["three", "rule 1"]

    def test_times_are_those_of_the_labels(self):
        rule = sg.leverage.TokenRule(1.0, every=1, expense=0.1)
        by_label = sg.leverage.simulate(series(PRICE), rule).nav
        assert_same_bits(by_label.to_numpy(), sg.leverage.simulate(PRICE, rule, time=DAYS).nav)
        with pytest.raises(ValueError, match=r"time\[1\] must be later than time\[0\]"):
            sg.leverage.simulate(series(PRICE)[::-1], rule)

    def test_sums_over_an_axis(self):
        position = pd.DataFrame(np.ones((5, 2)), index=DAYS, columns=["x", "y"])
        by_account = sg.funding.total(position, self.FRAME, 0.01, contract=LINEAR, over=0)
        assert by_account.index.tolist() == ["x", "y"]
        by_day = sg.funding.total(position, self.FRAME, 0.01, contract=LINEAR, over=1)
        assert by_day.index.equals(DAYS)

    def test_steps_have_the_later_label(self):
        path = sg.funding.three_leg_path(series(PRICE), series(SECOND)[::-1])
        assert path.residual.index.equals(DAYS[1:])
        np.testing.assert_array_equal(path.residual.to_numpy(), sg.funding.three_leg_path(PRICE, SECOND).residual)

    def test_events(self):
        fills = pd.Series([2.0, -1.0], index=["b", "a"])
        times = pd.Series(DAYS[[0, 2]], index=["a", "b"])
        mark = series(PRICE)
        expected = sg.funding.accrue_events(DAYS[[2, 0]][::-1], [-1.0, 2.0], DAYS, PRICE, 0.01, contract=LINEAR)
        cash = sg.funding.accrue_events(times, fills, DAYS, mark, 0.01, contract=LINEAR)
        assert cash.index.equals(DAYS)
        np.testing.assert_array_equal(cash.to_numpy(), expected)
        with pytest.raises(ValueError, match="fill_quantity has no label 'a'"):
            sg.funding.accrue_events(times, pd.Series([1.0, 2.0], index=["b", "c"]), DAYS, mark, 0.01, contract=LINEAR)


# Accounts of two instruments settled in two coins, by names; their order differs between the arguments.
PERPETUAL = sg.contracts.Contract("linear", name="ETH-USD", underlying="ETH", quote="USD", settlement="USD")
INVERSE = sg.contracts.Contract("inverse", name="BTC-USD", underlying="BTC", quote="USD", settlement="BTC")
BOOK = [PERPETUAL, INVERSE]
BARS = DAYS[:4]
MARK = np.array([[200.0, 10_000.0], [190.0, 9_500.0], [150.0, 8_000.0], [120.0, 6_000.0]])
COIN = np.array([[1.0, 10_000.0], [1.0, 9_500.0], [1.0, 8_000.0], [1.0, 6_000.0]])
HELD = np.array([[10.0, 5_000.0], [5.0, 20_000.0], [-3.0, -8_000.0]])
ENTRY = np.array([[200.0, 10_000.0], [190.0, 9_900.0], [210.0, 10_100.0]])
CASH = np.array([[900.0, 0.2], [500.0, 0.8], [400.0, 0.1]])
TERMS = {"contracts": BOOK, "maintenance": 0.01}
NAMES, COINS, USERS = ["ETH-USD", "BTC-USD"], ["USD", "BTC"], ["u", "v", "w"]


def by_name(values, rows, columns, reverse):
    """A frame or series of names, or with its labels the other way round."""
    table = pd.DataFrame(values, index=rows, columns=columns) if rows is not None else pd.Series(values, index=columns)
    if not reverse:
        return table
    return table.iloc[::-1, ::-1] if rows is not None else table.iloc[::-1]


def account_arguments(bar, reverse):
    """Marks, coins, quantities, entries and collateral, each next one in the other order if ``reverse``."""
    rows = None if bar is not None else BARS
    at = slice(None) if bar is None else bar
    return (
        by_name(MARK[at], rows, NAMES, reverse),
        by_name(COIN[at], rows, COINS, False),
        by_name(HELD, USERS, NAMES, False),
        by_name(ENTRY, USERS, NAMES, reverse),
        by_name(CASH, USERS, COINS, reverse),
    )


ACCOUNTS = {
    "equity": (sg.liquidation.account_equity, 0, {"contracts": BOOK}),
    "margin_ratio": (sg.liquidation.account_margin_ratio, 0, TERMS),
    "price": (sg.liquidation.account_price, 0, {**TERMS, "instrument": "ETH-USD"}),
    "first_breach": (sg.liquidation.account_first_breach, None, TERMS),
    "breach_probability": (
        sg.liquidation.account_breach_probability, 0,
        {**TERMS, "vol": {"ETH": 0.9, "BTC": 0.7}, "correlation": 0.5, "expiry": 0.1, "paths": 256, "rng": 7},
    ),
}  # fmt: skip


class TestAccounts:
    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("name", ACCOUNTS)
    def test_names_count_not_places(self, name, reverse):
        function, bar, terms = ACCOUNTS[name]
        at = slice(None) if bar is None else bar
        expected = function(MARK[at], COIN[at], HELD, ENTRY, CASH, coins=COINS, **terms)
        marks, *others = account_arguments(bar, reverse)
        if bar is None:
            marks = marks.sort_index()
        result = function(marks, *others, **terms)
        fields = zip(result, expected, strict=True) if isinstance(result, tuple) else [(result, expected)]
        for got, wanted in fields:
            if np.ndim(wanted) == 0:
                assert got == wanted
                continue
            assert got.index.tolist() == USERS
            np.testing.assert_array_equal(got.to_numpy(), wanted)

    def test_maintenance(self):
        marks, fx, held, entry, _ = account_arguments(0, reverse=True)
        expected = sg.liquidation.account_maintenance(MARK[0], COIN[0], HELD, coins=COINS, entry=ENTRY, **TERMS)
        result = sg.liquidation.account_maintenance(marks, fx, held, coins=COINS, entry=entry, **TERMS)
        assert result.index.tolist() == USERS
        np.testing.assert_array_equal(result.to_numpy(), expected)

    def test_one_account_over_bars(self):
        marks, fx, *_ = account_arguments(None, reverse=False)
        expected = sg.liquidation.account_equity(MARK, COIN, HELD[0], ENTRY[0], CASH[0], contracts=BOOK, coins=COINS)
        held = by_name(HELD[0], None, NAMES, reverse=True)
        result = sg.liquidation.account_equity(
            marks, fx, held, by_name(ENTRY[0], None, NAMES, reverse=False), by_name(CASH[0], None, COINS, reverse=True),
            contracts=BOOK)  # fmt: skip
        assert result.index.equals(BARS)
        np.testing.assert_array_equal(result.to_numpy(), expected)

    @pytest.mark.parametrize("name", [name for name in ACCOUNTS if name != "breach_probability"])
    def test_other_names_are_refused(self, name):
        function, bar, terms = ACCOUNTS[name]
        marks, fx, held, entry, cash = account_arguments(bar, reverse=False)
        renamed = marks.set_axis(["ETH", "SOL"], axis=marks.ndim - 1)
        with pytest.raises(ValueError, match=r"^mark has no label 'BTC-USD' or 'BTC', which contracts\[1\] has$"):
            function(renamed, fx, held, entry, cash, **terms)
        with pytest.raises(ValueError, match=r"^entry has no label 'w', which quantity has$"):
            function(marks, fx, held, entry.rename(index={"w": "x"}), cash, **terms)

    def test_names_of_contracts_and_of_what_they_price(self):
        contracts = ["ETHUSD", "XBTUSD"]
        expected = sg.liquidation.account_equity(
            [220.0, 11_000.0], None, [-100.0, 5_000.0], [200.0, 10_000.0], [1.0], contracts=contracts)  # fmt: skip
        result = sg.liquidation.account_equity(
            pd.Series({"XBTUSD": 11_000.0, "ETHUSD": 220.0}), None, pd.Series({"BTC": 5_000.0, "ETH": -100.0}),
            pd.Series({"ETH": 200.0, "XBT": 10_000.0}), pd.Series({"BTC": 1.0}), contracts=contracts)  # fmt: skip
        assert result == expected

    def test_volatilities_as_a_series(self):
        function, bar, terms = ACCOUNTS["breach_probability"]
        expected = function(*account_arguments(bar, reverse=False), **terms)
        vol = pd.Series({"ETH": 0.9, "BTC": 0.7})
        result = function(*account_arguments(bar, reverse=True), **{**terms, "vol": vol})
        np.testing.assert_array_equal(np.asarray(result.probability), np.asarray(expected.probability))

    def test_a_path_of_accounts(self):
        terms = {**TERMS, "rule": sg.liquidation.LiquidationRule()}
        expected = sg.liquidation.simulate(MARK, HELD, ENTRY, CASH, **terms)
        result = sg.liquidation.simulate(
            by_name(MARK, BARS, NAMES, reverse=True).sort_index(), by_name(HELD, USERS, NAMES, reverse=False),
            by_name(ENTRY, USERS, NAMES, reverse=True), by_name(CASH, USERS, COINS, reverse=True), **terms)  # fmt: skip
        assert result.quantity.index.tolist() == result.equity.index.tolist() == USERS
        assert result.quantity.columns.tolist() == NAMES
        assert result.collateral.columns.tolist() == result.fund.index.tolist() == COINS
        for field in ("quantity", "collateral", "equity", "fund", "fees", "market"):
            np.testing.assert_array_equal(getattr(result, field).to_numpy(), getattr(expected, field))
        assert result.events.bar.tolist() == expected.events.bar.tolist()

    def test_accounts_of_one_instrument(self):
        terms = {"contracts": LINEAR, "maintenance": 0.01, "rule": sg.liquidation.LiquidationRule()}
        held, cash = pd.Series([1.0, 2.0], index=["u", "v"]), pd.Series([150.0, 20.0], index=["v", "u"])
        result = sg.liquidation.simulate(pd.Series(MARK[:, 0], index=BARS), held, 200.0, cash, **terms)
        expected = sg.liquidation.simulate(MARK[:, 0], [1.0, 2.0], 200.0, [20.0, 150.0], **terms)
        np.testing.assert_array_equal(result.quantity.to_numpy(), expected.quantity)
        assert result.quantity.index.tolist() == ["u", "v"]

    def test_a_cascade(self):
        held, margin = pd.Series([10.0, 8.0, 9.0], index=USERS), pd.Series([90.0, 28.0, 20.0], index=USERS[::-1])
        terms = {"contract": LINEAR, "maintenance": 0.0, "depth": 10.0}
        expected = sg.liquidation.simulate_cascade([97.9, 96.0], held.to_numpy(), 100.0, [20.0, 28.0, 90.0], **terms)
        result = sg.liquidation.simulate_cascade([97.9, 96.0], held, 100.0, margin, **terms)
        assert result.wave.columns.tolist() == USERS
        np.testing.assert_array_equal(result.wave.to_numpy(), expected.wave)
        result = sg.liquidation.simulate_cascade(97.9, held, 100.0, margin, **terms)
        assert result.equity.index.tolist() == USERS
        np.testing.assert_array_equal(result.equity.to_numpy(), expected.equity[0])

    def test_a_hedge(self):
        mark, coin = series(PRICE), series(SECOND)
        expected = sg.liquidation.constant_risk_hedge(PRICE, SECOND, -100.0, contract="ETHUSD")
        result = sg.liquidation.constant_risk_hedge(mark, coin[::-1], -100.0, contract="ETHUSD")
        assert result.hedge.index.equals(DAYS)
        np.testing.assert_array_equal(result.total.to_numpy(), expected.total)
        marks = pd.DataFrame({"x": PRICE, "y": PRICE + 3.0}, index=DAYS)
        held = pd.Series([-200.0, -100.0], index=["y", "x"])
        result = sg.liquidation.constant_risk_hedge(marks, coin[::-1], held, contract="ETHUSD")
        assert result.hedge.columns.tolist() == ["x", "y"]
        np.testing.assert_array_equal(result.total["x"].to_numpy(), expected.total)
        with pytest.raises(ValueError, match="fx has no label 2024-01-05"):
            sg.liquidation.constant_risk_hedge(mark, coin[:4], -100.0, contract="ETHUSD")

    def test_polars(self):
        pl = pytest.importorskip("polars")
        function, _, terms = ACCOUNTS["first_breach"]
        frames = [pl.DataFrame(each, schema=names) for each, names in (
            (MARK[:, ::-1], NAMES[::-1]), (COIN, COINS), (HELD, NAMES), (ENTRY[:, ::-1], NAMES[::-1]),
            (CASH[:, ::-1], COINS[::-1]))]  # fmt: skip
        expected = function(MARK, COIN, HELD, ENTRY, CASH, coins=COINS, **terms)
        result = function(*frames, coins=COINS, **terms)
        assert isinstance(result, pl.Series)
        assert result.to_list() == expected.tolist()
        terms = {"contract": LINEAR, "maintenance": 0.0, "depth": 10.0}
        held, margin = [10.0, 8.0, 9.0], [20.0, 28.0, 90.0]
        end = sg.liquidation.simulate_cascade(97.9, pl.Series(held), 100.0, pl.Series(margin), **terms)
        assert isinstance(end.equity, pl.Series)
        assert (
            end.equity.to_list() == sg.liquidation.simulate_cascade(97.9, held, 100.0, margin, **terms).equity.tolist()
        )

    def test_xarray(self):
        xr = pytest.importorskip("xarray")
        function, bar, terms = ACCOUNTS["equity"]
        expected = function(MARK[bar], COIN[bar], HELD, ENTRY, CASH, coins=COINS, **terms)
        arrays = [
            xr.DataArray(MARK[bar], dims="name", coords={"name": NAMES}),
            xr.DataArray(COIN[bar], dims="coin", coords={"coin": COINS}),
            xr.DataArray(HELD, dims=("user", "name"), coords={"user": USERS, "name": NAMES}),
            xr.DataArray(ENTRY, dims=("user", "name"), coords={"user": USERS, "name": NAMES})[::-1, ::-1],
            xr.DataArray(CASH, dims=("user", "coin"), coords={"user": USERS, "coin": COINS})[:, ::-1],
        ]
        result = function(*arrays, **terms)
        assert result.dims == ("user",)
        np.testing.assert_array_equal(result.to_numpy(), expected)


def test_kinds_as_a_series():
    kinds = pd.Series(["down-in", "down-out"], index=["a", "b"])
    spot = pd.Series([100.0, 101.0], index=["b", "a"])
    given = {"vol": 0.3, "expiry": 0.5, "option": "put"}
    result = sg.barrier.price(spot, 100.0, 80.0, kind=kinds, **given)
    assert result.index.tolist() == ["b", "a"]
    expected = sg.barrier.price([100.0, 101.0], 100.0, 80.0, kind=["down-out", "down-in"], **given)
    np.testing.assert_array_equal(result.to_numpy(), expected)


@pytest.mark.parametrize("name", PAIRS)
def test_polars(name):
    pl = pytest.importorskip("polars")
    expected = np.asarray(PAIRS[name](PRICE, SECOND))
    result = PAIRS[name](pl.Series("a", PRICE), pl.Series("b", SECOND))
    assert isinstance(result, pl.Series)
    # polars divides by a number by multiplying with its reciprocal
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(result.to_numpy(), expected, rtol=1e-12)
    else:
        np.testing.assert_array_equal(result.to_numpy(), expected)


def test_polars_frames():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"x": PRICE, "y": SECOND})
    result = sg.leverage.nav(frame, 3.0)
    assert result.columns == ["x", "y"]
    assert_same_bits(result.to_numpy(), sg.leverage.nav(frame.to_numpy(), 3.0))


@pytest.mark.parametrize("name", PAIRS)
def test_xarray(name):
    xr = pytest.importorskip("xarray")
    expected = np.asarray(PAIRS[name](PRICE, SECOND))
    first = xr.DataArray(PRICE, dims="day", coords={"day": DAYS})
    second = xr.DataArray(SECOND, dims="day", coords={"day": DAYS})
    result = PAIRS[name](first, second if name == "funding.funding_index" else second[::-1])
    assert isinstance(result, xr.DataArray)
    assert result.dims == ("day",)
    np.testing.assert_array_equal(result.to_numpy(), expected)
    with pytest.raises(ValueError, match=r" has no label 2024-01-0[16]"):
        PAIRS[name](first, second.assign_coords(day=DAYS + pd.Timedelta(days=1)))


def test_xarray_axes_are_paired_by_name():
    xr = pytest.importorskip("xarray")
    spot = xr.DataArray(PRICE, dims="spot")
    expiry = xr.DataArray([0.25, 0.5], dims="expiry")
    terms = {"vol": 0.3, "kind": "down-in", "option": "put"}
    surface = sg.barrier.price(spot, 100.0, 80.0, expiry=expiry, **terms)
    assert surface.dims == ("spot", "expiry")
    expected = sg.barrier.price(PRICE[:, None], 100.0, 80.0, expiry=[0.25, 0.5], **terms)
    np.testing.assert_array_equal(surface.to_numpy(), expected)


def test_two_libraries_are_refused():
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match="spot is of polars and strike of pandas"):
        sg.barrier.price(pl.Series("a", PRICE), series(SECOND), 80.0, **OPTION)


class TestMissing:
    @pytest.mark.parametrize("name", PAIRS)
    def test_masked_elements_are_nan(self, name):
        if name == "barrier.status":
            pytest.skip("of kinds, not of numbers")
        holed = PRICE.copy()
        holed[2] = np.nan
        with np.errstate(invalid="ignore"):
            expected = np.asarray(PAIRS[name](holed, SECOND))
            result = PAIRS[name](np.ma.array(PRICE, mask=[0, 0, 1, 0, 0]), SECOND)
        assert type(result) is np.ndarray
        np.testing.assert_array_equal(result, expected)

    def test_masked_flags_are_refused(self):
        with pytest.raises(ValueError, match=r"schedule\[1\] must be given, got a masked element"):
            sg.leverage.nav(PRICE, 3.0, schedule=np.ma.array([True] * 5, mask=[0, 1, 0, 0, 0]))

    @pytest.mark.parametrize("dtype", ["Float64", "Int64"])
    def test_nullable_columns(self, dtype):
        price = pd.Series([100.0, None, 102.0], dtype=dtype)
        result = sg.barrier.price(price, 100.0, 80.0, **OPTION)
        assert np.isnan(result.to_numpy()).tolist() == [False, True, False]


@pytest.mark.parametrize(
    "wrong",
    [
        np.array(["2024-01-01"], dtype="datetime64[D]"),
        np.array([1], dtype="timedelta64[h]"),
        np.array([1.0], dtype=object),
    ],
)
@pytest.mark.parametrize("name", PAIRS)
def test_what_is_no_number(name, wrong):
    with pytest.raises((TypeError, ValueError)):
        PAIRS[name](wrong, SECOND[:1])


def test_plain_arguments_are_not_copied(monkeypatch):
    def refuse(*_):
        raise AssertionError("arrays have no labels")

    from shortgamma._core import labels

    monkeypatch.setattr(labels, "call", refuse)
    for function in PAIRS.values():
        function(PRICE, SECOND)
    with pytest.raises(AssertionError, match="no labels"):
        PAIRS["barrier.price"](series(PRICE), SECOND)


def test_every_function_goes_through_the_wrapper():
    """So a new function is labelled without a line of its own."""
    from shortgamma._core import public
    from shortgamma._core.lazy import UNLABELLED

    for family in (getattr(sg, name) for name in sg.__all__):
        if not inspect.ismodule(family) or family.__name__ in UNLABELLED or not hasattr(family, "__all__"):
            continue
        for name in family.__all__:
            value = getattr(family, name)
            if inspect.isroutine(value) or inspect.isfunction(value):
                assert isinstance(value, public.function), f"{family.__name__}.{name}"


LABELLED_BOOK = {
    "strike": pd.Series([90.0, 100.0, 110.0], index=["a", "b", "c"]),
    "vol": pd.Series([0.4, 0.3, 0.2], index=["c", "b", "a"]),
    "quantity": pd.Series([1.0, 2.0, -3.0], index=["a", "b", "c"]),
    "option": pd.Series(["put", "call", "call"], index=["a", "b", "c"]),
    "expiry": 0.1,
}
BARE_BOOK = {
    "strike": [90.0, 100.0, 110.0], "vol": [0.2, 0.3, 0.4], "quantity": [1.0, 2.0, -3.0],
    "option": ["put", "call", "call"], "expiry": 0.1,
}  # fmt: skip


def test_a_book_and_spots_have_labels_of_their_own():
    """As many spots and moves as options: results are not labelled as options."""
    spots = pd.Series([90.0, 100.0, 110.0], index=["low", "middle", "high"])
    found, expected = sg.dealer.profile(spots, **LABELLED_BOOK), sg.dealer.profile(spots.to_numpy(), **BARE_BOOK)
    assert found.gamma_percent.index.tolist() == ["low", "middle", "high"]
    np.testing.assert_array_equal(found.gamma_percent, expected.gamma_percent)
    bare = sg.dealer.profile(spots.to_numpy(), **LABELLED_BOOK).gamma_percent
    assert isinstance(bare, np.ndarray)
    np.testing.assert_array_equal(bare, expected.gamma_percent)
    moves = pd.Series([-0.1, 0.0, 0.1], index=["fall", "none", "rise"])
    flow = sg.dealer.hedge_flow(moves, 100.0, **LABELLED_BOOK)
    assert flow.value.index.tolist() == ["fall", "none", "rise"]
    np.testing.assert_array_equal(flow.value, sg.dealer.hedge_flow(moves.to_numpy(), 100.0, **BARE_BOOK).value)
    total = sg.dealer.exposure(100.0, **LABELLED_BOOK)
    assert total.gamma_percent == sg.dealer.exposure(100.0, **BARE_BOOK).gamma_percent
    by_strike = sg.dealer.exposure(100.0, **LABELLED_BOOK, by="strike")
    assert by_strike.label.tolist() == [90.0, 100.0, 110.0]
    groups = pd.Series(["x", "y", "x"], index=["c", "b", "a"])
    by_group = sg.dealer.exposure(100.0, **LABELLED_BOOK, by=groups)
    np.testing.assert_array_equal(
        by_group.gamma_percent, sg.dealer.exposure(100.0, **BARE_BOOK, by=["x", "y", "x"]).gamma_percent
    )
    assert sg.dealer.flips(100.0, **LABELLED_BOOK).spots.tolist() == sg.dealer.flips(100.0, **BARE_BOOK).spots.tolist()
    with pytest.raises(ValueError, match="vol has no label 'c', which strike has"):
        sg.dealer.exposure(100.0, **{**LABELLED_BOOK, "vol": pd.Series([0.2, 0.3, 0.4], index=["a", "b", "d"])})


def test_funds_notes_traders_and_events():
    funds = pd.Series([4e9, 0.5e9], index=["x2", "inverse"])
    leverage = pd.Series([-1.0, 2.0], index=["inverse", "x2"])
    returns = pd.Series([-0.05, 0.01], index=DAYS[:2])
    flow = sg.dealer.closing_flow(funds, leverage, returns)
    assert flow.index.equals(DAYS[:2])
    np.testing.assert_allclose(flow, [-450e6, 90e6], rtol=1e-12)
    notes = {"strike": pd.Series([58.1, 50.0], index=["p", "q"]), "barrier": pd.Series([40.0, 43.6], index=["q", "p"])}
    book = sg.dealer.note_book(pd.Series([60.0, 45.0], index=["now", "later"]), **notes, vol=0.5, expiry=0.2, units=1.0)
    assert book.hedge.index.tolist() == ["now", "later"]
    assert book.barrier.tolist() == [43.6, 40.0]
    game = sg.dealer.predatory_trading(
        pd.Series([1.0, 0.0, 0.0], index=["fund", "first", "second"]), 1.0, permanent=1.0, temporary=0.5, steps=2
    )
    assert game.costs.index.tolist() == ["fund", "first", "second"]
    assert isinstance(game.price, np.ndarray)
    series = pd.Series(np.arange(5.0), index=DAYS)
    window = sg.dealer.event_window(series, pd.Series([2], index=["launch"]), before=2, after=2)
    assert window.after.index.tolist() == ["launch"]
    assert window.difference == 3.0
    dated = sg.dealer.event_window(series, ["2024-01-03"], before=2, after=2, time=DAYS)
    assert dated.difference == 3.0
