"""Fills at any time, sums without payments, and the running index."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed import ETHUSD, XBTUSD
from oracle import LAYOUTS, assert_same_bits, roundings
from oracle.funding import events as oracle
from oracle.funding.payments import exact_sum
from wrong import refused

import shortgamma as sg
from shortgamma.contracts import Contract
from shortgamma.funding import (
    accrue,
    accrue_continuous,
    accrue_events,
    between,
    funding_index,
    position_at,
    total,
)

KINDS = ("linear", "inverse", "quanto")
LINEAR = Contract("linear")
MINUTE = 60 * 10**9
HOUR = 60 * MINUTE

kinds = st.sampled_from(KINDS)
whens = st.sampled_from(["before", "after"])


def at(nanoseconds):
    """Times so long after the beginning of 1970."""
    return np.asarray(nanoseconds, dtype=np.int64).view("datetime64[ns]")


def minutes(count):
    return at(MINUTE * np.asarray(count, dtype=np.int64))


def market(shape, seed=5):
    random = np.random.default_rng(seed)
    return (
        np.round(random.normal(0.0, 1e4, shape)),
        random.lognormal(5.0, 1.0, shape),
        random.normal(1e-4, 5e-4, shape),
    )


@st.composite
def books(draw, times=12, span=40):
    """Fills and funding times of one account on a coarse grid, so that they coincide often."""
    events = sorted(draw(st.sets(st.integers(0, span), min_size=1, max_size=times)))
    fills = sorted(draw(st.lists(st.integers(-3, events[-1]), max_size=15)))
    quantities = draw(st.lists(st.integers(-50, 50), min_size=len(fills), max_size=len(fills)))
    mark = draw(st.lists(st.floats(1.0, 1e5), min_size=len(events), max_size=len(events)))
    rate = draw(st.lists(st.floats(-0.01, 0.01), min_size=len(events), max_size=len(events)))
    return fills, quantities, events, mark, rate


class TestTotal:
    SHAPES = ((1, 1), (7, 3), (8, 2100), (5, 40), (70, 65), (3, 0), (0, 3), (9, 4, 5), (1, 4097))

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    def test_is_the_exact_sum_of_the_payments(self, kind, shape):
        position, mark, rate = market(shape)
        contract = Contract(kind, 1e-6)
        _, one_mark, one_rate = market(shape[0])
        for marks, rates in ((mark, rate), (one_mark, one_rate)):
            cash = accrue(position, marks, rates, contract=contract)
            for axis in range(len(shape)):
                for lay in ("C", "Fortran", "strided"):
                    laid = LAYOUTS[lay](position)
                    actual = total(laid, marks, rates, contract=contract, over=axis)
                    expected = np.apply_along_axis(math.fsum, axis, cash) if cash.size else cash.sum(axis=axis)
                    np.testing.assert_array_max_ulp(actual, expected, maxulp=1)

    def test_cancelling_payments_leave_what_is_left(self):
        # a running sum would lose the small payment between the two large ones
        position = np.array([1e17, 1.0, -1e17, 3.0])
        assert total(position, 1.0, -1.0, contract=LINEAR) == 4.0
        assert total(np.tile(position, (2000, 1)).T, 1.0, -1.0, contract=LINEAR, over=0).tolist() == [4.0] * 2000
        assert total(np.tile(position, 50), 1.0, -1.0, contract=LINEAR) == 200.0

    @pytest.mark.parametrize("over", [(0, 1), (0, 2), (1, 2), (0, 1, 2), (-1, 0), None])
    def test_several_axes(self, over):
        position, mark, rate = market((20, 3, 4))
        cash = accrue(position, mark, rate, contract=XBTUSD)
        actual = total(position, mark, rate, contract=XBTUSD, over=over)
        np.testing.assert_allclose(actual, cash.sum(axis=over), rtol=1e-12, atol=1e-13)
        assert np.shape(actual) == np.shape(cash.sum(axis=over))

    def test_fx(self):
        position, mark, rate = market((30, 4))
        fx = np.random.default_rng(1).uniform(1e3, 1e5, 30)
        for given_fx in (fx, fx[:, None], np.tile(fx, (4, 1)).T):
            cash = accrue(position, mark, rate, contract=ETHUSD, fx=given_fx)
            assert_same_bits(cash, accrue(position, mark, rate, contract=ETHUSD) * fx[:, None])
            actual = total(position, mark, rate, contract=ETHUSD, fx=given_fx, over=0)
            np.testing.assert_array_max_ulp(actual, np.apply_along_axis(math.fsum, 0, cash), maxulp=1)
        out = np.empty((30, 4))
        assert accrue(position, mark, rate, contract=ETHUSD, fx=fx, out=out) is out
        assert_same_bits(out, cash)

    @pytest.mark.parametrize("bad", [math.nan, 0.0, -1.0, math.inf])
    def test_a_bad_mark_spoils_its_sums_alone(self, bad):
        position, mark, rate = market((40, 70))
        expected = total(position, mark, rate, contract=ETHUSD, over=0)
        mark[17, 3] = bad
        with np.errstate(invalid="ignore"):
            actual = total(position, mark, rate, contract=ETHUSD, over=0)
        expected[3] = math.nan
        assert_same_bits(actual, expected)
        if not math.isnan(bad):
            with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
                total(position, mark, rate, contract=ETHUSD, over=0)

    def test_overflow_is_infinite(self):
        with np.errstate(over="ignore"):
            assert total(np.full(100, -1e308), 1.0, 1.0, contract=LINEAR) == math.inf
            assert total(np.full((9, 3), 1e308), 1.0, 1.0, contract=LINEAR, over=0).tolist() == [-math.inf] * 3

    def test_pandas(self):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame(np.ones((3, 2)), index=[5, 6, 7], columns=["a", "b"])
        by_account = total(frame, [1.0, 2.0, 3.0], 0.1, contract=LINEAR, over=0)
        assert by_account.index.tolist() == ["a", "b"]
        by_time = total(frame, [1.0, 2.0, 3.0], 0.1, contract=LINEAR, over=1)
        assert by_time.index.tolist() == [5, 6, 7]
        np.testing.assert_allclose(by_time, [-0.2, -0.4, -0.6])
        assert isinstance(total(frame, 1.0, 0.1, contract=LINEAR), float)


class TestIndex:
    @pytest.mark.parametrize("kind", KINDS)
    def test_differences_are_the_payments_of_a_position(self, kind):
        _, mark, rate = market(3000)
        contract = Contract(kind, 1e-6)
        index = funding_index(rate, mark, contract)
        cash = accrue(-250.0, mark, rate, contract=contract)
        scale = np.abs(cash).sum()
        for t0, t1 in ((-1, 2999), (0, 1), (17, 2500), (2998, 2999), (5, 5)):
            expected = math.fsum(cash[t0 + 1 : t1 + 1])
            assert abs(-250.0 * between(index, t0, t1) - expected) <= 1e-15 * scale

    def test_is_the_exact_running_sum(self):
        _, mark, rate = market((200, 3))
        one = accrue(1.0, mark, rate, contract=XBTUSD)
        value = funding_index(rate, mark, XBTUSD).value
        for t in (0, 1, 63, 64, 199):
            for i in range(3):
                assert roundings(value[t, i], exact_sum(one[: t + 1, i])) <= 1.0

    def test_times(self):
        time = np.datetime64("2021-01-01T00", "h") + 8 * np.arange(4)
        index = funding_index([0.1, 0.2, 0.3, 0.4], 10.0 * np.ones(4), LINEAR, time=time)
        assert between(index, time[0], time[2]) == pytest.approx(-5.0, rel=1e-15)
        before = np.datetime64("1999-01-01")
        np.testing.assert_allclose(between(index, before, time), [-1.0, -3.0, -6.0, -10.0], rtol=1e-15)
        assert between(index, time[1] + 1, time[2] - 1) == 0.0
        assert between(index, time[3], before) == pytest.approx(10.0, rel=1e-15)

    def test_axis(self):
        _, mark, rate = market((6, 4))
        index = funding_index(rate.T, mark.T, ETHUSD, axis=1)
        assert_same_bits(index.value.T, funding_index(rate, mark, ETHUSD).value)
        assert between(index, 0, 3).shape == (4,)
        assert_same_bits(funding_index(rate[:, 0], mark, ETHUSD).value[:, :1], index.value[:1].T * 0 + np.cumsum([0])
                         + funding_index(rate[:, 0], mark[:, 0], ETHUSD).value[:, None])  # fmt: skip


class TestEvents:
    @settings(max_examples=300)
    @given(books(), kinds, whens)
    def test_every_payment_is_that_of_the_twin(self, book, kind, when):
        fills, quantities, events, mark, rate = book
        contract = Contract(kind, 0.5)
        expected = oracle.accrue_events(kind, 0.5, fills, quantities, events, mark, rate, when)
        trades, payments = minutes(fills), minutes(events)
        actual = accrue_events(trades, quantities, payments, mark, rate, contract=contract, when=when)
        assert_same_bits(actual, expected)
        held = position_at(trades, quantities, payments, when=when)
        assert_same_bits(held, [oracle.position_at(fills, quantities, time, when) for time in events])
        assert_same_bits(actual, accrue(held, mark, rate, contract=contract))
        summed = accrue_events(trades, quantities, payments, mark, rate, contract=contract, when=when, record="total")
        np.testing.assert_array_max_ulp(summed, math.fsum(expected), maxulp=1)

    @settings(max_examples=100)
    @given(st.lists(books(), min_size=1, max_size=6), whens)
    def test_many_accounts_are_each_alone(self, accounts, when):
        columns = [np.concatenate([np.asarray(book[i], dtype=float) for book in accounts]) for i in range(5)]
        fills, quantities, events, mark, rate = columns
        offsets = [np.cumsum([0, *(len(book[i]) for book in accounts)]) for i in (0, 2)]
        keywords = {"contract": XBTUSD, "when": when, "indptr_fills": offsets[0], "indptr_fundings": offsets[1]}
        times = (minutes(fills), quantities, minutes(events), mark, rate)
        cash = accrue_events(*times, **keywords)
        sums = accrue_events(*times, **keywords, record="total")
        for i, book in enumerate(accounts):
            own = (minutes(book[0]), book[1], minutes(book[2]), *book[3:])
            alone = accrue_events(*own, contract=XBTUSD, when=when)
            assert_same_bits(cash[offsets[1][i] : offsets[1][i + 1]], alone)
            assert_same_bits(sums[i], accrue_events(*own, contract=XBTUSD, when=when, record="total"))

    def test_long_histories(self):
        # more events than a block, clocks that tick evenly and clocks that do not, many fills at once
        random = np.random.default_rng(8)
        for events in (1, 23, 24, 25, 511, 512, 513, 536, 1500):
            even = 8 * HOUR * np.arange(events)
            uneven = MINUTE * np.cumsum(random.integers(1, 300, events) ** 2)
            for clock in (even, uneven):
                fills = np.sort(random.choice(clock, 700) + random.integers(-1, 1, 700))
                quantity = random.integers(-9, 10, 700).astype(float)
                mark, rate = random.uniform(1.0, 2.0, events), random.normal(0.0, 1e-4, events)
                for when, side in (("before", "right"), ("after", "left")):
                    count = np.searchsorted(fills, clock, side=side)
                    expected = np.concatenate([[0.0], np.cumsum(quantity)])[count]
                    assert_same_bits(position_at(at(fills), quantity, at(clock), when=when), expected)
                    cash = accrue_events(at(fills), quantity, at(clock), mark, rate, contract=ETHUSD, when=when)
                    assert_same_bits(cash, accrue(expected, mark, rate, contract=ETHUSD))

    def test_accounts_that_share_their_funding_times(self):
        clock = at(8 * HOUR * np.arange(30))
        mark, rate = np.linspace(1.0, 2.0, 30), np.linspace(-0.01, 0.01, 30)
        fills, quantity, offsets = at([0, 5 * HOUR, 9 * HOUR, 9 * HOUR]), [1.0, 2.0, -4.0, 1.0], [0, 1, 1, 4]
        cash = accrue_events(fills, quantity, clock, mark, rate, contract=ETHUSD, indptr_fills=offsets)
        assert cash.shape == (30, 3)
        for i in range(3):
            own = slice(offsets[i], offsets[i + 1])
            alone = accrue_events(fills[own], quantity[own], clock, mark, rate, contract=ETHUSD)
            assert_same_bits(cash[:, i], alone)
        sums = accrue_events(fills, quantity, clock, mark, rate, contract=ETHUSD, indptr_fills=offsets, record="total")
        np.testing.assert_array_max_ulp(sums, [math.fsum(column) for column in cash.T], maxulp=1)

    @given(books(), whens, st.permutations(range(6)))
    def test_accounts_in_another_order(self, book, when, order):
        fills, quantities, events, mark, rate = book
        pieces = [(np.asarray(fills, dtype=int), np.asarray(quantities) * (k + 1.0)) for k in range(6)]

        def run(which):
            times = np.concatenate([pieces[k][0] for k in which])
            amounts = np.concatenate([pieces[k][1] for k in which])
            indptr = np.arange(7) * len(fills)
            return accrue_events(
                minutes(times), amounts, minutes(events), mark, rate, contract=ETHUSD, when=when, indptr_fills=indptr
            )

        assert_same_bits(run(order), run(range(6))[:, order])

    @given(books(), whens)
    def test_splitting_fills_changes_nothing(self, book, when):
        fills, quantities, events, mark, rate = book
        fills, events = minutes(fills), minutes(events)
        whole = accrue_events(fills, quantities, events, mark, rate, contract=XBTUSD, when=when)
        parts = np.stack([np.asarray(quantities) - 3.0, np.full(len(fills), 3.0)], axis=1).ravel()
        split = accrue_events(np.repeat(fills, 2), parts, events, mark, rate, contract=XBTUSD, when=when)
        assert_same_bits(split, whole)

    @given(books(), whens, st.integers(0, 12))
    def test_additive_in_time(self, book, when, cut):
        fills, quantities, events, mark, rate = book
        fills, events = minutes(fills), minutes(events)
        cut = min(cut, len(events) - 1)
        whole = accrue_events(fills, quantities, events, mark, rate, contract=XBTUSD, when=when)
        late = accrue_events(fills, quantities, events[cut:], mark[cut:], rate[cut:], contract=XBTUSD, when=when)
        assert_same_bits(late, whole[cut:])

    def test_fx_and_numbers_for_all(self):
        cash = accrue_events(minutes([0]), [10.0], minutes([1, 2, 3]), 100.0, 0.01, contract=LINEAR, fx=[1.0, 2.0, 3.0])
        np.testing.assert_allclose(cash, [-10.0, -20.0, -30.0], rtol=1e-15)
        keywords = {"contract": LINEAR, "fx": [1.0, 2.0, 3.0], "record": "total"}
        assert accrue_events(minutes([0]), [10.0], minutes([1, 2, 3]), 100.0, 0.01, **keywords) == -60.0

    def test_no_fills_and_no_events(self):
        assert_same_bits(accrue_events([], [], minutes([1, 2]), 1.0, 0.1, contract=ETHUSD), [0.0, 0.0])
        assert accrue_events([], [], [], [], [], contract=ETHUSD).shape == (0,)
        assert accrue_events([], [], [], [], [], contract=ETHUSD, record="total") == 0.0
        assert accrue_events([], [], minutes([1, 2]), 1.0, 0.1, contract=ETHUSD, indptr_fills=[0]).shape == (2, 0)
        ragged = {"indptr_fills": [0, 0, 0], "indptr_fundings": [0, 0, 2]}
        assert_same_bits(accrue_events([], [], minutes([1, 2]), 1.0, 0.1, contract=ETHUSD, **ragged), [0.0, 0.0])

    def test_what_pandas_and_time_zones_give(self):
        pd = pytest.importorskip("pandas")
        clock = pd.date_range("2021-03-01", periods=4, freq="8h", tz="UTC")
        fills = pd.Series(pd.to_datetime(["2021-03-01T05:00+01:00", "2021-03-01T17:00+01:00"], utc=True))
        expected = accrue_events(
            at([4 * HOUR, 16 * HOUR]), [1, 2], at(8 * HOUR * np.arange(4)), 5.0, 0.1, contract=LINEAR
        )
        abroad = clock.tz_convert("America/New_York")
        for given_fills, given_clock in ((fills, clock), (fills.dt.tz_convert("Asia/Tokyo"), abroad)):
            cash = accrue_events(given_fills, pd.Series([1, 2]), given_clock, 5.0, 0.1, contract=LINEAR)
            assert_same_bits(cash, expected)

    def test_a_mark_that_is_none(self):
        with np.errstate(invalid="raise"):
            cash = accrue_events(minutes([0]), [1.0], minutes([1, 2]), [math.nan, 1.0], 0.1, contract=LINEAR)
            np.testing.assert_array_equal(cash, [math.nan, -0.1])
            with pytest.raises(FloatingPointError):
                accrue_events(minutes([0]), [1.0], minutes([1, 2]), [-1.0, 1.0], 0.1, contract=LINEAR)
            with pytest.raises(FloatingPointError):
                accrue_continuous(minutes([0]), [1.0], minutes([1, 2]), [0.0, 1.0], 0.1, contract=LINEAR)
        with pytest.warns(RuntimeWarning, match="invalid value"):
            assert math.isnan(
                accrue_events(minutes([0]), [1.0], minutes([1, 2]), math.inf, 0.1, contract=LINEAR, record="total")
            )


class TestFreqtrade:
    """Payments of freqtrade's own tests (commit 0008a87, tests/exchange/test_exchange.py): ADA, short, 2021-09-01."""

    CLOCK = np.array(["2021-09-01T00", "2021-09-01T08"], dtype="datetime64[s]")
    CASES = (
        (30.0, "2021-09-01T00:00:00", "2021-09-01T08:00:00", -0.00091409999),
        (30.0, "2021-09-01T00:00:15", "2021-09-01T08:00:00", -0.0002493),
        (30.0, "2021-09-01T00:00:00", "2021-09-01T07:59:59", -0.00066479999),
        (30.0, "2021-09-01T01:00:00", "2021-09-01T04:00:00", 0.0),
        (30.0, "2021-08-31T23:58:00", "2021-09-01T08:00:00", -0.00091409999),
        (30.0, "2021-09-01T00:10:01", "2021-09-01T08:00:00", -0.0002493),
        (50.0, "2021-09-01T00:00:00", "2021-09-01T08:00:00", -0.0015235),
    )

    @pytest.mark.parametrize(("amount", "opened", "closed", "fee"), CASES)
    def test_its_fees(self, amount, opened, closed, fee):
        # it counts fundings at the opening and at the closing: bought before the one, sold after the other
        keywords = {"contract": LINEAR, "record": "cash"}
        opening, closing = np.datetime64(opened), np.datetime64(closed)
        bought = accrue_events([opening], [-amount], self.CLOCK, 2.77, [-8e-6, -3e-6], **keywords)
        sold = accrue_events([closing], [-amount], self.CLOCK, 2.77, [-8e-6, -3e-6], when="after", **keywords)
        # printed to 11 digits, not rounded
        assert (bought - sold).sum() == pytest.approx(fee, abs=1.1e-11)


class TestContinuous:
    def test_deribit(self):
        # 1 BTC for a minute, the premium 0.1 %: the rate is 0.075 % per 8 hours
        rate = float(sg.funding.rate(0.001, 0.0, clamp=0.00025))
        assert rate == pytest.approx(0.00075, rel=1e-15)
        contract = Contract("inverse", 10.0)
        cash = accrue_continuous(minutes([0]), [-1000.0], minutes([0, 1]), 10_000.0, rate, contract=contract)
        assert cash[0] == pytest.approx(1.5625e-6, rel=1e-14)

    @settings(max_examples=200)
    @given(books(), kinds, st.sampled_from(["constant", "linear"]))
    def test_integrals_are_exact(self, book, kind, interpolation):
        fills, quantities, events, mark, rate = book
        keywords = {"contract": Contract(kind, 0.5), "interval": "7min", "interpolation": interpolation}
        trades, clock = minutes(fills), minutes(events)
        actual = accrue_continuous(trades, quantities, clock, mark, rate, **keywords)
        exact = oracle.accrue_continuous(kind, 0.5, fills, quantities, events, mark, rate, 7, interpolation)
        assert actual.shape == (len(events) - 1,)
        largest = max(map(abs, rate), default=0.0) * 0.5 * (max(mark) if kind != "inverse" else 1.0 / min(mark))
        scale = max(1, sum(map(abs, quantities))) * largest * 40 / 7
        for one, other in zip(actual, exact, strict=True):
            assert abs(one - float(other)) <= 20 * 2.0**-53 * scale + 1e-300
        summed = accrue_continuous(trades, quantities, clock, mark, rate, **keywords, record="total")
        np.testing.assert_array_max_ulp(np.float64(summed), np.float64(math.fsum(actual)), maxulp=1)

    def test_a_constant_rate_pays_for_the_time_held(self):
        clock = at(HOUR * np.arange(25))
        held = accrue_continuous(at([HOUR // 2, 20 * HOUR]), [3.0, -3.0], clock, 100.0, 0.008, contract=LINEAR)
        assert math.fsum(held) == pytest.approx(-3 * 100 * 0.008 * 19.5 / 8, rel=1e-14)

    def test_many_accounts(self):
        clock, mark, rate = at(HOUR * np.arange(5)), np.linspace(1.0, 2.0, 5), np.linspace(0.1, -0.1, 5)
        fills, quantity = at([0, HOUR // 3, 2 * HOUR, 7]), [1.0, 2.0, 3.0, 4.0]
        keywords = {"contract": XBTUSD, "interpolation": "linear"}
        many = accrue_continuous(fills, quantity, clock, mark, rate, indptr_fills=[0, 3, 4], **keywords)
        assert many.shape == (4, 2)
        ragged = {"indptr_fills": [0, 3, 4], "indptr_times": [0, 5, 10]}
        twice = accrue_continuous(
            fills, quantity, np.tile(clock, 2), np.tile(mark, 2), np.tile(rate, 2), **ragged, **keywords
        )
        for i, own in enumerate((slice(0, 3), slice(3, 4))):
            alone = accrue_continuous(fills[own], quantity[own], clock, mark, rate, **keywords)
            assert_same_bits(many[:, i], alone)
            assert_same_bits(twice[4 * i : 4 * i + 4], alone)


T = np.array(["2021-01-01T00", "2021-01-01T08", "2021-01-01T16"], dtype="datetime64[h]")
NAT = np.array(["2021-01-01T00", "NaT", "2021-01-01T16"], dtype="datetime64[h]")


def events(fill_time=(1, 2), fill_quantity=(1.0, 2.0), funding_time=(1, 2, 3), mark=1.0, rate=0.1, **keywords):
    clocks = [minutes(time) if isinstance(time, tuple) else time for time in (fill_time, funding_time)]
    return accrue_events(clocks[0], fill_quantity, clocks[1], mark, rate, **{"contract": ETHUSD, **keywords})


EPOCH = "1970-01-01T00:0"
WRONG_CALLS = [
    (lambda: events((2, 1)), ValueError, f"fill_time[1] must not be before fill_time[0], got {EPOCH}1 after {EPOCH}2"),
    (lambda: events(NAT[:2], funding_time=T), ValueError, "fill_time[1] must be a time, got NaT"),
    (lambda: events(funding_time=NAT), ValueError, "funding_time[1] must be a time, got NaT"),
    (lambda: events(at((-(2**63), 1))), ValueError, "fill_time[0] must be a time, got NaT"),
    (
        lambda: events(funding_time=(1, 2, 2)),
        ValueError,
        f"funding_time[2] must be later than funding_time[1], got {EPOCH}2 after {EPOCH}2",
    ),
    (
        lambda: events(funding_time=(3, 1, 2)),
        ValueError,
        f"funding_time[1] must be later than funding_time[0], got {EPOCH}1 after {EPOCH}3",
    ),
    (
        lambda: events((1, 9)),
        ValueError,
        f"fill_time[1] must not be after the last of funding_time, {EPOCH}3, got {EPOCH}9",
    ),
    (
        lambda: events(funding_time=(), mark=[], rate=[]),
        ValueError,
        f"fill_time[0] must not be after funding_time, which is empty, got {EPOCH}1",
    ),
    (
        lambda: events([1704067200000, 1.5]),
        ValueError,
        "fill_time[1] must be a time, got 1.5: write datetime64 or ISO text; a number must be s, ms, us or ns since "
        "1970, between 1990 and 2100",
    ),
    (
        lambda: events(["2020-01-01", "b"]),
        ValueError,
        "fill_time[1] must be a time, got 'b': write datetime64, ISO text such as '2020-01-31 08:00' (UTC unless it "
        "has a zone), or s, ms, us or ns since 1970",
    ),
    (
        lambda: events(np.array(["1500-01-01", "2021-01-01"], dtype="datetime64[D]")),
        ValueError,
        "fill_time[0] must be between the years 1677 and 2262, got 1500-01-01",
    ),
    (lambda: events(fill_quantity=(1.0,)), ValueError, "fill_quantity has length 1, fill_time has 2"),
    (
        lambda: events(fill_quantity=("a", "b")),
        TypeError,
        "fill_quantity must be a number or an array of numbers, got dtype <U1",
    ),
    (lambda: events(((1, 2), (3, 4))), ValueError, "fill_time must have one dimension, got shape (2, 2)"),
    (lambda: events(mark=(1.0, 2.0)), ValueError, "mark has shape (2,), funding_time has (3,)"),
    (lambda: events(rate=np.ones((3, 1))), ValueError, "rate has shape (3, 1), funding_time has (3,)"),
    (lambda: events(fx=(1.0,)), ValueError, "fx has shape (1,), funding_time has (3,)"),
    (lambda: events(contract=3), TypeError, "contract must be a Contract, got int"),
    (lambda: events(when="during"), ValueError, "when must be one of 'before', 'after', got 'during'"),
    (lambda: events(record="all"), ValueError, "record must be one of 'cash', 'total', got 'all'"),
    (lambda: events(indptr_fills=(0, 3)), ValueError, "indptr_fills[1] must be the length of fill_time, 2, got 3"),
    (lambda: events(indptr_fills=(1, 2)), ValueError, "indptr_fills[0] must be 0, got 1"),
    (
        lambda: events(indptr_fills=(0, 2, 1, 2)),
        ValueError,
        "indptr_fills[2] must be at least indptr_fills[1], got 1 < 2",
    ),
    (lambda: events(indptr_fills=()), TypeError, "indptr_fills must be an array of integers, got dtype float64"),
    (
        lambda: events(indptr_fills=((0, 2),)),
        ValueError,
        "indptr_fills must have one dimension and at least one element, got shape (1, 2)",
    ),
    (
        lambda: events(indptr_fills=(0, 2), indptr_fundings=(0, 1, 3)),
        ValueError,
        "indptr_fundings has length 3, indptr_fills has 2",
    ),
    (lambda: events(indptr_fundings=(0, 3)), ValueError, "indptr_fills must be given with indptr_fundings"),
    (
        lambda: events((1, 2), indptr_fills=(0, 1, 2), indptr_fundings=(0, 1, 3), funding_time=(1, 2, 1)),
        ValueError,
        f"funding_time[2] must be later than funding_time[1], got {EPOCH}1 after {EPOCH}2",
    ),
    (
        lambda: events((1, 7), indptr_fills=(0, 1, 2), indptr_fundings=(0, 1, 3)),
        ValueError,
        f"fill_time[1] must not be after the last of funding_time, {EPOCH}3, got {EPOCH}7",
    ),
    (lambda: Contract("linear", -1.0), ValueError, "multiplier must be a finite number > 0, got -1.0"),
    (
        lambda: position_at(minutes([1]), [1.0], minutes([2, 2])),
        ValueError,
        f"time[1] must be later than time[0], got {EPOCH}2 after {EPOCH}2",
    ),
    (
        lambda: accrue_continuous(minutes([1]), [1.0], minutes([2, 3]), 1.0, 0.1, contract=ETHUSD, interval="0h"),
        ValueError,
        "interval must be > 0, got 0h",
    ),
    (
        lambda: accrue_continuous(minutes([1]), [1.0], minutes([2, 3]), 1.0, 0.1, contract=ETHUSD, interval=8.0),
        TypeError,
        "interval must be a length of time, got 8.0: a number has no unit: write '8h', or np.timedelta64(8, 'h')",
    ),
    (
        lambda: accrue_continuous(
            minutes([1]), [1.0], minutes([2, 3]), 1.0, 0.1, contract=ETHUSD, interpolation="cubic"
        ),
        ValueError,
        "interpolation must be one of 'constant', 'linear', got 'cubic'",
    ),
    (
        lambda: total(np.ones((3, 2)), 1.0, 0.1, contract=ETHUSD, over=2),
        ValueError,
        "over 2 is out of bounds for quantity of 2 dimensions",
    ),
    (lambda: total(np.ones((3, 2)), 1.0, 0.1, contract=ETHUSD, over=(0, 0)), ValueError, "over names axis 0 twice"),
    (
        lambda: total(np.ones((3, 2)), 1.0, 0.1, contract=ETHUSD, over=()),
        ValueError,
        "over must name at least one axis, got ()",
    ),
    (
        lambda: total(np.ones((3, 2)), 1.0, 0.1, contract=ETHUSD, over=(0.5,)),
        TypeError,
        "over must be an integer or a sequence of integers, got float",
    ),
    (
        lambda: total(np.ones((3, 2)), np.ones((3, 4)), 0.1, contract=ETHUSD),
        ValueError,
        "mark of shape (3, 4) does not broadcast with quantity of shape (3, 2)",
    ),
    (
        lambda: total(np.ones(3), np.ones(2), 0.1, contract=ETHUSD),
        ValueError,
        "quantity has length 3 along the time axis, mark has 2",
    ),
    (
        lambda: funding_index([0.1, 0.2], [1.0, 2.0], ETHUSD, time=T[:1]),
        ValueError,
        "time has shape (1,), mark has 2 funding times",
    ),
    (
        lambda: funding_index([0.1, 0.2], [1.0, 2.0], ETHUSD, time=T[[1, 0]]),
        ValueError,
        "time[1] must be later than time[0], got 2021-01-01 after 2021-01-01T08:00",
    ),
    (lambda: funding_index(0.1, 1.0, ETHUSD), ValueError, "mark must have at least one dimension"),
    (lambda: between([1.0], 0, 1), TypeError, "index must be a FundingIndex, got list"),
    (lambda: between(funding_index([0.1], [1.0], ETHUSD), 0, 1), ValueError, "t1 must be between -1 and 0, got 1"),
    (
        lambda: between(funding_index([0.1], [1.0], ETHUSD), 0.5, 0),
        TypeError,
        "t0 must be an integer, got float: the index has no times",
    ),
]


test_wrong_calls = refused(WRONG_CALLS, numbered=True)
