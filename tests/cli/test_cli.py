"""The command line: exit codes, errors of one line, the printout, and its numbers by plain formulas."""

import io
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import shortgamma as sg
from shortgamma import cli
from shortgamma.cli import market as _market
from shortgamma.cli import output as cli_output
from shortgamma.io import read_prices

MARKET = Path(os.environ.get("SHORTGAMMA_MARKET", Path(__file__).resolve().parents[3] / "shared" / "market"))
YEAR = 365 * 24 * 3600 * 10**9
BAR = 4 * 3600 * 10**9
LISTED = "run, funding, carry, flows, info, schema, completion, help"
COMMANDS = LISTED.replace(", help", " or help")
SECTIONS = ("LEVERAGED TOKENS", "KNOCK-IN PUT", "FUNDING", "LIQUIDATION")


def shell(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "shortgamma", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def refuse_constant(name):
    raise AssertionError(f"{name} is not standard JSON")


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=refuse_constant)


def write_prices(path, time, close, high=None, low=None):
    lines = ["date,close" if high is None else "date,high,low,close"]
    for i, moment in enumerate(time.astype("datetime64[s]")):
        columns = [close[i]] if high is None else [high[i], low[i], close[i]]
        lines.append(",".join([str(moment), *(repr(float(price)) for price in columns)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


class Files:
    """An underlying of 4-hour bars over 500 days with highs and lows, and a coin that lacks some bars."""

    def __init__(self, folder, bars=3000):
        random = np.random.default_rng(7)
        moves = 0.016 * random.standard_normal((2, bars))
        moves[1] = 0.8 * moves[0] + 0.6 * moves[1]
        self.time = np.datetime64("2020-03-01T04:00", "ns") + np.arange(bars) * np.timedelta64(BAR, "ns")
        self.close, self.coin = np.array([[180.0], [9000.0]]) * np.exp(moves.cumsum(axis=1))
        wicks = np.exp(np.abs(0.006 * random.standard_normal((2, bars))))
        before = np.roll(self.close, 1)
        self.high = np.maximum(before, self.close) * wicks[0]
        self.low = np.minimum(before, self.close) / wicks[1]
        self.high[0], self.low[0] = 10 * self.close[0], 0.1 * self.close[0]
        self.kept = np.ones(bars, bool)
        self.kept[[5, 17, 1200, 2999]] = False
        folder = Path(tempfile.mkdtemp(dir=folder))
        self.folder = folder
        self.underlying_path = write_prices(folder / "eth.csv", self.time, self.close, self.high, self.low)
        self.coin_path = write_prices(folder / "btc.csv", self.time[self.kept], self.coin[self.kept])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def two(files):
    output = files.folder / "two.json"
    arguments = ["run", files.underlying_path, "--coin", files.coin_path, "--rebalance", "bar"]
    assert cli.main([*arguments, "--json", str(output)]) == 0
    return load(output)


@pytest.fixture(scope="module")
def one(files):
    output = files.folder / "one.json"
    assert cli.main(["run", files.coin_path, "--rebalance", "bar", "--json", str(output)]) == 0
    return load(output)


@pytest.fixture(scope="module")
def built_in(files):
    output = files.folder / "built_in.json"
    assert cli.main(["run", "--rebalance", "bar", "--json", str(output)]) == 0
    return load(output)


@pytest.fixture(scope="module")
def cases(files, two, one, built_in):
    """Of each run: the JSON and the series that it must have come from."""
    keep = files.kept
    simulated = _market.simulate()
    return {
        "two": (
            two,
            files.time[keep],
            files.close[keep],
            files.high[keep],
            files.low[keep],
            files.coin[keep],
        ),
        "one": (one, files.time[keep], files.coin[keep], None, None, np.ones(keep.sum())),
        "built-in": (built_in, *simulated[:5]),
    }


each_case = pytest.mark.parametrize("name", ["two", "one", "built-in"])


def iso(time):
    return f"{time.astype('datetime64[s]')}Z"


def close_to(expected, rel=1e-10, floor=1e-300):
    return pytest.approx(expected, rel=rel, abs=floor)


# ----------------------------------------------------------------------------------------------------------
# numbers


@each_case
def test_json_market(cases, name):
    result, time, price, _, _, coin = cases[name]
    market = result["market"]
    returns = np.log(price[1:] / price[:-1])
    assert result["version"] == sg.__version__
    assert market["bars"] == len(time)
    assert (market["start"], market["end"]) == (iso(time[0]), iso(time[-1]))
    per_year = 8760 if name == "built-in" else 2190
    assert market["bars_per_year"] == per_year
    assert market["years"] == close_to(float((time[-1] - time[0]).astype(np.int64)) / YEAR)
    assert market["underlying"]["first"] == price[0]
    assert market["underlying"]["last"] == price[-1]
    assert market["underlying"]["return"] == close_to(price[-1] / price[0] - 1)
    assert market["underlying"]["volatility"] == close_to(math.sqrt(per_year * np.mean(returns**2)))
    if name == "one":
        assert market["coin"] is None
        assert market["correlation"] is None
        return
    coin_returns = np.log(coin[1:] / coin[:-1])
    assert market["coin"]["volatility"] == close_to(math.sqrt(per_year * np.mean(coin_returns**2)))
    correlation = np.sum(returns * coin_returns) / math.sqrt(np.sum(returns**2) * np.sum(coin_returns**2))
    assert market["correlation"] == close_to(correlation)


@each_case
def test_json_leverage(cases, name):
    result, time, price, *_ = cases[name]
    years = float((time[-1] - time[0]).astype(np.int64)) / YEAR
    returns = price[1:] / price[:-1] - 1
    tokens = result["leverage"]["tokens"]
    assert [token["leverage"] for token in tokens] == [-3, -1, 2, 3]
    for token in tokens:
        multiple = token["leverage"]
        growth = 1 + multiple * returns
        assert (growth > 0).all()
        nav = 100 * np.concatenate([[1.0], np.cumprod(growth)])
        naive = multiple * (price[-1] / price[0] - 1)
        # exposure after the move, and the exposure wanted: the difference is what is traded
        traded = np.abs(multiple * nav[1:] - multiple * nav[:-1] * (1 + returns)) / nav[1:]
        drawdown = 1 - nav / np.maximum.accumulate(nav)
        decay = (nav[-1] / nav[0] / (price[-1] / price[0]) ** multiple) ** (1 / years) - 1
        assert token["final_nav"] == close_to(nav[-1])
        assert token["return"] == close_to(nav[-1] / 100 - 1)
        assert token["leverage_times_return"] == close_to(naive)
        assert token["drag"] == close_to(nav[-1] / 100 - 1 - naive)
        assert token["decay_per_year"] == close_to(decay)
        assert token["turnover"] == close_to(np.sum(traded))
        assert token["turnover_per_year"] == close_to(np.sum(traded) / years)
        assert token["worst_drawdown"] == close_to(drawdown.max())
        assert token["worst_drawdown_time"] == iso(time[drawdown.argmax()])
        assert token["wiped_out_time"] is None


def normal(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def plain_put(spot, strike, vol, expiry):
    deviation = vol * math.sqrt(expiry)
    upper = math.log(spot / strike) / deviation + deviation / 2
    return strike * normal(deviation - upper) - spot * normal(-upper)


def knock_in_put(spot, strike, level, vol, expiry):
    """Down-and-in put, barrier below strike and spot, no rates: B - C + D of Reiner and Rubinstein (1991)."""
    deviation = vol * math.sqrt(expiry)

    def pair(ratio):
        return math.log(ratio) / deviation + deviation / 2

    x2, y1, y2 = pair(spot / level), pair(level**2 / (spot * strike)), pair(level / spot)
    b = -spot * normal(-x2) + strike * normal(deviation - x2)
    # with no rates (H/S)^(2 mu + 2) is H/S, (H/S)^(2 mu) its inverse
    c = -level * normal(y1) + strike * spot / level * normal(y1 - deviation)
    d = -level * normal(y2) + strike * spot / level * normal(y2 - deviation)
    return b - c + d


def options_of(time):
    """Start of the option that each bar belongs to, and its end in ns."""
    stamps = time.astype(np.int64)
    age = (stamps - stamps[0]) // YEAR
    if (stamps[-1] - stamps[0]) % YEAR == 0:
        age[-1] -= 1
    start = np.searchsorted(age, age)
    return start, stamps[0] + (age + 1) * YEAR


def value_at(case, bar):
    """A function of spot and vol: the value of the option at a bar."""
    result, time, price, _, low, _ = case
    start, end = options_of(time)
    first = start[bar]
    expiry = float(end[bar] - time[bar].astype(np.int64)) / YEAR
    strike, level = price[first], 0.6 * price[first]
    path = price if low is None else low
    knocked = bool((path[first + 1 : bar + 1] <= level).any())

    def value(spot, vol=result["barrier"]["vol"], later=0.0):
        if knocked:
            return plain_put(spot, strike, vol, expiry - later)
        return knock_in_put(spot, strike, level, vol, expiry - later)

    return value, knocked, expiry, strike


def slope(function, at, width):
    """Central difference of the fourth order."""
    f = [function(at + step * width) for step in (-2, -1, 1, 2)]
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * width)


@each_case
def test_json_barrier(cases, name):
    case = cases[name]
    result, time, price, *_ = case
    part = result["barrier"]
    assert part["vol"] == result["market"]["underlying"]["volatility"]
    assert part["expiry_years"] == 1
    seen = set()
    for row in part["rows"]:
        bar = row["bar"]
        value, knocked, expiry, strike = value_at(case, bar)
        spot = price[bar]
        assert row["time"] == iso(time[bar])
        assert row["spot"] == spot
        assert row["knocked_in"] == knocked
        assert row["years_left"] == close_to(expiry)
        seen.update(row["mark"])
        if expiry < 1e-3:
            continue
        # away from the barrier differences cannot step over it
        width = 1e-3 * spot * math.sqrt(expiry)
        assert row["price"] == close_to(value(spot), rel=1e-9, floor=1e-12 * strike)
        assert row["delta"] == close_to(slope(value, spot, width), rel=1e-6, floor=1e-7)
        curvature = (value(spot + width) - 2 * value(spot) + value(spot - width)) / width**2
        assert row["gamma"] * spot == close_to(curvature * spot, rel=1e-3, floor=1e-4)
        vega = slope(lambda vol, f=value, s=spot: f(s, vol), part["vol"], 1e-3)
        assert row["vega"] == close_to(vega, rel=1e-6, floor=1e-7 * strike)
        theta = -slope(lambda later, f=value, s=spot: -f(s, later=later), 0.0, 1e-3 * expiry)
        assert row["theta"] == close_to(theta, rel=1e-6, floor=1e-7 * strike)
    assert seen == {"nearest barrier", "before largest trade", "largest trade"}


@each_case
def test_json_largest_hedge_trade(cases, name):
    case = cases[name]
    result, time, price, _, low, _ = case
    start, _ = options_of(time)
    trade = result["barrier"]["largest_hedge_trade"]
    deltas = np.full(len(time), np.nan)
    for bar in range(len(time)):
        value, _, expiry, _ = value_at(case, bar)
        if expiry > 0:
            # a difference that stays on the living side of the barrier
            deltas[bar] = slope(value, price[bar], 1e-4 * price[bar] * math.sqrt(expiry))
    change = np.diff(deltas)
    change[start[1:] != start[:-1]] = np.nan
    bar = int(np.nanargmax(np.abs(change))) + 1
    assert trade["bar"] == bar
    assert trade["time"] == iso(time[bar])
    assert trade["spot"] == price[bar]
    assert trade["delta_before"] == close_to(deltas[bar - 1], rel=1e-5)
    assert trade["delta_after"] == close_to(deltas[bar], rel=1e-5)
    assert trade["trade"] == close_to(change[bar - 1], rel=1e-5)
    starts = np.unique(start)
    path = price if low is None else low
    for option, first in zip(result["barrier"]["options"], starts, strict=True):
        stop = len(time) if first == starts[-1] else starts[np.searchsorted(starts, first) + 1]
        hits = np.flatnonzero(path[first + 1 : stop] <= 0.6 * price[first])
        assert option["start"] == iso(time[first])
        assert option["strike"] == price[first]
        assert option["barrier"] == close_to(0.6 * price[first])
        assert option["knocked_in_time"] == (iso(time[first + 1 + hits[0]]) if len(hits) else None)
    # one option at least is knocked in, or the test shows little
    assert name == "built-in" or len(result["barrier"]["options"]) == 2


def payments_and_rates(name, time):
    if name == "built-in":
        bars = np.arange(8, len(time), 8)
        return bars, np.ones(len(bars)), _market.simulate().funding
    # every 00:00, 08:00 and 16:00 after the bar before, up to the bar
    hours = time.astype("datetime64[h]").astype(np.int64)
    count = np.array([len(range(a // 8, b // 8)) for a, b in pairwise(hours)])
    bars = np.flatnonzero(count) + 1
    return bars, count[bars - 1], 0.0001 * count[bars - 1]


@each_case
def test_json_funding(cases, name):
    result, time, price, _, _, coin = cases[name]
    part = result["funding"]
    bars, count, rate = payments_and_rates(name, time)
    quantity = round(100_000 / (1e-6 * price[0] * coin[0]))
    value = quantity * 1e-6 * price[bars]
    cash = value * rate
    assert part["quantity"] == -quantity
    assert part["notional_usd"] == close_to(quantity * 1e-6 * price[0] * coin[0])
    assert part["payments"] == count.sum()
    assert part["payments_received"] == count[rate > 0].sum()
    assert part["received_coin"] == close_to(cash.sum())
    assert part["received_usd"] == close_to((cash * coin[bars]).sum())
    # paid 3 times a day on a notional that is the average over the payments
    assert part["annualised"] == close_to(cash.sum() / np.average(value, weights=count) / count.sum() * 3 * 365)
    assert part["largest_coin"] == close_to(cash[np.abs(cash).argmax()])
    assert part["largest_time"] == iso(time[bars[np.abs(cash).argmax()]])
    assert part["price_pnl_coin"] == close_to(-quantity * 1e-6 * (price[-1] - price[0]))
    returns, coin_returns = np.diff(np.log(price)), np.diff(np.log(coin))
    cost = np.mean(returns * coin_returns) * result["market"]["bars_per_year"]
    assert part["rehedging_cost_per_year"] == close_to(cost)
    if name != "built-in":
        assert part["annualised"] == close_to(0.0001 * 3 * 365)


@each_case
def test_json_liquidation(cases, name):
    result, time, price, high, low, _ = cases[name]
    entry, maintenance = price[0], 0.005
    rows = result["liquidation"]["positions"]
    assert len(rows) == 2 * 2 * 6
    assert result["liquidation"]["entry"] == entry
    found = 0
    for row in rows:
        multiple, side = row["leverage"], 1 if row["side"] == "long" else -1
        # margin 1 / multiple of the value at entry, equity = maintenance of the value at the price
        if row["contract"] == "linear":
            level = entry * (1 - side / multiple) / (1 - side * maintenance)
        else:
            level = entry * (1 + side * maintenance) / (1 + side / multiple)
        extreme = price if high is None else (low if side > 0 else high)
        breach = np.flatnonzero(side * extreme[1:] < side * level)
        bar = int(breach[0]) + 1 if len(breach) else None
        assert row["price"] == close_to(level)
        assert row["bar"] == bar
        assert row["time"] == (None if bar is None else iso(time[bar]))
        assert row["mark"] == (None if bar is None else extreme[bar])
        found += bar is not None
    assert found > 0


LOOK_AHEAD = (
    "the volatility of the knock-in put is that of all bars, which nobody knew at the start: --vol gives another"
)


def test_notes_of_two_files(two):
    assert two["market"]["notes"] == [
        "btc.csv: 3 gaps in time, the longest 8 hours after 2020-03-01 20:00",
        "eth.csv: 4 of 3,000 bars dropped, not in the other file",
        "no funding series: 0.01 % per 8 hours is assumed, paid at 00:00, 08:00 and 16:00 UTC",
        LOOK_AHEAD,
    ]


def test_notes_of_one_file(one):
    assert one["market"]["notes"] == [
        "btc.csv: 3 gaps in time, the longest 8 hours after 2020-03-01 20:00",
        "no highs and lows: knock-ins and liquidations are judged by closes, so some are missed",
        "no coin file (--coin): the collateral is worth 1 USD throughout, so a quanto swap acts as a linear one",
        "no funding series: 0.01 % per 8 hours is assumed, paid at 00:00, 08:00 and 16:00 UTC",
        LOOK_AHEAD,
    ]


def test_built_in_market():
    market = _market.simulate()
    again = _market.simulate()
    for first, second in zip(market, again, strict=True):
        np.testing.assert_array_equal(first, second, strict=True)
    assert len(market.time) == 2 * 365 * 24 + 1
    assert (np.diff(market.time) == np.timedelta64(1, "h")).all()
    returns = np.diff(np.log([market.underlying, market.coin]))
    bars = returns.shape[1]
    # within 4 standard errors of what was asked for
    volatility = returns.std(axis=1) * math.sqrt(8760)
    assert volatility == pytest.approx(0.8, abs=4 * 0.8 / math.sqrt(2 * bars))
    assert np.corrcoef(returns)[0, 1] == pytest.approx(0.85, abs=4 * (1 - 0.85**2) / math.sqrt(bars))
    before, after = market.underlying[:-1], market.underlying[1:]
    assert (market.high[1:] >= np.maximum(before, after) * (1 - 1e-14)).all()
    assert (market.low[1:] <= np.minimum(before, after) * (1 + 1e-14)).all()
    # Feller (1951): the mean range of a Brownian motion is sqrt(8 / pi) standard deviations. High and low are
    # drawn apart from each other, which leaves that mean alone.
    span = np.log(market.high[1:] / market.low[1:])
    assert span.mean() == pytest.approx(math.sqrt(8 / math.pi) * 0.8 / math.sqrt(8760), rel=0.01)
    funding = market.funding
    assert len(funding) == 2 * 365 * 3
    assert np.abs(funding).max() <= 0.00375
    assert (funding == 0.0001).mean() > 0.4
    assert 0 < funding.mean() * 3 * 365 < 0.3
    # reverts: half of a premium is left after 33 hours, four payments on
    deviation = funding - funding.mean()
    memory = np.sum(deviation[4:] * deviation[:-4]) / np.sum(deviation**2)
    assert 0.2 < memory < 0.7


def test_wiped_out(tmp_path):
    path = tmp_path / "crash.csv"
    path.write_text("date,close\n2024-01-01,100\n2024-01-02,110\n2024-01-03,66\n2024-01-04,99\n")
    output = tmp_path / "crash.json"
    result = shell("run", path, "--json", output)
    assert result.returncode == 0
    assert "+3x is wiped out at 2024-01-03" in result.stdout
    tokens = {token["leverage"]: token for token in load(output)["leverage"]["tokens"]}
    assert tokens[3.0]["final_nav"] == 0
    assert tokens[3.0]["wiped_out_time"] == "2024-01-03T00:00:00Z"
    assert tokens[3.0]["return"] == -1
    assert tokens[3.0]["worst_drawdown"] == 1
    # one trade before the end: 3 * 2 * 10 % of 100 on a NAV of 130
    assert tokens[3.0]["turnover"] == pytest.approx(60 / 130, rel=1e-12)
    assert tokens[2.0]["final_nav"] == pytest.approx(100 * 1.2 * 0.2 * 2, rel=1e-12)
    assert tokens[2.0]["wiped_out_time"] is None


def test_shorter_than_a_year(tmp_path):
    time = np.datetime64("2024-01-01", "ns") + np.arange(100) * np.timedelta64(1, "D")
    price = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(-0.01, 0.03, 100)))
    output = tmp_path / "short.json"
    assert cli.main(["run", write_prices(tmp_path / "short.csv", time, price), "--json", str(output)]) == 0
    part = load(output)["barrier"]
    assert part["expiry_years"] == close_to(99 / 365)
    last = part["rows"][-1]
    assert last["bar"] == 99
    assert last["years_left"] == 0
    knocked = (price <= 0.6 * price[0]).any()
    assert last["knocked_in"] == knocked
    assert last["price"] == close_to(max(price[0] - price[-1], 0) if knocked else 0.0)


# ----------------------------------------------------------------------------------------------------------
# printout


def check_printout(text, sections=SECTIONS):
    assert [section for section in SECTIONS if f"\n\n{section}  " in text] == list(sections)
    for line in text.splitlines():
        assert len(line) <= 100, line
        assert line == line.rstrip()
    assert not re.search(r"\b(nan|inf|None|np\.\w+|[\d.]+e[-+]?\d+)\b", text, re.IGNORECASE)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_run(files, capsys, count):
    paths = [[], [files.underlying_path], [files.underlying_path, "--coin", files.coin_path]][count]
    assert cli.main(["run", *paths]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    check_printout(captured.out)
    if count == 0:
        assert captured.out.startswith(f"shortgamma {sg.__version__}: built-in market\n17,521 bars of 1 hour, ")
    else:
        assert "no funding series: 0.01 % per 8 hours is assumed" in captured.out
    # as real products are
    assert "rebalanced every day, 00:00 UTC" in captured.out
    assert ("eth.csv: 4 of 3,000 bars dropped, not in the other file" in captured.out) == (count == 2)
    assert ("no coin file (--coin): the collateral is worth 1 USD throughout" in captured.out) == (count == 1)
    assert ("rehedging cost" in captured.out) == (count != 1)


def test_printout_shows_the_json_numbers(files, two, capsys):
    assert cli.main(["run", files.underlying_path, "--coin", files.coin_path, "--rebalance", "bar"]) == 0
    text = capsys.readouterr().out
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    for token in two["leverage"]["tokens"]:
        cells = lines[f"{token['leverage']:+.0f}x"]
        assert float(cells[1].replace(",", "")) == pytest.approx(token["final_nav"], abs=0.0051)
        assert float(cells[4].replace(",", "")) == pytest.approx(100 * token["leverage_times_return"], abs=0.051)
    for row in two["liquidation"]["positions"]:
        side = "long" if row["side"] == "long" else "short"
        row_lines = [line.split() for line in text.splitlines() if line.startswith(f"  {row['contract']} ")]
        cells = next(cells for cells in row_lines if cells[1] == f"{row['leverage']:.0f}x")
        # price, bar, and a time of two words, or of one word if it is never
        long_width = 3 if cells[4] == "never" else 4
        place = 2 if side == "long" else 2 + long_width
        assert float(cells[place].replace(",", "")) == pytest.approx(row["price"], abs=0.0051)
        assert cells[place + 1] == ("-" if row["bar"] is None else f"{row['bar']:,}")


def test_json_says_where(files, capsys):
    output = files.folder / "where.json"
    assert cli.main(["run", files.coin_path, "--json", str(output)]) == 0
    assert capsys.readouterr().out.endswith(f"\nnumbers written to {output}\n")


def test_same_file_twice(files):
    output = files.folder / "same.json"
    assert cli.main(["run", files.coin_path, "--coin", files.coin_path, "--json", str(output)]) == 0
    assert load(output)["market"]["correlation"] == pytest.approx(1, rel=1e-12)


EXTREME = {
    "constant": [100.0] * 5,
    "two bars": [100.0, 101.0],
    "tiny": [1e-300, 2e-300, 1.5e-300],
    "huge": [1e300, 2e300, 1.5e300],
    "all of the doubles": [5e-324, 1.7e308, 5e-324],
    "satoshi": [0.00001234, 0.00001111, 0.00001001],
}


@pytest.mark.parametrize("name", EXTREME)
def test_extreme_prices(tmp_path, name):
    prices = EXTREME[name]
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    path = folder / "prices.csv"
    path.write_text("date,close\n" + "".join(f"2024-01-0{i + 1},{p!r}\n" for i, p in enumerate(prices)))
    for files in ([path], [path, "--coin", path]):
        result = shell("run", *files, "--json", folder / "out.json")
        assert (result.returncode, result.stderr) == (0, "")
        assert name != "constant" or "hedge trade" not in result.stdout
        assert not re.search(r"\b(nan|None|np\.\w+|[\d.]+e[-+]\d+)\b", result.stdout)
        load(folder / "out.json")


def test_nanosecond_bars(tmp_path):
    path = tmp_path / "fast.csv"
    path.write_text("time,close\n1704153600000000000,1\n1704153600000000001,2\n1704153600000000003,1\n")
    result = shell("run", path, "--json", tmp_path / "out.json")
    assert (result.returncode, result.stderr) == (0, "")
    assert "no funding time falls into these bars" in result.stdout
    part = load(tmp_path / "out.json")["funding"]
    assert (part["payments"], part["received_coin"], part["annualised"]) == (0, 0, None)


def test_info(capsys):
    assert cli.main(["info"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = dict(line.split(maxsplit=1) for line in captured.out.splitlines())
    facts = sg.show_config(mode="dict")
    assert lines["version"] == sg.__version__
    assert lines["cpu"] == facts["cpu"]
    assert lines["builds"] == ", ".join(facts["builds"])
    assert list(lines) == list(facts)


def test_info_tolerates_other_facts(capsys, monkeypatch):
    monkeypatch.setattr(
        "shortgamma.cli.info.show_config", lambda mode: {"version": "1", "threads": None, "flags": ["a", "b"]}
    )
    assert cli.main(["info"]) == 0
    assert capsys.readouterr().out == "version  1\nthreads  none\nflags    a, b\n"


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"shortgamma {sg.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["info", "--help"]])
def test_help(capsys, arguments):
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.startswith("usage: shortgamma ")


# ----------------------------------------------------------------------------------------------------------
# errors


def usage_errors(folder):
    good = write_prices(folder / "good.csv", np.array(["2024-01-01", "2024-01-02"], "M8[ns]"), [1.0, 2.0])
    later = write_prices(folder / "later.csv", np.array(["2025-01-01", "2025-01-02"], "M8[ns]"), [1.0, 2.0])
    touch = write_prices(folder / "touch.csv", np.array(["2024-01-02", "2024-01-03"], "M8[ns]"), [1.0, 2.0])
    link = folder / "link.csv"
    link.symlink_to(good)
    none = folder / "none.csv"
    bad = folder / "bad.csv"
    bad.write_text("date,close\n2024-01-01,1\n2024-01-02,abc\n")
    newline = folder / "new\nline.csv"
    low_rates, late_rates = folder / "low.csv", folder / "late.csv"
    low_rates.write_text("date,rate\n2023-12-31,0.1\n2024-01-02,0.4\n")
    late_rates.write_text("date,rate\n2024-06-01,5.1\n2024-06-02,5.2\n")
    return {
        "no command": ([], f"a command is needed: {COMMANDS}"),
        "unknown command": (["walk"], f"unknown command 'walk': choose {COMMANDS}"),
        "unknown option": (["run", "--fast"], "unrecognized arguments: --fast (see shortgamma run --help)"),
        "abbreviated option": (
            ["run", "--js", "x"],
            "unrecognized arguments: --js: did you mean --json? (see shortgamma run --help)",
        ),
        "option without file": (
            ["run", "--json"],
            "argument --json: expected one argument (see shortgamma run --help)",
        ),
        "info with file": (["info", good], f"unrecognized arguments: {good} (see shortgamma info --help)"),
        "two files": (
            ["run", good, later],
            "run takes one price file, got 2: --coin names the collateral coin's, --compare a fund's",
        ),
        "coin without underlying": (["run", "--coin", good], "--coin needs a price file of the underlying"),
        "fund without underlying": (["run", "--compare", good], "--compare needs a price file of the underlying"),
        "fund of other times": (
            ["run", good, "--compare", later],
            f"{later} and {good} have no times in common, at least 3 are needed",
        ),
        "fund of many multiples": (
            ["run", good, "--compare", touch, "--leverage", "2,3"],
            "--compare is of one fund: --leverage must be one multiple, got 2,3",
        ),
        "leverage in words": (
            ["run", good, "--leverage", "three"],
            "--leverage must be multiples such as 3 or -3,2,3, got three",
        ),
        "rebalanced in words": (
            ["run", good, "--rebalance", "yearly"],
            "--rebalance must be one of bar, hourly, daily, weekly, monthly, never, got yearly",
        ),
        "rebalanced too often": (
            ["run", good, "--rebalance", "hourly"],
            "--rebalance hourly: the bars are of day; longer ones, bar and never can be had",
        ),
        "fee in percent": (["run", good, "--fee", "0.95"], "--fee is a fraction a year, 0.0095 for 0.95 %, got 0.95"),
        "spread below zero": (
            ["run", good, "--spread", "-0.1"],
            "--spread is a fraction a year, 0.004 for 0.4 %, got -0.1",
        ),
        "financing in percent": (
            ["run", good, "--financing", "4"],
            "--financing is a fraction a year, 0.04 for 4 %, got 4",
        ),
        "financing with its unit": (
            ["run", good, "--financing", "4%"],
            "--financing is a fraction a year, 0.04 for 4 %, got 4%",
        ),
        "financing of low rates": (
            ["run", good, "--financing", str(low_rates)],
            f"{low_rates} holds rates from 0.1 to 0.4: say --financing-unit percent, or fraction",
        ),
        "financing that begins late": (
            ["run", good, "--financing", str(late_rates)],
            f"{late_rates} begins at 2024-06-01T00:00:00, after the first bar: financing is needed for every bar",
        ),
        "financing of no rates": (["run", good, "--financing", str(bad)], f"{bad}, line 3: 'abc' is not a rate"),
        "unit of financing": (
            ["run", good, "--financing-unit", "bp"],
            "--financing-unit must be percent or fraction, got bp",
        ),
        "barrier above": (
            ["run", good, "--barrier", "1.2"],
            "--barrier is a fraction of the strike between 0 and 1, got 1.2",
        ),
        "vol in percent": (["run", good, "--vol", "80"], "--vol is a fraction a year, 0.8 for 80 %, got 80"),
        "maintenance in percent": (
            ["run", good, "--maintenance", "5"],
            "--maintenance is a fraction of the value, 0.005 for 0.5 %, got 5",
        ),
        "unknown section": (
            ["run", good, "--only", "leverage,carry"],
            "--only must name some of leverage, barrier, funding, liquidation, got carry",
        ),
        "standard input twice": (
            ["run", "-", "--coin", "-"],
            "standard input can be read once only: - may stand for one file",
        ),
        "standard output twice": (
            ["run", "--json", "-", "--report", "-"],
            "--json and --report cannot both go to standard output",
        ),
        "one file for two": (
            ["run", "--json", str(folder / "x.html"), "--report", str(folder / "x.html")],
            f"--json and --report cannot both go to {folder / 'x.html'}",
        ),
        "report of another kind": (
            ["run", "--report", str(folder / "x.pdf")],
            f"--report writes HTML, which a browser prints: name a file that ends in .html, got {folder / 'x.pdf'}",
        ),
        "misspelt option": (
            ["run", good, "--levrage=3"],
            "unrecognized arguments: --levrage=3: did you mean --leverage? (see shortgamma run --help)",
        ),
        "help of nothing": (["help", "walk"], f"unknown command 'walk': choose {LISTED}"),
        "schema of nothing": (["schema", "info"], "there are schemas of run, funding, carry, flows, got info"),
        "unknown shell": (["completion", "tcsh"], "a shell is bash, zsh or fish, got tcsh"),
        "missing file": (["run", str(none)], f"{none}: no such file"),
        "missing second file": (["run", good, "--coin", str(none)], f"{none}: no such file"),
        "directory": (["run", str(folder)], f"{folder}: is a directory, not a file"),
        "bad price": (["run", str(bad)], f"{bad}, line 3, column 'close': 'abc' is not a number"),
        "no name": (["run", ""], "'': no such file"),
        "name of two lines": (["run", str(newline)], f"{folder}/new\\nline.csv: no such file"),
        "nothing in common": (["run", good, "--coin", later], f"{good} and {later} have no time in common"),
        "one time in common": (["run", good, "--coin", touch], f"{good} and {touch} have only one time in common"),
        "output is a folder": (
            ["run", good, "--json", str(folder)],
            f"cannot write {folder}: it is a directory",
        ),
        "output in no folder": (
            ["run", good, "--json", str(folder / "none" / "out.json")],
            f"cannot write {folder / 'none' / 'out.json'}: no such folder",
        ),
        "output in a file": (
            ["run", good, "--json", str(bad / "out.json")],
            f"cannot write {bad / 'out.json'}: no such folder",
        ),
        "output is an input": (["run", touch, "--coin", good, "--json", good], f"cannot write {good}: it is an input"),
        "output links to an input": (
            ["run", good, "--json", str(link)],
            f"cannot write {link}: it is an input",
        ),
    }


@pytest.fixture(scope="module")
def errors(tmp_path_factory):
    folder = tmp_path_factory.mktemp("errors")
    return folder, usage_errors(folder)


def test_errors(errors, capsys):
    folder, table = errors
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for name, (arguments, message) in table.items():
        assert cli.main(arguments) == 2, name
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("", f"shortgamma: error: {message}\n"), name
        assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before, name


def test_process(tmp_path):
    result = shell("walk")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"shortgamma: error: unknown command 'walk': choose {COMMANDS}\n"
    result = shell("run", tmp_path / "none.csv")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"shortgamma: error: {tmp_path}/none.csv: no such file\n"
    result = shell("info")
    assert (result.returncode, result.stderr) == (0, "")


def test_json_replaces_whole_or_not_at_all(files, capsys, monkeypatch):
    folder = Path(tempfile.mkdtemp(dir=files.folder))
    output = folder / "out.json"
    output.write_text("before")

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        assert cli.main(["run", files.coin_path, "--json", str(output)]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"shortgamma: error: cannot write {output}: No space left on device\n"
    assert captured.out == ""
    assert output.read_text() == "before"
    assert list(folder.iterdir()) == [output]
    assert cli.main(["run", files.coin_path, "--json", str(output)]) == 0
    assert load(output)["market"]["bars"] == files.kept.sum()
    assert list(folder.iterdir()) == [output]


def test_json_through_a_link(files):
    folder = Path(tempfile.mkdtemp(dir=files.folder))
    (folder / "link.json").symlink_to(folder / "real.json")
    assert cli.main(["run", files.coin_path, "--json", str(folder / "link.json")]) == 0
    assert (folder / "link.json").is_symlink()
    assert load(folder / "real.json")["market"]["bars"] == files.kept.sum()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_devices_as_output(files):
    # a device is written to, never replaced by a file
    result = shell("run", files.coin_path, "--json", "/dev/null")
    assert (result.returncode, result.stderr) == (0, "")
    assert Path("/dev/null").is_char_device()
    result = shell("run", files.coin_path, "--json", "/dev/full")
    assert result.returncode == 2
    assert result.stderr == "shortgamma: error: cannot write /dev/full: No space left on device\n"
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "shortgamma", "info"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "shortgamma: error: cannot write to standard output: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_reader_that_has_gone():
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "shortgamma", "run"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="file names of POSIX")
def test_names_beyond_the_terminal(tmp_path):
    path = tmp_path / "pr\u00e9\u4ef7.csv"
    path.write_text("date,close\n2024-01-01,1\n2024-01-02,1.5\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = shell("run", path, env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert "pr\\xe9\\u4ef7.csv" in result.stdout


def test_imports():
    code = (
        "import sys, shortgamma; assert 'shortgamma.cli' not in sys.modules, 'cli';"
        "assert 'argparse' not in sys.modules or 'numpy' in sys.modules;"
        "from shortgamma.cli import main; main(['info']);"
        "loaded = {'pandas', 'scipy', 'matplotlib', 'numba'} & set(sys.modules); assert not loaded, loaded"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


# ----------------------------------------------------------------------------------------------------------
# market files


@pytest.mark.skipif(not MARKET.is_dir(), reason=f"no market files in {MARKET}")
@pytest.mark.parametrize(
    "names",
    [
        ("crypto_4h/BTCUSDT.csv", "crypto_4h/ETHUSDT.csv"),
        ("crypto_1h/ETHUSDT_1h.csv", "crypto_1h/BTCUSDT_1h.csv"),
        ("us_etf_daily/QQQ.csv",),
        ("us_etf_daily/VIXY.csv",),
        ("crypto_4h/BULLUSDT.csv",),
    ],
    ids=lambda names: "+".join(Path(name).stem for name in names),
)
def test_market_files(names, tmp_path, capsys):
    paths = [MARKET / name for name in names]
    for path in paths:
        if not path.exists():
            pytest.skip(f"no {path}")
    output = Path(tempfile.mkdtemp(dir=tmp_path)) / "out.json"
    coin = ["--coin", str(paths[1])] if len(paths) == 2 else []
    assert cli.main(["run", str(paths[0]), *coin, "--json", str(output)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    # no perpetual swap is of a fund whose exchange closes
    shown = [name for name in SECTIONS if name != "FUNDING" or "etf" not in names[0]]
    check_printout(captured.out.replace(f"numbers written to {output}\n", ""), shown)
    result = load(output)
    # Cheng and Madhavan's flow is antisymmetric: leverage b and 1 - b trade the same multiple of NAV
    if "BTCUSDT.csv" in names[0]:
        rows = {(r["contract"], r["side"], r["leverage"]): r for r in result["liquidation"]["positions"]}
        # the first bars of the file, read by eye: 4349.99 at the start, low 4200.74 in the bar from 16:00 to 20:00
        assert rows["linear", "long", 50]["price"] == close_to(4349.99 * 0.98 / 0.995)
        assert rows["linear", "long", 50]["time"] == "2017-08-17T20:00:00Z"
        # by an independent implementation: each payment at the open of the bar that begins then
        if len(names) == 2:
            assert result["funding"]["received_coin"] == pytest.approx(843.303, abs=5e-4)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.thread_unsafe(reason="monkeypatch")
def test_progress(tmp_path, monkeypatch, capsys):
    path = tmp_path / "long\x1bname.csv"
    path.write_text("time,close\n" + "".join(f"{1_600_000_000 + 3600 * i},{1 + i % 7}\n" for i in range(200_000)))
    monkeypatch.setattr("shortgamma.cli.output.LONG_FILE", 1_000_000)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    show = cli_output.progress(str(path))
    read_prices(path, progress=show)
    parts = terminal.getvalue().split("\r")
    assert parts[1].startswith("reading long?name.csv: ")
    assert parts[-1] == ""
    assert parts[-2].isspace()
    # nothing is shown of short files, and where nobody looks
    monkeypatch.setattr("shortgamma.cli.output.LONG_FILE", 10**9)
    terminal.seek(0)
    terminal.truncate()
    read_prices(path, progress=show)
    assert terminal.getvalue() == ""
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert cli_output.progress(str(path)) is None
    monkeypatch.setattr("sys.stderr", None)
    assert cli_output.progress(str(path)) is None
