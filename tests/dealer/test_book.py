"""Positions, flips and hedging flow: real chains, an identity or two, and what must be refused."""

import numpy as np
import pytest
from mpmath import mp, mpf
from oracle.dealer import profile as oracle
from oracle.dealer._chains import SIGNS, chain_2021, chain_2026, quantities

import shortgamma as sg


def book_of(market, chain, calls=1, puts=-1):
    options, spot, day = chain(market)
    quantity = sg.dealer.position(options.pop("open_interest"), options["option"], calls=calls, puts=puts)
    return {**options, "quantity": quantity}, spot, day


def test_position():
    contracts, kinds = [10.0, 20.0, np.nan, 5.0], ["call", "put", "put", "call"]
    assert sg.dealer.position(contracts, kinds, calls=1, puts=-1).tolist() == [10.0, -20.0, 0.0, 5.0]
    assert sg.dealer.position(contracts, kinds, calls=0, puts=-0.5).tolist() == [0.0, -10.0, 0.0, 0.0]
    assert sg.dealer.position(7.0, "put", calls=1, puts=-1) == -7.0
    with pytest.raises(TypeError, match="calls"):
        sg.dealer.position(contracts, kinds)
    with pytest.raises(ValueError, match=r"puts must be a number from -1 .* got -2"):
        sg.dealer.position(contracts, kinds, calls=1, puts=-2)
    with pytest.raises(ValueError, match=r"open_interest\[1\] must be >= 0, got -1.0"):
        sg.dealer.position([1.0, -1.0], "call", calls=1, puts=1)


@pytest.mark.parametrize("forwards", [True, False])
def test_the_book_of_a_chain(market, forwards):
    """The same numbers as from the columns themselves."""
    path = market / "carry" / "options" / "deribit_btc_eod_chain_2021-06-15.csv"
    chain = sg.io.read_chain(path)
    rates = {}
    if not forwards:
        chain, rates = chain._replace(forward=None), {"rate": 0.02, "dividend": 0.01}
    book = sg.dealer.chain_book(chain, calls=1, puts=-1, **rates)
    quantity = sg.dealer.position(chain.open_interest, chain.option, calls=1, puts=-1)
    columns = {"vol": chain.vol, "expiry": chain.expiry, "quantity": quantity, "option": chain.option, **rates}
    columns |= {"multiplier": chain.multiplier, "drop_expired": True}
    columns |= {"forward": chain.forward} if forwards else {}
    found = sg.dealer.exposure(chain.spot, **book)
    assert found == sg.dealer.exposure(chain.spot, chain.strike, **columns)
    if forwards:
        assert found.gamma_percent == pytest.approx(14825620.721348386, rel=1e-11)
        with pytest.raises(ValueError, match="rate and dividend are part of the chain's forwards"):
            sg.dealer.chain_book(chain, calls=1, puts=-1, rate=0.02)
    spot = {"spot": chain.spot} if forwards else {}
    assert sg.dealer.profile([chain.spot], **book, **spot).gamma_percent[0] == found.gamma_percent
    assert sg.dealer.hedge_flow(0.0, chain.spot, **book).units == 0.0
    with pytest.raises(TypeError, match="puts"):
        sg.dealer.chain_book(chain, calls=1)


def test_two_flips_and_which_is_nearest():
    """A root above the spot is a root."""
    strangle = {"strike": [80.0, 100.0, 120.0], "vol": 0.3, "expiry": 0.1, "quantity": [-1.0, 1.0, -1.0]}
    found = sg.dealer.flips(100.0, **strangle, option="call")
    np.testing.assert_allclose(found.spots, [89.101580476527933, 109.01694479303302], rtol=1e-13)
    assert found.below.tolist() == [-1.0, 1.0]
    assert found.nearest == found.spots[1]
    exposure = sg.dealer.exposure(100.0, **strangle, option="call")
    assert exposure.gamma_percent == pytest.approx(3.2383100845773471, rel=1e-14)
    assert found.to_frame().shape == (2, 2)
    assert repr(found).startswith("Flips(spots=[89.102 ... 109.02]")


def test_no_flip():
    found = sg.dealer.flips(100.0, 100.0, vol=0.3, expiry=0.1, quantity=1.0, option="call")
    assert found.spots.size == 0
    assert found.nearest is None


def test_a_flip_is_a_root():
    random = np.random.default_rng(2)
    options = {
        "strike": random.uniform(70.0, 140.0, 12),
        "vol": random.uniform(0.1, 0.3, 12),
        "expiry": random.uniform(0.002, 0.02, 12),
        "quantity": 10.0 * (-1.0) ** np.arange(12),
    }
    found = sg.dealer.flips(100.0, **options, option="put", rate=0.03, dividend=0.01, low=60.0, high=160.0)
    assert found.spots.size >= 2
    rows = list(zip(np.ones(12), *(options[name] for name in ("strike", "vol", "expiry")), strict=True))
    rows = [(*row, 0.03, 0.01, weight, "put") for row, weight in zip(rows, options["quantity"], strict=True)]
    for spot, below in zip(found.spots, found.below, strict=True):
        with mp.workdps(40):
            sides = [oracle.exposures(mpf(float(spot)) * (1 + side), rows)["gamma_percent"] for side in (-1e-11, 1e-11)]
        assert np.sign(float(sides[0])) == below
        assert np.sign(float(sides[1])) == -below


@pytest.mark.parametrize(
    ("chain", "roots"),
    [
        (chain_2021, {"proportional": 35858.7260470408, "parallel": 35834.04951193927, "spot": 36044.6621190241}),
        (chain_2026, {"proportional": 88909.21513625336, "parallel": 88908.2175227, "spot": 89056.9770491}),
    ],
)
def test_flips_of_a_real_chain(market, chain, roots):
    options, spot, _ = book_of(market, chain)
    for moves in ("proportional", "parallel"):
        found = sg.dealer.flips(spot, **options, moves=moves)
        assert found.spots == pytest.approx([roots[moves]], rel=2e-12)
        assert found.below.tolist() == [-1.0]
    forward = options.pop("forward")
    assert sg.dealer.flips(spot, **options).spots == pytest.approx([roots["spot"]], rel=2e-12)
    if chain is chain_2021:
        assert roots["proportional"] / spot == pytest.approx(0.88668535, abs=5e-9)
        # units per point times one spot for all options, in the place of each forward's own square
        points = sg.dealer.profile(
            [35918.30643, 35918.30645], **options, forward=forward, spot=spot, exposures="gamma_point"
        ).gamma_point
        assert points[0] < 0.0 < points[1]
        assert sg.dealer.flips(40559.0, **options, forward=forward).spots == pytest.approx([35963.0711792], rel=1e-11)


@pytest.mark.parametrize("chain", [chain_2021, chain_2026])
@pytest.mark.parametrize("sign", SIGNS)
def test_hedge_flow_of_a_real_chain(market, reference, chain, sign):
    options, spot, day = book_of(market, chain, *SIGNS[sign])
    exact = quantities(reference / "dealer" / f"dealer_{day}.csv", sign)
    gross = sg.dealer.exposure(spot, **{**options, "quantity": np.abs(options["quantity"])}).delta / spot
    for key, value in exact.items():
        if not key.startswith("hedge_flow"):
            continue
        move = float(key.partition("r=")[2])
        found = sg.dealer.hedge_flow(move, spot, **options)
        assert found.linear == pytest.approx(-100.0 * exact["gamma_1pct"] * move, rel=1e-12)
        if "coins" in key:
            assert abs(found.units - value) < 1e-14 * abs(gross) + 1e-13 * abs(value)
        else:
            assert found.value == pytest.approx(value, rel=1e-12)
    moves = np.array([-0.1, -0.05, 0.0, 0.05])
    found = sg.dealer.hedge_flow(moves, spot, **options)
    assert found.units[2] == 0.0
    assert found.units[1] == sg.dealer.hedge_flow(-0.05, spot, **options).units


def test_finite_and_linear_differ_in_sign(market):
    options, spot, _ = book_of(market, chain_2026)
    found = sg.dealer.hedge_flow([-0.05], spot, **options)
    assert found.units == pytest.approx([-3227.662995219216], rel=1e-12)
    assert found.value == pytest.approx([-274411980.6557557], rel=1e-12)
    assert found.linear == pytest.approx([170620285.1244405], rel=1e-12)


def test_small_moves_are_linear():
    options = {"strike": [90.0, 110.0], "vol": 0.3, "expiry": 0.2, "quantity": [-3.0, 5.0], "option": ["put", "call"]}
    found = sg.dealer.hedge_flow(1e-6, 100.0, **options, rate=0.02)
    assert found.value == pytest.approx(float(found.linear), rel=1e-4)
    exposure = sg.dealer.exposure(100.0, **options, rate=0.02)
    vanna = sg.dealer.hedge_flow(0.0, 100.0, **options, rate=0.02, vol_change=1e-6)
    assert vanna.value == pytest.approx(-exposure.vanna_point * 1e-4, rel=1e-4)
    charm = sg.dealer.hedge_flow(0.0, 100.0, **options, rate=0.02, days=1e-4)
    assert charm.value == pytest.approx(-exposure.charm_day * 1e-4, rel=1e-4)


def test_hedge_flow_refuses():
    flow = sg.dealer.hedge_flow
    with pytest.raises(ValueError, match=r"move\[1\] must be a return > -1, got -1.0"):
        flow([0.0, -1.0], 100.0, 100.0, vol=0.3, expiry=0.1, quantity=1.0, option="call")
    with pytest.raises(ValueError, match=r"days 40.0 leaves nothing of option\[1\]: its years to expiry is 0.1"):
        flow(0.0, 100.0, [90.0, 100.0], vol=0.3, expiry=[0.2, 0.1], quantity=1.0, option="call", days=40.0)
    with pytest.raises(ValueError, match=r"vol_change -0.3 leaves nothing of option\[0\]"):
        flow(0.0, 100.0, 100.0, vol=0.3, expiry=0.1, quantity=1.0, option="call", vol_change=-0.3)
    assert np.isnan(flow(np.nan, 100.0, 100.0, vol=0.3, expiry=0.1, quantity=1.0, option="call").units)


def spx(market):
    """The CBOE file of 5 January 2024: times to the hour, expired rows and the exchange's own gammas."""
    path = market / "dealer" / "cboe_spx_2024-01-05.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("Expiration Date"))
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    months = {name: place for place, name in enumerate(names, 1)}
    rows = []
    for line in lines[begin + 1 :]:
        cells = line.split(",")
        _, month, day, year = cells[0].split()
        date = np.datetime64(f"{year}-{months[month]:02}-{int(day):02}")
        for first, kind in ((1, "call"), (12, "put")):
            morning = not cells[first].startswith("SPXW")
            opening = date + np.timedelta64(9 * 60 + 30 if morning else 16 * 60, "m")
            vol, gamma, interest = (float(cells[first + shift]) for shift in (6, 8, 9))
            rows.append((kind, float(cells[11]), opening, vol, gamma, interest))
    return rows, 4697.2402


def test_published_chain(market):
    """SPX, close of 5 January 2024 (the stamp, of the Sunday after, is that of the download): the source plots
    -11.00 bn from the exchange's gammas."""
    rows, spot = spx(market)
    kind, strike, opening, vol, gamma, interest = (np.array(column) for column in zip(*rows, strict=True))
    quoted = np.datetime64("2024-01-05T16:00")
    quantity = sg.dealer.position(interest, kind, calls=1, puts=-1)
    assert (gamma * quantity).sum() * spot**2 * 0.01 * 100.0 / 1e9 == pytest.approx(-10.998709390128678, rel=1e-12)
    expiry = (opening - quoted) / np.timedelta64(1, "s") / (365 * 86400)
    options = {"strike": strike, "vol": vol, "expiry": expiry, "quantity": quantity, "option": kind}
    found = sg.dealer.exposure(spot, **options, multiplier=100.0, drop_expired=True)
    assert (found.expired, found.skipped) == (0, 776)
    flips = sg.dealer.flips(spot, **options, multiplier=100.0, drop_expired=True)
    carried = sg.dealer.exposure(spot, **options, multiplier=100.0, rate=0.053, dividend=0.0145, drop_expired=True)
    assert found.gamma_percent / 1e9 == pytest.approx(-21.07186965202058, rel=1e-11)
    assert carried.gamma_percent / 1e9 == pytest.approx(-13.203254489929018, rel=1e-11)
    assert flips.nearest == pytest.approx(4735.232410845375, rel=1e-11)
    again = sg.dealer.flips(spot, **options, multiplier=100.0, rate=0.053, dividend=0.0145, drop_expired=True)
    assert again.nearest == pytest.approx(4720.988961028815, rel=1e-11)


def test_published_flip(market):
    """The source plots a flip at 4,734: business days of 262 a year from the Sunday of the download on, 60 levels, a
    straight line between the two where the sign changes."""
    rows, spot = spx(market)
    kind, strike, opening, vol, _, interest = (np.array(column) for column in zip(*rows, strict=True))
    days = np.busday_count(np.datetime64("2024-01-07"), opening.astype("datetime64[D]"))
    expiry = np.where(days == 0, 1.0, days) / 262.0
    quantity = sg.dealer.position(interest, kind, calls=1, puts=-1)
    options = {"strike": strike, "vol": vol, "expiry": expiry, "quantity": quantity, "option": kind}
    levels = np.linspace(0.8 * spot, 1.2 * spot, 60)
    gamma = sg.dealer.profile(levels, **options, multiplier=100.0, drop_expired=True).gamma_percent
    (place,) = np.flatnonzero(np.diff(np.sign(gamma)))
    share = gamma[place + 1] / (gamma[place + 1] - gamma[place])
    flip = levels[place + 1] - (levels[place + 1] - levels[place]) * share
    assert flip == pytest.approx(4734.478384969553, rel=1e-12)
    exact = sg.dealer.flips(spot, **options, multiplier=100.0, drop_expired=True).nearest
    # a line between levels 32 apart is half a point off
    assert 0.01 < abs(exact - flip) < 1.0


def test_expired_rows_of_a_chain_are_dropped(market):
    rows, spot = spx(market)
    kind, strike, opening, vol, _, interest = (np.array(column) for column in zip(*rows, strict=True))
    expiry = (opening - np.datetime64("2024-01-07T10:52")) / np.timedelta64(1, "s") / (365 * 86400)
    options = {"strike": strike, "vol": vol, "expiry": expiry, "quantity": interest, "option": kind}
    with pytest.raises(ValueError, match=r"expiry\[0\] must be >= 0, got -0.0"):
        sg.dealer.exposure(spot, **options)
    assert sg.dealer.exposure(spot, **options, drop_expired=True).expired == 446
