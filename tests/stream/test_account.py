"""An account bar by bar: liquidated on the bar of `account_first_breach`."""

import copy
import math
import pickle

import numpy as np
import pytest

import shortgamma as sg

LINEAR = sg.contracts.Contract("linear", settlement="USD", name="ETH-PERP", underlying="ETH")
COINS = ("XBT", "USD")
CONTRACTS = ("ETHUSD", "XBTUSD", LINEAR)
TIERS = sg.liquidation.Tiers([0.0, 500.0], [0.01, 0.05])
MARGINS = (0.005, [0.01, 0.005, TIERS], sg.liquidation.RisingMargin(0.004, 1e-6))


def case_of(seed):
    random = np.random.default_rng(seed)
    bars = 60
    start = np.array([200.0, 10_000.0, 200.0])
    mark = start * np.exp(np.cumsum(random.normal(0.0, 0.03, (bars, 3)), axis=0))
    fx = np.column_stack([mark[:, 1], np.ones(bars)])
    unknown = random.random((bars, 3)) < 0.02
    mark[unknown] = random.choice([math.nan, -1.0, math.inf], unknown.sum())
    quantity = random.integers(-3, 4, 3) * np.array([100.0, 1000.0, 2.0])
    collateral = np.array([random.uniform(0.05, 0.4), random.uniform(-50.0, 300.0)])
    funding = np.where(random.random((bars, 3)) < 0.3, random.normal(0.0, 1e-3, (bars, 3)), np.nan)
    count = int(random.integers(0, 40))
    fills = sorted(
        (int(random.integers(bars)), int(i), float(q), float(start[i] * random.uniform(0.8, 1.2)))
        for i, q in zip(random.integers(0, 3, count), random.integers(-2, 3, count) * 20.0, strict=True)
    )
    transfers = sorted(
        (int(random.integers(bars)), int(random.integers(2)), float(random.normal(0, 1))) for _ in range(3)
    )
    terms = {
        "contracts": CONTRACTS,
        "coins": COINS,
        "maintenance": MARGINS[int(random.integers(len(MARGINS)))],
        "fee": float(random.choice([0.0, 0.00075])),
        "haircut": [0.1, 0.0] if random.random() < 0.5 else 0.0,
    }
    return (quantity, start * random.uniform(0.9, 1.1, 3), collateral), terms, mark, fx, funding, fills, transfers


def batch(positions, terms, mark, fx, funding, fills, transfers):
    """The bar by the function for whole paths; transfers of a bar come before its fills, as there."""
    columns = [list(column) for column in zip(*fills, strict=True)] or [[], [], [], []]
    bar, instrument, quantity, price = columns
    moved = [list(column) for column in zip(*transfers, strict=True)]
    with np.errstate(invalid="ignore"):
        return sg.liquidation.account_first_breach(
            mark,
            fx,
            *positions,
            **terms,
            funding=funding,
            fills=sg.liquidation.Fills(bar, [0] * len(bar), instrument, quantity, price),
            transfers=sg.liquidation.Transfers(moved[0], [0] * len(moved[0]), moved[1], moved[2]),
        )


def play(account, first, last, mark, fx, funding, fills, transfers):
    """Bars from first on and before last: whether it was liquidated at each."""
    answers = []
    for t in range(first, last):
        account.pay(mark[t], funding[t])
        for bar, coin, amount in transfers:
            if bar == t:
                account.transfer(coin, amount)
        for bar, instrument, quantity, price in fills:
            if bar == t:
                account.fill(instrument, quantity, price)
        answers.append(account.update(mark[t].tolist(), fx[t].tolist()))
    return answers


@pytest.mark.parametrize("part", range(6))
def test_the_bar_of_the_batch(part):
    seen = set()
    for seed in range(30 * part, 30 * (part + 1)):
        positions, terms, mark, *rest = case_of(seed)
        expected = batch(positions, terms, mark, *rest)
        answers = play(sg.stream.Account(*positions, **terms), 0, len(mark), mark, *rest)
        assert (answers.index(True) if True in answers else len(mark)) == expected, seed
        seen.add(bool(expected < len(mark)))
    assert seen == {True, False}


@pytest.mark.parametrize("seed", range(8))
def test_copies_go_on_alike(seed):
    positions, terms, mark, *rest = case_of(seed)
    account = sg.stream.Account(*positions, **terms)
    play(account, 0, 30, mark, *rest)
    others = [pickle.loads(pickle.dumps(account)), copy.copy(account), copy.deepcopy(account)]
    states = [(other.quantity, other.balance, other.value) for other in others]
    assert states == [(account.quantity, account.balance, account.value)] * 3
    expected = play(account, 30, len(mark), mark, *rest)
    for other in others:
        assert play(other, 30, len(mark), mark, *rest) == expected
    account.reset()
    fresh = sg.stream.Account(*positions, **terms)
    assert play(account, 0, len(mark), mark, *rest) == play(fresh, 0, len(mark), mark, *rest)


def test_numbers_of_an_account():
    account = sg.stream.Account(
        {"ETH-PERP": 1.0}, {"ETH-PERP": 200.0}, {"USD": 50.0}, contracts=[LINEAR], maintenance=0.01, fee=0.001
    )
    assert math.isnan(account.equity)
    account.update({"ETH": 210.0}, {"USD": 1.0})
    assert (account.quantity, account.entry, account.balance) == ((1.0,), (200.0,), (50.0,))
    assert account.equity == 60.0
    assert account.maintenance_margin == pytest.approx(210.0 * 0.011, rel=1e-15)
    assert account.margin_ratio == pytest.approx(210.0 * 0.011 / 60.0, rel=1e-15)
    account.fill("ETH-PERP", 1.0, 220.0)
    assert account.entry == (210.0,)
    account.fill(0, -1.0, 230.0)
    # a long of two at 210 sells one at 230
    assert account.balance == (70.0,)
    account.pay([220.0], [0.01])
    assert account.balance == pytest.approx((67.8,), rel=1e-15)
    account.transfer("USD", 2.2)
    assert account.balance == pytest.approx((70.0,), rel=1e-15)
    assert "1 of ETH-PERP" in repr(account)


ONE = {"contracts": [LINEAR], "maintenance": 0.01}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a: a.update([1.0, 2.0]), ValueError, "mark must have 1 number, got 2"),
        (lambda a: a.update(["x"]), TypeError, "mark must be a number, got 'x'"),
        (
            lambda a: a.fill(3, 1.0, 1.0),
            ValueError,
            "instrument must be a place from 0 to 0 or one of 'ETH-PERP', got 3",
        ),
        (lambda a: a.fill("SOL", 1.0, 1.0), ValueError, "or one of 'ETH-PERP', got 'SOL'"),
        (lambda a: a.fill(0, math.nan, 1.0), ValueError, "quantity must be finite, got nan"),
        (lambda a: a.fill(0, 1.0, 0.0), ValueError, "price must be a finite number > 0, got 0.0"),
        (lambda a: a.transfer("XBT", 1.0), ValueError, "or one of 'USD', got 'XBT'"),
        (lambda a: a.transfer(True, 1.0), ValueError, "coin must be a place from 0 to 0 or one of 'USD', got True"),
        (lambda a: a.update([1.0], funding=[math.inf]), ValueError, r"funding\[0\] must be finite, got inf"),
    ],
)
def test_wrong_calls(call, error, message):
    account = sg.stream.Account([1.0], [200.0], {"USD": 50.0}, **ONE)
    before = account.__getstate__()[1:3]
    with pytest.raises(error, match=message):
        call(account)
    assert account.__getstate__()[1:3] == before


def test_many_fills_make_room():
    account = sg.stream.Account([0.0], [1.0], {"USD": 1000.0}, **ONE)
    for _ in range(100):
        account.fill(0, 1.0, 200.0)
        account.transfer(0, 1.0)
    assert account.quantity == (100.0,)
    assert account.balance == (1100.0,)
    # 1.01 times the loss takes all where 1100 + 100 (P - 200) = P
    assert not account.update([190.91])
    assert account.update([190.90])


def test_wrong_start():
    with pytest.raises(ValueError, match="must be finite, and entry > 0"):
        sg.stream.Account([1.0], [math.nan], {"USD": 50.0}, **ONE)
    with pytest.raises(ValueError, match="quantity must have one dimension"):
        sg.stream.Account([[1.0]], [200.0], {"USD": 50.0}, **ONE)


def test_names_of_instruments_and_coins():
    other = sg.contracts.Contract("linear", settlement="USD", underlying="ETH")
    account = sg.stream.Account(
        [0.0] * 3, [1.0] * 3, {"XBT": 1.0, "USD": 0.0}, contracts=[LINEAR, other, "XBTUSD"], maintenance=0.01
    )
    account.fill("ETH-PERP", 1.0, 200.0)
    account.fill("BTC", 2.0, 10_000.0)
    account.transfer("BTC", 1.0)
    assert account.quantity == (1.0, 0.0, 2.0)
    assert account.balance == (2.0, 0.0)
    with pytest.raises(ValueError, match=r"got 'ETH'$"):
        account.fill("ETH", 1.0, 200.0)
    with pytest.raises(ValueError, match=r"got ''$"):
        account.fill("", 1.0, 200.0)


def test_labels_decide_not_positions():
    pd = pytest.importorskip("pandas")
    terms = {"contracts": CONTRACTS, "coins": COINS, "maintenance": 0.005}
    names = ["ETHUSD", "XBTUSD", "ETH-PERP"]
    numbers = {
        "quantity": pd.Series([100.0, -1000.0, 2.0], names),
        "entry": pd.Series([200.0, 10_000.0, 200.0], names),
        "collateral": pd.Series([0.5, 100.0], list(COINS)),
    }
    mark, fx = pd.Series([210.0, 9_900.0, 205.0], names), pd.Series([9_900.0, 1.0], list(COINS))
    rate = pd.Series([1e-3, 2e-3, -1e-3], names)
    straight = sg.stream.Account(*(each.to_numpy() for each in numbers.values()), **terms)
    turned = sg.stream.Account(*(each.iloc[::-1] for each in numbers.values()), **terms)
    straight.update(mark.tolist(), fx.tolist(), funding=rate.tolist())
    turned.update(mark.iloc[::-1], fx.iloc[::-1], funding=rate.iloc[::-1])
    straight.pay(mark.tolist(), rate.tolist())
    turned.pay(mark.iloc[::-1], rate.iloc[::-1])
    assert turned.quantity == straight.quantity
    assert turned.balance == straight.balance
    assert turned.equity == straight.equity
    with pytest.raises(ValueError, match=r"mark must hold 'ETHUSD'"):
        turned.update(pd.Series([1.0, 2.0, 3.0], ["a", "b", "c"]), fx)
