"""Exposures of a book: against mpmath, against a published chain, and against themselves in other pieces."""

import csv
import signal
import tracemalloc
import warnings

import cases
import numpy as np
import pytest
from mpmath import mp
from oracle.dealer import profile as oracle
from oracle.dealer._chains import SIGNS, chain_2021, chain_2026, quantities

import shortgamma as sg
from shortgamma._core import dispatch

NAMES = ("delta", "gamma_percent", "gamma_point", "vanna_point", "charm_day", "vega_point")


def book(count, seed=0):
    random = np.random.default_rng(seed)
    return {
        "strike": 100.0 * np.exp(random.normal(0.0, 0.3, count)),
        "vol": random.uniform(0.1, 1.2, count),
        "expiry": np.exp(random.uniform(np.log(1e-3), np.log(2.0), count)),
        "quantity": random.normal(0.0, 10.0, count),
        "option": random.choice(["call", "put"], count),
        "rate": random.uniform(-0.02, 0.08, count),
        "dividend": random.uniform(-0.02, 0.08, count),
    }


def rows_of(options, ratio=1.0):
    ratios = np.broadcast_to(ratio, options["strike"].shape)
    names = ("strike", "vol", "expiry", "rate", "dividend", "quantity", "option")
    return list(zip(ratios, *(options[name] for name in names), strict=True))


def close(found, exact, sizes, factor=1e-14):
    for name in (*NAMES, "units"):
        if hasattr(found, name) and getattr(found, name) is not None:
            error = abs(float(getattr(found, name)) - exact[name]) / sizes[name]
            assert error < factor, (name, float(error))


@pytest.mark.parametrize("count", [1, 7, 64, 65, 150])
def test_exposure_to_1e_14_of_the_gross_sum(count):
    options = book(count, seed=count)
    found = sg.dealer.exposure(103.7, **options)
    rows = rows_of(options)
    close(found, oracle.exposures(103.7, rows), oracle.gross(103.7, rows))


@pytest.mark.parametrize("moves", ["proportional", "parallel"])
@pytest.mark.parametrize("level", [61.3, 100.0, 151.0])
def test_profile_of_forwards(moves, level):
    options = {**book(40, seed=3), "rate": np.zeros(40), "dividend": np.zeros(40)}
    forward = 100.0 * np.exp(0.05 * options["expiry"])
    found = sg.dealer.profile(
        level,
        **{name: value for name, value in options.items() if name not in ("rate", "dividend")},
        forward=forward,
        spot=100.0,
        moves=moves,
        exposures=(*NAMES, "units"),
    )
    prices = forward * level / 100.0 if moves == "proportional" else forward + (level - 100.0)
    rows = rows_of(options, prices / level)
    # the price of each underlying is rounded, and so much of the density with it
    slack = 1e-14 + 2.0**-52 / np.min(options["vol"] * np.sqrt(options["expiry"]))
    close(found, oracle.exposures(level, rows), oracle.gross(level, rows), slack)


def test_one_spot_of_the_grid_is_the_exposure():
    options = book(300, seed=5)
    spots = np.geomspace(40.0, 250.0, 37)
    found = sg.dealer.profile(spots, **options, exposures=NAMES)
    for place, spot in enumerate(spots):
        alone = sg.dealer.exposure(spot, **options)
        for name in NAMES:
            assert getattr(found, name)[place] == getattr(alone, name), (name, spot)


@pytest.mark.parametrize("names", [("gamma_percent",), ("gamma_percent", "vanna_point"), ("units",), NAMES])
@pytest.mark.parametrize("moves", ["proportional", "parallel"])
def test_the_same_bits_whatever_the_chunks(names, moves):
    options = {name: value for name, value in book(200, seed=6).items() if name not in ("rate", "dividend")}
    forward = {"forward": np.linspace(99.0, 104.0, 200), "spot": 100.0, "moves": moves}
    spots = np.geomspace(50.0, 200.0, 101)
    whole = sg.dealer.profile(spots, **options, **forward, exposures=names)
    for size in (1, 2, 7, 64):
        pieces = [
            sg.dealer.profile(spots[start : start + size], **options, **forward, exposures=names)
            for start in range(0, spots.size, size)
        ]
        for name in names:
            np.testing.assert_array_equal(
                np.concatenate([getattr(piece, name) for piece in pieces]), getattr(whole, name), err_msg=name
            )
    order = np.random.default_rng(0).permutation(spots.size)
    shuffled = sg.dealer.profile(spots[order], **options, **forward, exposures=names)
    for name in names:
        np.testing.assert_array_equal(getattr(shuffled, name), getattr(whole, name)[order])


SHAPES = ("gamma_percent", "vanna_point", "charm_day")


def sizes_of_terms(level, row):
    """Sizes of what an option adds, its terms in d one by one: where they cancel, they are rounded all the same."""
    ratio, strike, vol, expiry, rate, dividend, weight, _ = row
    deviation = vol * np.sqrt(expiry)
    d1 = (np.log(level * ratio / strike) + (rate - dividend) * expiry) / deviation + deviation / 2
    size = abs(weight) * np.exp(-dividend * expiry - d1 * d1 / 2) * level * ratio / np.sqrt(2 * np.pi)
    return {
        "gamma_percent": 0.01 * size / deviation,
        "vanna_point": 0.01 * size * (abs(d1) + deviation) / vol,
        "charm_day": size * (abs(rate - dividend) / deviation + (abs(d1) + deviation) / (2 * expiry)) / 365,
    }


@pytest.mark.parametrize("count", [2, 15, 16, 17, 200])
def test_a_grid_to_1e_14_of_the_gross_sum(count):
    """Also of one option alone: near and far from the money, for hours and for years."""
    for seed in range(4):
        options = {**book(5, seed=seed), "dividend": np.zeros(5)}
        low, high = (60.0, 160.0) if seed % 2 else (95.0, 105.0)
        found = sg.dealer.profile(None, **options, grid=(low, high, count), exposures=SHAPES)
        places = sorted({0, 1, count // 3, count // 2 + 1, count - 1} & set(range(count)))
        for place in places:
            level = found.spot[place]
            exact = oracle.exposures(level, rows_of(options))
            sizes = [sizes_of_terms(level, row) for row in rows_of(options)]
            # the levels are rounded, and so much of the density with each
            deviations = options["vol"] * np.sqrt(options["expiry"])
            away = np.abs(np.log(level / options["strike"])) / deviations + deviations
            slack = 1e-14 + 2.0**-52 * away / deviations
            for name in SHAPES:
                bound = sum(size[name] * one for size, one in zip(sizes, slack, strict=True))
                assert abs(getattr(found, name)[place] - exact[name]) <= bound + 1e-290, (seed, place, name)


def test_a_grid_of_one_option_at_a_time():
    """The recurrence of each against the exponential at each level, relative to the option itself."""
    random = np.random.default_rng(12)
    worst = 0.0
    for _ in range(300):
        vol, expiry = random.uniform(0.1, 1.2), np.exp(random.uniform(np.log(1e-3), np.log(3.0)))
        strike = 100.0 * np.exp(random.normal(0.0, 3.0) * vol * np.sqrt(expiry))
        option = {"vol": vol, "expiry": expiry, "quantity": 1.0, "option": "call", "rate": 0.02}
        found = sg.dealer.profile(None, strike, **option, grid=(50.0, 200.0, 200))
        exact = sg.dealer.profile(found.spot, strike, **option).gamma_percent
        deviation = vol * np.sqrt(expiry)
        d = np.abs(np.log(found.spot / strike) + 0.02 * expiry) / deviation + deviation / 2
        held = exact > 1e-240
        # a unit of the level and of d on either side, and what a run may lose
        step = np.log(4.0) / 199 / deviation
        slack = 2.0**-52 * (2.0 * d / deviation + 2.0 * d * d + 16.0 * np.exp(np.minimum(step, 0.25) * d))
        error = np.abs(found.gamma_percent - exact)[held] / exact[held]
        assert (error <= slack[held]).all()
        worst = max(worst, (error / slack[held]).max())
        assert (np.abs(found.gamma_percent - exact)[~held] <= 1e-240).all()
    # if the recurrence were not taken at all, the numbers would be the same
    assert worst > 0.0


def test_levels_of_a_grid():
    options = book(100, seed=4)
    found = sg.dealer.profile(None, **options, grid=(50.0, 200.0, 101), exposures=NAMES)
    assert (found.spot[0], found.spot[50], found.spot[-1]) == (50.0, 100.0, 200.0)
    with mp.workdps(30):
        exact = [50 * mp.mpf(4) ** (mp.mpf(place) / 100) for place in range(101)]
    assert max(abs(mp.mpf(float(x)) / y - 1) for x, y in zip(found.spot, exact, strict=True)) < 2.3e-16
    direct = sg.dealer.profile(found.spot, **options, exposures=NAMES)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(found, name), getattr(direct, name), err_msg=name)
    few = sg.dealer.profile(None, **options, grid=(50.0, 200.0, 5)).gamma_percent
    np.testing.assert_array_equal(few, sg.dealer.profile(50.0 * 2.0 ** np.arange(0, 2.1, 0.5), **options).gamma_percent)
    profile = sg.dealer.profile
    with pytest.raises(ValueError, match=r"give either spots or grid=\(low, high, count\)"):
        profile([100.0], **options, grid=(50.0, 200.0, 5))
    with pytest.raises(ValueError, match=r"give either spots or grid=\(low, high, count\)"):
        profile(None, **options)
    for grid, message in (
        ((50.0, 200.0), "grid must be"),
        ((200.0, 50.0, 5), "the low of grid must be below its high"),
        ((0.0, 50.0, 5), "the low of grid must be a finite number > 0"),
        ((50.0, 200.0, 1), "the count of grid must be a whole number >= 2"),
        ((50.0, 200.0, 5.0), "the count of grid must be a whole number >= 2"),
    ):
        with pytest.raises(ValueError, match=message):
            profile(None, **options, grid=grid)


@pytest.mark.parametrize("moves", ["proportional", "parallel"])
def test_a_grid_of_forwards(moves):
    options = {name: value for name, value in book(150, seed=21).items() if name not in ("rate", "dividend")}
    about = {"forward": 100.0 * np.exp(0.05 * options["expiry"]), "spot": 100.0, "moves": moves}
    found = sg.dealer.profile(None, **options, **about, grid=(80.0, 125.0, 200), exposures=SHAPES)
    direct = sg.dealer.profile(found.spot, **options, **about, exposures=SHAPES)
    gross = sg.dealer.profile(
        found.spot, **{**options, "quantity": np.abs(options["quantity"])}, **about, exposures=SHAPES
    ).gamma_percent
    for name in SHAPES:
        apart = np.abs(getattr(found, name) - getattr(direct, name))
        if moves == "parallel":
            # forwards that move in parallel make no even grid
            assert not apart.any(), name
    assert (np.abs(found.gamma_percent - direct.gamma_percent) / gross).max() < 3e-14
    assert moves == "parallel" or (found.gamma_percent != direct.gamma_percent).any()


def test_levels_that_are_no_even_grid():
    """The loop of grids takes any levels: those of a grid one after another, others one by one."""
    options = book(70, seed=14)
    columns = [np.ones(70), *(options[name] for name in ("strike", "vol", "expiry", "rate", "dividend", "quantity"))]
    loops, code = dispatch.dealer.profile, np.where(options["option"] == "call", 0, 4).astype(np.int8)
    for levels in (
        np.linspace(50.0, 200.0, 64),
        np.geomspace(50.0, 200.0, 64) * np.where(np.arange(64) == 40, 1.0 + 1e-14, 1.0),
        np.full(64, 100.0),
    ):
        for even, plain in (("even_gamma", "gamma"), ("even_shapes", "shapes")):
            ways = [getattr(loops, f"dealer_profile_{name}")(levels, 1.0, *columns, code) for name in (even, plain)]
            np.testing.assert_array_equal(*ways)


def test_a_signal_ends_a_long_profile():
    options = {name: value for name, value in book(2_000_000, seed=15).items() if name not in ("rate", "dividend")}

    def stop(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        # all of it would take longer than a test may
        with pytest.raises(KeyboardInterrupt):
            sg.dealer.profile(np.linspace(50.0, 200.0, 200_000), **options, exposures=NAMES)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_what_is_asked_for_beside_it_does_not_matter():
    options = book(100, seed=7)
    options["dividend"] = np.zeros(100)
    spots = np.linspace(60.0, 160.0, 23)
    every = sg.dealer.profile(spots, **options, exposures=(*NAMES, "units"))
    for name in (*NAMES, "units"):
        alone = sg.dealer.profile(spots, **options, exposures=name)
        np.testing.assert_array_equal(getattr(alone, name), getattr(every, name), err_msg=name)
        assert [held for held in alone._fields[1:8] if getattr(alone, held) is not None] == [name]


def test_sums_by_label():
    options = book(60, seed=8)
    options["strike"] = options["strike"].round(-1)
    total = sg.dealer.exposure(100.0, **options)
    each = sg.dealer.exposure(100.0, **options, by="row")
    for by, labels in (("strike", options["strike"]), ("option", options["option"]), (options["vol"].round(1), None)):
        found = sg.dealer.exposure(100.0, **options, by=by)
        labels = by if labels is None else labels
        assert found.label.tolist() == sorted(set(labels.tolist()))
        for name in NAMES:
            rows = getattr(each, name)
            expected = [rows[labels == label].sum() for label in found.label]
            np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-12, atol=1e-12 * np.abs(rows).sum())
            assert getattr(found, name).sum() == pytest.approx(getattr(total, name), abs=1e-12 * np.abs(rows).sum())
    frame = sg.dealer.exposure(100.0, **options, by="strike").to_frame()
    assert list(frame.columns) == [*NAMES, "label"]
    assert repr(total).startswith("Exposure")
    assert repr(total).count("\n") < 5


def test_what_does_not_count():
    options = {"strike": [100.0, 100.0, 100.0, 100.0, 90.0], "option": "call"}
    vol, expiry = [0.2, 0.0, np.nan, 0.2, 0.2], [0.5, 0.5, 0.5, 0.5, 0.5]
    found = sg.dealer.exposure(100.0, vol=vol, expiry=expiry, quantity=[1.0, 1.0, 1.0, 0.0, np.nan], **options)
    alone = sg.dealer.exposure(100.0, 100.0, vol=0.2, expiry=0.5, quantity=1.0, option="call")
    assert found[:6] == alone[:6]
    assert (found.skipped, found.none, found.expired) == (2, 2, 0)
    each = sg.dealer.exposure(100.0, vol=vol, expiry=expiry, quantity=[1.0, 1.0, 1.0, 0.0, 2.0], **options, by="row")
    assert np.isnan(each.gamma_percent).tolist() == [False, True, True, True, False]


def test_expiry_now_and_in_the_past():
    found = sg.dealer.profile(
        [90.0, 100.0, 110.0],
        100.0,
        vol=0.2,
        expiry=[0.0, 0.0],
        quantity=[2.0, 3.0],
        option=["call", "put"],
        exposures=("delta", "gamma_percent", "units"),
    )
    np.testing.assert_array_equal(found.units, [-3.0, np.nan, 2.0])
    np.testing.assert_array_equal(found.delta, [-270.0, np.nan, 220.0])
    assert not found.gamma_percent.any()
    with pytest.raises(ValueError, match=r"expiry\[1\] must be >= 0, got -0.1: the option has expired"):
        sg.dealer.exposure(100.0, 100.0, vol=0.2, expiry=[0.1, -0.1], quantity=1.0, option="call")
    found = sg.dealer.exposure(
        100.0, 100.0, vol=0.2, expiry=[0.1, -0.1], quantity=1.0, option="call", drop_expired=True
    )
    assert found.expired == 1
    assert found[:6] == sg.dealer.exposure(100.0, 100.0, vol=0.2, expiry=0.1, quantity=1.0, option="call")[:6]


def test_nothing_at_all():
    found = sg.dealer.profile(
        [90.0, 100.0], [], vol=[], expiry=[], quantity=[], option=np.array([], dtype=str), exposures=NAMES
    )
    assert found.delta.tolist() == [0.0, 0.0]
    assert sg.dealer.profile([], 100.0, vol=0.2, expiry=0.1, quantity=1.0, option="call").gamma_percent.shape == (0,)


def test_structural_mistakes():
    exposure, profile = sg.dealer.exposure, sg.dealer.profile
    with pytest.raises(TypeError, match="option"):
        exposure(100.0, 100.0, vol=0.2, expiry=0.1, quantity=1.0)
    with pytest.raises(ValueError, match=r"option\[1\] must be one of 'call', 'put', got 'straddle'"):
        exposure(100.0, 100.0, vol=0.2, expiry=0.1, quantity=1.0, option=["call", "straddle"])
    with pytest.raises(ValueError, match=r"vol of shape \(2,\) does not broadcast with strike of shape \(3,\)"):
        exposure(100.0, [90.0, 100.0, 110.0], vol=[0.2, 0.3], expiry=0.1, quantity=1.0, option="call")
    with pytest.raises(ValueError, match=r"strike\[0\] must be a finite number > 0, got -1.0"):
        exposure(100.0, [-1.0], vol=0.2, expiry=0.1, quantity=1.0, option="call")
    with pytest.raises(ValueError, match="spot is needed with forward"):
        profile([100.0], 100.0, vol=0.2, expiry=0.1, quantity=1.0, option="call", forward=101.0)
    with pytest.raises(ValueError, match="rate and dividend are part of the forward"):
        exposure(100.0, 100.0, vol=0.2, expiry=0.1, quantity=1.0, option="call", forward=101.0, rate=0.01)
    with pytest.raises(ValueError, match="moves must be one of 'proportional', 'parallel', got 'sideways'"):
        profile(
            [100.0],
            100.0,
            vol=0.2,
            expiry=0.1,
            quantity=1.0,
            option="call",
            forward=101.0,
            spot=100.0,
            moves="sideways",
        )
    with pytest.raises(ValueError, match="exposures must be one of"):
        profile([100.0], 100.0, vol=0.2, expiry=0.1, quantity=1.0, option="call", exposures="gex")


@pytest.mark.parametrize("name", cases.PROFILES)
def test_numbers_out_of_their_domain(name):
    """A bad option is in every sum, a bad spot spoils its own place alone; NaN is quiet."""
    ufunc = getattr(dispatch.dealer.profile, name)
    drawn = dict(zip(cases.CASES[name].draw, cases.arguments(name, (3,), 20), strict=True))
    expected = ufunc(*drawn.values())
    expected = expected if ufunc.nout > 1 else (expected,)
    for argument in drawn:
        if argument == "option":
            continue
        bad = {key: value.copy() for key, value in drawn.items()}
        bad[argument][(1, 7) if bad[argument].ndim == 2 else 1] = np.nan
        with np.errstate(all="raise"):
            results = ufunc(*bad.values())
        for result, other in zip(results if ufunc.nout > 1 else (results,), expected, strict=True):
            hurt = np.zeros(result.shape, dtype=bool)
            hurt[1, 7 if argument == "spot" else slice(None)] = True
            assert np.isnan(result[hurt]).all(), argument
            np.testing.assert_array_equal(result[~hurt], other[~hurt])


@pytest.mark.parametrize("even", [False, True])
def test_inputs_are_not_changed_and_memory_is_small(even):
    """10,000 options at 10,000 spots hold nothing for both: a table of both would be 800 MB."""
    options = book(10_000, seed=9)
    kept = {name: value.copy() for name, value in options.items()}
    levels = {"grid": (50.0, 200.0, 10_000)} if even else {}
    spots = None if even else np.geomspace(50.0, 200.0, 10_000)
    tracemalloc.start()
    sg.dealer.profile(spots, **options, **levels, exposures=("gamma_percent", "vanna_point"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # what the loop itself takes, 240 kB, is not traced
    assert peak < 6e6
    for name, value in kept.items():
        np.testing.assert_array_equal(options[name], value)


@pytest.mark.parametrize("chain", [chain_2021, chain_2026])
@pytest.mark.parametrize("sign", SIGNS)
def test_exposures_of_a_real_chain(market, reference, chain, sign):
    options, spot, day = chain(market)
    calls, puts = SIGNS[sign]
    quantity = sg.dealer.position(options.pop("open_interest"), options["option"], calls=calls, puts=puts)
    found = sg.dealer.exposure(spot, quantity=quantity, **options)
    exact = quantities(reference / "dealer" / f"dealer_{day}.csv", sign)
    for name, key in (
        ("delta", "delta"),
        ("gamma_percent", "gamma_1pct"),
        ("gamma_point", "gamma_pt"),
        ("vanna_point", "vanna_volpt"),
        ("charm_day", "charm_day"),
    ):
        assert getattr(found, name) == pytest.approx(exact[key], rel=5e-13), name
    # units per point of each option's own forward, in dollars
    rows = sg.dealer.exposure(spot, quantity=quantity, **options, by="row")
    dollars = np.nansum(rows.gamma_percent / (0.01 * options["forward"]))
    assert dollars == pytest.approx(exact["gamma_pt_usd"], rel=5e-13)
    of_exposures = {"delta", "gamma_1pct", "gamma_pt", "gamma_pt_usd", "vanna_volpt", "charm_day"}
    # the others are in test_book
    assert all(key in of_exposures or key.startswith("hedge_flow") for key in exact)
    assert len(exact) == 20


@pytest.mark.parametrize(("chain", "bound"), [(chain_2021, 4.9950583116321906e-06), (chain_2026, 6.2e-6)])
def test_gammas_of_the_exchange(market, chain, bound):
    """The files round to five digits after the point."""
    options, _, _ = chain(market, gammas=True)
    published, traded = options.pop("gamma"), options.pop("open_interest") > 0
    found = sg.vanilla.gamma(None, **{name: options[name] for name in ("strike", "vol", "expiry", "forward", "option")})
    assert np.abs(found - published)[traded].max() == pytest.approx(bound, rel=5e-3)


@pytest.mark.parametrize("chain", [chain_2021, chain_2026])
def test_profile_of_a_real_chain(market, reference, chain):
    options, spot, day = chain(market)
    quantity = sg.dealer.position(options.pop("open_interest"), options["option"], calls=1, puts=-1)
    with (reference / "dealer" / f"profile_{day}.csv").open() as file:
        rows = [(float(row["spot"]), float(row["gamma_1pct"])) for row in csv.DictReader(file)]
    spots, expected = np.array(rows).T
    found = sg.dealer.profile(spots, quantity=quantity, **options, spot=spot).gamma_percent
    gross = sg.dealer.profile(spots, quantity=np.abs(quantity), **options, spot=spot).gamma_percent
    assert (np.abs(found - expected) / gross).max() < 1e-14


def test_by_expiry_and_strike(market):
    options, spot, _ = chain_2026(market)
    quantity = sg.dealer.position(options.pop("open_interest"), options["option"], calls=1, puts=-1)
    found = sg.dealer.exposure(spot, quantity=quantity, **options, by="expiry")
    expected = [5.478123, -2.498867, -0.893644, 1.432363, 5.609112, 3.25385, 3.109783, 13.236317, 6.478788, -4.198702]
    np.testing.assert_allclose(found.gamma_percent / 1e6, [*expected, 2.795817, 0.321117], atol=5.1e-7)
    found = sg.dealer.exposure(spot, quantity=quantity, **options, by="strike")
    assert found.label[np.argmax(found.gamma_percent)] == 100_000.0
    assert found.label[np.argmin(found.gamma_percent)] == 85_000.0
    assert found.gamma_percent.max() / 1e6 == pytest.approx(26.0602973, abs=2e-7)
    assert found.gamma_percent.min() / 1e6 == pytest.approx(-27.525655, abs=5e-7)


def test_by_expiry_of_the_older_chain(market):
    options, spot, _ = chain_2021(market)
    quantity = sg.dealer.position(options.pop("open_interest"), options["option"], calls=1, puts=-1)
    found = sg.dealer.exposure(spot, quantity=quantity, **options, by="expiry")
    days = dict(
        zip((found.label * 365).round().astype(int).tolist(), (found.gamma_percent / 1e6).tolist(), strict=True)
    )
    for day, expected in ((0, 1.996006), (3, 6.181706), (10, 1.776218), (101, 1.361092)):
        assert days[day] == pytest.approx(expected, abs=5.1e-7)


def test_no_warnings_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sg.dealer.exposure(100.0, [1e-3, 1e6], vol=0.2, expiry=[1e-6, 10.0], quantity=1.0, option="call")
