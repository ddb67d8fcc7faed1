"""How likely accounts are to die: simulation against closed forms."""

import math
import sys
import threading

import numpy as np
import pytest
from listed import ETHUSD, XBTUSD

import shortgamma as sg
from shortgamma.contracts import Contract
from shortgamma.liquidation import Tiers
from shortgamma.liquidation.probability import correlation_factor

probability = sg.liquidation.account_breach_probability

LINEAR = Contract("linear", settlement="USD")
FIRST, SECOND = (Contract("linear", underlying=name, settlement="USD") for name in ("ETH", "SOL"))


def settings():
    """Twenty positions: contract, quantity, margin as a fraction of the value, maintenance, vol, years, drift."""
    rng = np.random.default_rng(20)
    for trial in range(20):
        contract = (LINEAR, XBTUSD, ETHUSD)[trial % 3]
        side = 1.0 if trial % 2 else -1.0
        maintenance = Tiers([0.0, 1e-4, 0.1], [0.005, 0.01, 0.02]) if trial % 5 == 4 else float(rng.uniform(0.0, 0.02))
        yield (
            contract, side * float(rng.uniform(50.0, 200.0)), float(rng.uniform(0.05, 0.5)), maintenance,
            float(rng.uniform(0.3, 1.2)), float(rng.uniform(0.02, 0.5)), float(rng.uniform(-0.5, 0.5)),
        )  # fmt: skip


class TestAgainstClosedForms:
    @pytest.mark.parametrize("setting", list(settings()), ids=range(20))
    def test_one_position(self, setting):
        contract, quantity, share, maintenance, vol, years, drift = setting
        margin = share * abs(float(contract.value(quantity, 200.0)))
        terms = {"maintenance": maintenance, "vol": vol, "expiry": years, "drift": drift}
        exact = sg.liquidation.breach_probability(200.0, quantity, 200.0, margin, contract=contract, **terms)
        found = probability(
            [200.0], None, [quantity], [200.0], [margin], contracts=[contract], **terms, steps=25, paths=20_000, rng=7
        )
        assert 0.001 < exact < 0.999
        assert abs(found.probability - exact) <= 3.0 * found.error
        assert found.error == pytest.approx(math.sqrt(exact * (1.0 - exact) / 20_000), rel=0.3)

    @pytest.mark.parametrize("method", ["plain", "antithetic", "sobol"])
    def test_a_loan_against_a_coin(self, method):
        # 1 coin at 100 against a debt of 70: dead when the coin is at 70, or with a haircut of 10 % at 70 / 0.9
        for haircut, level in ((0.0, 70.0), (0.1, 70.0 / 0.9)):
            exact = sg.barrier.touch_price(100.0, level, vol=0.6, expiry=0.5, direction="down", kind="one-touch")
            found = probability(
                [], [100.0, 1.0], [], [], [1.0, -70.0], contracts=[], coins=["XBT", "USD"], maintenance=0.0,
                vol={"XBT": 0.6}, expiry=0.5, haircut=[haircut, 0.0], steps=16, paths=32_768, rng=3, method=method,
            )  # fmt: skip
            assert abs(found.probability - exact) <= 3.0 * found.error

    @pytest.mark.parametrize("rho", [-0.5, 0.0, 0.9])
    def test_two_assets(self, rho):
        """Coins worth c X against a short of q P whose proceeds are debt: dead where P / X, lognormal too, is c / q."""
        vol = np.array([0.5, 0.8])
        spread = math.sqrt(vol @ vol - 2.0 * rho * vol[0] * vol[1])
        # the drift of ln(P / X) is (vol_X^2 - vol_P^2) / 2
        drift = 0.5 * (vol[1] ** 2 - vol[0] ** 2) + 0.5 * spread**2
        exact = sg.barrier.touch_price(
            1.0, 1.4, vol=spread, expiry=0.3, dividend=-drift, direction="up", kind="one-touch"
        )
        found = probability(
            [200.0], [10_000.0, 1.0], [-50.0], [100.0], [1.4, -5_000.0], contracts=[FIRST], coins=["XBT", "USD"],
            maintenance=0.0, vol={"ETH": vol[0], "XBT": vol[1]}, expiry=0.3, correlation=rho, steps=64,
            paths=40_000, rng=4, method="antithetic",
        )  # fmt: skip
        assert abs(found.probability - exact) <= 3.0 * found.error

    def test_a_coin_that_is_its_own_price(self):
        # an inverse position and its coin: the price of the coin moves both, and where it dies stays the same
        margin = 0.2 * float(XBTUSD.value(1_000.0, 10_000.0))
        exact = sg.liquidation.breach_probability(
            10_000.0, 1_000.0, 10_000.0, margin, contract=XBTUSD, maintenance=0.01, vol=0.7, expiry=0.1
        )
        found = probability(
            [10_000.0], [10_000.0], [1_000.0], [10_000.0], [margin], contracts=[XBTUSD], maintenance=0.01, vol=0.7,
            expiry=0.1, steps=50, paths=20_000, rng=5,
        )  # fmt: skip
        assert abs(found.probability - exact) <= 3.0 * found.error

    @pytest.mark.parametrize(
        ("quantity", "dollars"), [(20_000.0, -4_000.0), (10_000.0, -7_000.0), (-20_000.0, -7_500.0)]
    )
    def test_a_perpetual_and_its_coin_move_together(self, quantity, dollars):
        # equity in dollars is P (c + q / E) - q + u: liquidated where that is 0, on whichever side it falls
        coin = 1.0 + quantity / 10_000.0
        level = (quantity - dollars) / coin
        direction = "up" if level > 10_000.0 else "down"
        exact = sg.barrier.touch_price(10_000.0, level, vol=0.8, expiry=0.1, direction=direction, kind="one-touch")
        position = ([10_000.0], [10_000.0, 1.0], [quantity], [10_000.0], [1.0, dollars])
        terms = {"contracts": [XBTUSD], "coins": ["XBT", "USD"], "maintenance": 0.0, "expiry": 0.1}
        found = probability(*position, **terms, vol={"BTC": 0.8}, steps=50, paths=40_000, rng=6)
        assert 0.01 < exact < 0.99
        assert abs(found.probability - exact) <= 3.0 * found.error
        # held still, the coin makes another answer
        apart = probability(*position, **terms, vol={"BTC": 0.8}, still=["XBT"], steps=50, paths=40_000, rng=6)
        assert abs(apart.probability - exact) > 10.0 * apart.error

    def test_the_hedged_short_of_the_documentation(self):
        # about 14 % with its two assets correlated, half of that were they independent: neither is a default
        terms = {"contracts": [ETHUSD, XBTUSD], "maintenance": 0.0, "vol": {"ETH": 0.8, "BTC": 0.8}, "expiry": 1 / 12}
        position = ({"ETH": 200.0, "BTC": 10_000.0}, None, [-100, -100], [200.0, 10_000.0], {"XBT": 0.01})
        with pytest.raises(ValueError, match=r"correlation of 'ETH', 'BTC' must be given; 0\.0 if they"):
            probability(*position, **terms)
        for rho, low, high in ((0.85, 0.13, 0.15), (0.0, 0.06, 0.075)):
            share = probability(*position, **terms, correlation=rho, steps=50, paths=40_000, rng=1).probability
            assert low < share < high

    def test_the_table_of_leverage(self):
        # 17 % a month without drift: known shares of shorts dead within a month
        leverage = np.array([2.0, 3.0, 5.0, 10.0, 20.0, 50.0])
        found = probability(
            [1.0], None, np.full((6, 1), -1.0), [1.0], (1.0 / leverage)[:, None], contracts=[LINEAR], maintenance=0.0,
            vol=0.17 * math.sqrt(12.0), expiry=1.0 / 12.0, steps=30, paths=65_536, rng=6, method="sobol",
        )  # fmt: skip
        published = np.array([0.014, 0.078, 0.258, 0.548, 0.755, 0.898])
        assert (np.abs(found.probability - published) <= 3.0 * found.error + 0.0005).all()

    def test_the_bridge_takes_away_the_bias_of_the_steps(self):
        terms = {"contracts": [LINEAR], "maintenance": 0.0, "vol": 0.6, "expiry": 0.25, "paths": 100_000, "rng": 8}
        exact = sg.liquidation.breach_probability(
            100.0, -1.0, 100.0, 20.0, contract=LINEAR, maintenance=0.0, vol=0.6, expiry=0.25
        )
        bias = []
        for steps in (4, 16, 64):
            position = ([100.0], None, [-1.0], [100.0], [20.0])
            without = probability(*position, **terms, steps=steps, bridge=False)
            watched = probability(*position, **terms, steps=steps)
            assert abs(watched.probability - exact) <= 3.0 * watched.error
            bias.append(exact - without.probability)
            assert bias[-1] > 10.0 * without.error
        # without it the error falls with the root of the step alone
        assert 1.5 < bias[0] / bias[1] < 2.6
        assert 1.5 < bias[1] / bias[2] < 2.6


class TestAgainstTheSamePaths:
    """The same random numbers, path by path in NumPy."""

    BATCHES, SIZE, STEPS = 16, 60, 75

    def paths(self, vol, factor, start, years, bridge):
        rng, step = np.random.default_rng(30), years / self.STEPS
        for _ in range(self.BATCHES):
            normals = rng.standard_normal((self.SIZE, self.STEPS, factor.shape[1]))
            waits = rng.standard_exponential((self.SIZE, self.STEPS)) if bridge else None
            moves = normals @ (vol[:, None] * factor * math.sqrt(step)).T - 0.5 * vol**2 * step
            walk = np.concatenate([np.zeros((self.SIZE, 1, vol.size)), np.cumsum(moves, axis=1)], axis=1)
            yield start * np.exp(walk), waits

    def test_at_the_nodes(self):
        rng = np.random.default_rng(31)
        quantity = rng.choice([-1.0, 1.0, 0.0], (30, 3)) * [2.0, 3_000.0, 40.0]
        entry, collateral = (
            np.array([100.0, 9_000.0, 90.0]),
            rng.normal(0.0, 1.0, (30, 2)) * [0.2, 300.0] + [0.0, 250.0],
        )
        contracts = [FIRST, XBTUSD, Contract("quanto", 1e-4, underlying="SOL", settlement="XBT")]
        tiers = Tiers([0.0, 100.0, 300.0], [0.01, 0.02, 0.05])
        vol, start = np.array([0.6, 0.9, 0.8, 0.9]), np.array([100.0, 9_000.0, 90.0, 9_000.0])
        correlation = np.array([[1.0, 0.4, 0.2, 0.4], [0.4, 1.0, 0.7, 1.0], [0.2, 0.7, 1.0, 0.7], [0.4, 1.0, 0.7, 1.0]])
        correlation = np.pad(correlation, ((0, 1), (0, 1)))
        correlation[4, 4] = 1.0
        factor = correlation_factor(correlation, 5)[:4, [0, 1, 2]]
        hits = np.zeros(30)
        for walk, _ in self.paths(vol, factor, start, 0.3, False):
            for a in range(30):
                state = (walk[..., :3], np.stack([walk[..., 3], np.ones(walk.shape[:2])], axis=-1), quantity[a])
                terms = {"contracts": contracts, "coins": ["XBT", "USD"]}
                equity = sg.liquidation.account_equity(*state, entry, collateral[a], **terms, haircut=[0.1, 0.0])
                needed = sg.liquidation.account_maintenance(*state, **terms, maintenance=[tiers, 0.01, 0.02])
                hits[a] += (equity < needed).any(axis=1).sum()
        found = probability(
            start[:3], [start[3], 1.0], quantity, entry, collateral, contracts=contracts, coins=["XBT", "USD"],
            maintenance=[tiers, 0.01, 0.02], vol={"ETH": 0.6, "XBT": 0.9, "SOL": 0.8}, expiry=0.3,
            correlation={("ETH", "XBT"): 0.4, ("SOL", "ETH"): 0.2, ("BTC", "SOL"): 0.7},
            haircut=[0.1, 0.0], steps=self.STEPS, paths=self.BATCHES * self.SIZE, rng=30, bridge=False,
        )  # fmt: skip
        np.testing.assert_array_equal(found.probability * self.BATCHES * self.SIZE, hits)
        assert ((hits > 0.0) & (hits < self.BATCHES * self.SIZE)).sum() >= 10

    @pytest.mark.parametrize("side", [-1.0, 1.0])
    def test_between_the_nodes(self, side):
        """The bridge of ln P hits ln P* within a step with probability exp(-2 a b / (vol^2 h))."""
        vol, margins = 0.7, np.linspace(5.0, 60.0, 12)
        levels = 100.0 - side * margins
        hits = np.zeros(12)
        for walk, waits in self.paths(np.array([vol]), np.eye(1), np.array([100.0]), 0.3, True):
            for a, level in enumerate(levels):
                far = side * np.log(walk[..., 0] / level)
                between = 2.0 * far[:, 1:] * far[:, :-1] / (vol**2 * 0.3 / self.STEPS) < waits
                hits[a] += ((far < 0.0).any(axis=1) | between.any(axis=1)).sum()
        found = probability(
            [100.0], None, np.full((12, 1), side), [100.0], margins[:, None], contracts=[LINEAR], maintenance=0.0,
            vol=vol, expiry=0.3, steps=self.STEPS, paths=self.BATCHES * self.SIZE, rng=30,
        )  # fmt: skip
        # the distance is right to the third order: hardly a path is judged in another way
        assert (np.abs(found.probability * self.BATCHES * self.SIZE - hits) <= 1.0).all()
        assert hits[0] > 100.0


class TestMethods:
    POSITION = ([100.0, 50.0], None, [[1.0, -2.0], [-1.0, -2.0], [0.5, 0.5]], [100.0, 50.0], [[20.0], [30.0], [9.0]])
    TERMS = {  # noqa: RUF012
        "contracts": [FIRST, SECOND], "maintenance": 0.01, "vol": {"ETH": 0.6, "SOL": 0.8}, "expiry": 0.2, "steps": 20,
        "correlation": 0.5,
    }  # fmt: skip

    def test_a_seed_makes_the_same_paths(self):
        for method in ("plain", "antithetic", "sobol"):
            first = probability(*self.POSITION, **self.TERMS, rng=1, method=method)
            again = probability(*self.POSITION, **self.TERMS, rng=np.random.default_rng(1), method=method)
            other = probability(*self.POSITION, **self.TERMS, rng=2, method=method)
            np.testing.assert_array_equal(first.probability, again.probability)
            assert (first.probability != other.probability).any()
            spread = np.hypot(first.error, other.error)
            assert (np.abs(first.probability - other.probability) < 4.0 * spread).all()

    def test_an_account_does_not_depend_on_others(self):
        together = probability(*self.POSITION, **self.TERMS, rng=3)
        mark, fx, quantity, entry, collateral = self.POSITION
        for a in range(3):
            alone = probability(mark, fx, quantity[a], entry, collateral[a], **self.TERMS, rng=3)
            assert isinstance(alone.probability, float)
            assert alone.probability == together.probability[a]

    def test_better_methods_have_smaller_errors(self):
        found = {
            m: probability(*self.POSITION, **self.TERMS, rng=4, paths=2**14, method=m)
            for m in ("plain", "antithetic", "sobol")
        }
        assert (found["antithetic"].error < found["plain"].error).all()
        assert (found["sobol"].error < found["antithetic"].error).all()

    @pytest.mark.parametrize("method", ["plain", "antithetic", "sobol"])
    def test_the_error_is_what_it_says(self, method):
        runs = [probability(*self.POSITION, **self.TERMS, rng=100 + i, paths=1_024, method=method) for i in range(60)]
        scatter = np.std([run.probability for run in runs], axis=0, ddof=1)
        claimed = np.mean([run.error for run in runs], axis=0)
        # 60 runs tell a deviation to 9 %
        assert (np.abs(scatter / claimed - 1.0) < 0.35).all()

    def test_early_stop(self):
        found = probability(*self.POSITION, **self.TERMS, rng=5, paths=10**6, error=0.01)
        assert (found.error <= 0.01).all()
        assert found.paths < 300_000

    def test_progress(self):
        seen = []
        probability(*self.POSITION, **self.TERMS, rng=6, paths=1_600, progress=lambda *at: seen.append(at))
        assert [done for done, _ in seen] == [100 * i for i in range(1, 17)]
        assert {total for _, total in seen} == {1_600}
        stopped = probability(*self.POSITION, **self.TERMS, rng=6, paths=1_600, progress=lambda done, _: done >= 500)
        assert stopped.paths == 500

    def test_scipy_is_asked_for_only_when_used(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "scipy.stats", None)
        assert probability(*self.POSITION, **self.TERMS, rng=7, paths=100).paths >= 100
        with pytest.raises(ImportError, match="'sobol' needs SciPy"):
            probability(*self.POSITION, **self.TERMS, rng=7, paths=100, method="sobol")

    def test_threads(self):
        expected = probability(*self.POSITION, **self.TERMS, rng=8).probability
        results = []
        run = lambda: results.append(probability(*self.POSITION, **self.TERMS, rng=8).probability)  # noqa: E731
        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for result in results:
            np.testing.assert_array_equal(result, expected)


def test_certain_answers():
    terms = {"contracts": [LINEAR], "maintenance": 0.01, "expiry": 1.0, "rng": 1, "paths": 64, "steps": 40}
    dead = probability([100.0], None, [1.0], [100.0], [0.5], **terms, vol=0.1)
    assert dead.probability == 1.0
    safe = probability([100.0], None, [1.0], [100.0], [1_000.0], **terms, vol=0.1)
    assert safe.probability == 0.0
    assert safe.error > 0.0
    flat = probability([100.0], None, [0.0], [math.nan], [1.0], **terms, vol=0.1)
    assert flat.probability == 0.0
    assert probability([100.0], None, [1.0], [100.0], [5.0], **terms, vol=0.0).probability == 0.0
    # without vol it drifts, and dies for certain
    assert probability([100.0], None, [1.0], [100.0], [5.0], **terms, vol=0.0, drift=-0.5).probability == 1.0
    now = probability([100.0], None, [1.0], [100.0], [5.0], **terms | {"expiry": 0.0}, vol=0.5)
    assert now.probability == 0.0


def test_without_anything_random():
    position = ([100.0], None, [1.0], [100.0], [5.0])
    terms = {"contracts": [LINEAR], "maintenance": 0.01, "expiry": 1.0, "rng": 1, "paths": 64, "steps": 40, "vol": 0.0}
    for method in ("plain", "antithetic", "sobol"):
        for bridge in (True, False):
            assert probability(*position, **terms, method=method, bridge=bridge).probability == 0.0
            assert probability(*position, **terms, method=method, bridge=bridge, drift=-1.0).probability == 1.0


def test_what_has_no_answer():
    terms = {"contracts": [LINEAR], "maintenance": 0.01, "vol": 0.5, "expiry": 1.0, "rng": 1, "paths": 64, "steps": 3}
    with np.errstate(all="raise"):
        found = probability([100.0], None, [[1.0], [math.nan]], [100.0], [[50.0], [50.0]], **terms)
    assert np.isnan(found.probability).tolist() == [False, True]
    for bad in ([math.inf, 100.0, 1.0], [1.0, 0.0, 1.0], [1.0, 100.0, math.inf]):
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert math.isnan(probability([100.0], None, *([x] for x in bad), **terms).probability)


def test_factors_of_correlation():
    rng = np.random.default_rng(9)
    for rank in (1, 2, 4, 6):
        loadings = rng.standard_normal((6, rank))
        matrix = loadings @ loadings.T
        scale = np.sqrt(np.diag(matrix))
        matrix = np.clip(matrix / scale / scale[:, None], -1.0, 1.0)
        matrix = 0.5 * (matrix + matrix.T)
        np.fill_diagonal(matrix, 1.0)
        factor = correlation_factor(matrix, 6)
        assert (np.triu(factor, 1) == 0.0).all()
        np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-6)


CALL = {
    "mark": [100.0], "fx": None, "quantity": [1.0], "entry": [100.0], "collateral": [10.0], "contracts": [LINEAR],
    "maintenance": 0.01, "vol": 0.5, "expiry": 0.1, "rng": 1, "paths": 10, "steps": 2,
}  # fmt: skip
TWO = {
    "mark": [1.0, 1.0], "quantity": [1.0, 1.0], "entry": [1.0, 1.0], "contracts": [FIRST, SECOND],
    "vol": {"ETH": 0.5, "SOL": 0.5}, "correlation": 0.5,
}  # fmt: skip
THREE = {
    "mark": [1.0] * 3, "quantity": [1.0] * 3, "entry": [1.0] * 3, "vol": {"ETH": 0.5, "SOL": 0.5, "XRP": 0.5},
    "contracts": [FIRST, SECOND, Contract("linear", underlying="XRP", settlement="USD")],
}  # fmt: skip
TOO_LARGE = "vol and drift must leave finite prices, they are too large for expiry 0.1"
WRONG_CALLS = [
    ({"mark": [[100.0]]}, ValueError, "mark must have one dimension, got shape (1, 1)"),
    ({"mark": [0.0]}, ValueError, "mark[0] must be a finite number > 0, got 0.0"),
    ({"fx": [math.nan]}, ValueError, "fx[0] must be a finite number > 0, got nan"),
    ({"vol": -0.1}, ValueError, "vol must be finite and at least 0, got -0.1"),
    ({"vol": [0.1]}, ValueError, "vol must be given by asset, as in {'contracts[0]': 0.6}: 'contracts[0]'"),
    ({**TWO, "vol": 0.5}, ValueError, "vol must be given by asset, as in {'ETH': 0.6}: 'ETH', 'SOL'"),
    ({**TWO, "vol": {"ETH": 0.5}}, ValueError, "vol must hold 'SOL', it holds 'ETH'"),
    ({**TWO, "vol": {"ETH": 0.5, "SOL": math.inf}}, ValueError, "vol['SOL'] must be finite and at least 0, got inf"),
    ({**TWO, "vol": {"ETH": 0.5, "SOL": [1.0]}}, ValueError, "vol['SOL'] must be a number, got shape (1,)"),
    (
        {**TWO, "vol": {"ETH": 0.5, "SOL": 0.5, "DOGE": 0.5}},
        ValueError,
        "vol holds 'DOGE', which is not one of the assets 'ETH', 'SOL'",
    ),
    (
        {"vol": {"ETH": 0.5}},
        ValueError,
        "vol holds 'ETH', which is not one of the assets 'contracts[0]'",
    ),
    ({"drift": math.nan}, ValueError, "drift must be finite, got nan"),
    ({**TWO, "drift": {"ETH": 0.1}}, ValueError, "drift must hold 'SOL', it holds 'ETH'"),
    ({**TWO, "drift": "up"}, TypeError, "drift must be a number or an array of numbers, got 'up'"),
    ({"still": ["XBT"]}, ValueError, "still holds 'XBT', which is not one of coins"),
    ({"expiry": -1.0}, ValueError, "expiry must be finite and at least 0, got -1.0"),
    ({"expiry": [1.0]}, ValueError, "expiry must be a number, got shape (1,)"),
    ({"error": -1.0}, ValueError, "error must be finite and at least 0, got -1.0"),
    ({"vol": 1e200}, ValueError, TOO_LARGE),
    ({"drift": -1e9}, ValueError, TOO_LARGE),
    ({"steps": 0}, ValueError, "steps must be a whole number >= 1, got 0"),
    ({"steps": 1.5}, TypeError, "steps must be a whole number, got float"),
    ({"paths": True}, TypeError, "paths must be a whole number, got bool"),
    ({"method": "halton"}, ValueError, "method must be one of 'plain', 'antithetic', 'sobol', got 'halton'"),
    ({"method": ["plain"]}, TypeError, "method must be one of 'plain', 'antithetic', 'sobol'"),
    ({"method": "sobol", "steps": 20_000}, ValueError, "steps must be at most 10600 for 'sobol', got 20000"),
    (
        {**TWO, "correlation": None},
        ValueError,
        "correlation of 'ETH', 'SOL' must be given; 0.0 if they are independent",
    ),
    ({**TWO, "correlation": [[1.0]]}, ValueError, "correlation must have shape (2, 2), got (1, 1)"),
    ({**TWO, "correlation": 1.1}, ValueError, "correlation[0, 1] must be in [-1, 1], got 1.1"),
    (
        {**TWO, "correlation": [[0.9, 0.0], [0.0, 1.0]]},
        ValueError,
        "correlation[0, 0] must be 1 on its diagonal, got 0.9",
    ),
    ({**TWO, "correlation": [[1.0, 0.1], [0.2, 1.0]]}, ValueError, "correlation[0, 1] must be symmetric, got 0.1"),
    (
        {**TWO, "correlation": {("ETH", "XRP"): 0.1}},
        ValueError,
        "correlation holds ('ETH', 'XRP'), which are not two of 'ETH', 'SOL'",
    ),
    ({**TWO, "correlation": {"ETH": 0.1}}, TypeError, "correlation must have pairs of names as keys, got 'ETH'"),
    (
        {**TWO, "correlation": {("ETH", "SOL"): 0.1, ("SOL", "ETH"): 0.2}},
        ValueError,
        "correlation of ('SOL', 'ETH') is given twice, as 0.1 and 0.2",
    ),
    (
        {**THREE, "correlation": {("ETH", "SOL"): 0.9, ("ETH", "XRP"): 0.9}},
        ValueError,
        "correlation must hold the pair ('SOL', 'XRP'); 0.0 if they are independent",
    ),
    (
        {**THREE, "correlation": 0.5},
        ValueError,
        "correlation must be a matrix or a mapping by pairs of 'ETH', 'SOL', 'XRP', got a number",
    ),
    (
        {**THREE, "correlation": [[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]]},
        ValueError,
        "correlation must be positive semi-definite, its least eigenvalue is -0.8",
    ),
    ({"quantity": [[[1.0]]]}, ValueError, "quantity must have one or two dimensions, got shape (1, 1, 1)"),
    (
        {"quantity": [[1.0]] * 2, "entry": [[1.0]] * 3},
        ValueError,
        "entry of shape (3, 1) does not broadcast with 2 accounts",
    ),
]


@pytest.mark.parametrize(("changed", "error", "message"), WRONG_CALLS, ids=range(len(WRONG_CALLS)))
def test_wrong_calls_say_what_is_wrong(changed, error, message):
    with pytest.raises(error) as caught:
        probability(**CALL | changed)
    assert str(caught.value) == message
