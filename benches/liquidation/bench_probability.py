"""How likely accounts are to be liquidated."""

from types import SimpleNamespace

import numpy as np

import shortgamma as sg
from benches.common import OURS, Case, bench

MAINTENANCE = 0.005
CONTRACTS = [sg.contracts.Contract("linear", underlying=name, settlement="USD") for name in ("ETH", "SOL")]
# A few of the paths of a run of 100,000, which takes NumPy minutes.
PATHS, STEPS, WATCHED, YEARS = 400, 500, 100, 0.25
VOL, RHO = np.array([0.6, 0.8]), 0.7
START = np.array([100.0, 50.0])
CORRELATION = np.array([[1.0, RHO], [RHO, 1.0]])


def watched():
    """Accounts of which a third dies."""
    random = np.random.default_rng(7)
    quantity = random.choice([-1.0, 1.0], (WATCHED, 2)) * random.uniform(1.0, 10.0, (WATCHED, 2))
    worth = np.abs(quantity) @ START / random.uniform(1.0, 8.0, WATCHED)
    return SimpleNamespace(quantity=quantity, worth=worth)


def probability(a, paths=PATHS):
    return sg.liquidation.account_breach_probability(
        START, None, a.quantity, START, a.worth[:, None], contracts=CONTRACTS, maintenance=MAINTENANCE,
        vol=dict(zip(("ETH", "SOL"), VOL, strict=True)), expiry=YEARS, correlation=RHO, steps=STEPS, paths=paths, rng=8,
    ).probability  # fmt: skip


def numpy_probability(a, block=20):
    """Blocks of paths at once, all accounts by one product of matrices, the bridge in deviations of today's slope."""
    random = np.random.default_rng(9)
    step = YEARS / STEPS
    loading = (VOL[:, None] * np.linalg.cholesky(CORRELATION)).T * np.sqrt(step)
    net = a.quantity - MAINTENANCE * np.abs(a.quantity)
    base = a.worth - a.quantity @ START
    covariance = VOL[:, None] * CORRELATION * VOL
    dead = np.zeros(WATCHED)
    for _ in range(PATHS // block):
        move = random.standard_normal((block, STEPS, 2)) @ loading - 0.5 * VOL**2 * step
        mark = START * np.exp(np.concatenate([np.zeros((block, 1, 2)), np.cumsum(move, axis=1)], axis=1))
        equity = mark @ net.T + base
        slope = mark[:, :-1, None, :] * net
        variance = np.einsum("ptai,ij,ptaj->pta", slope, covariance, slope, optimize=True)
        alive = equity.min(axis=1) >= 0.0
        reach = 2.0 * equity[:, :-1] * equity[:, 1:]
        reach /= variance
        alive &= (reach >= step * random.standard_exponential((block, STEPS))[:, :, None]).all(axis=1)
        dead += (~alive).sum(axis=0)
    return dead / PATHS


CASES = [
    Case(
        "liquidation: accounts, probability (100, 500, 400)",
        (),
        PATHS * STEPS * WATCHED,
        "copy",
        watched,
        {OURS: probability, "NumPy": numpy_probability},
        # other paths: shares of 400 differ by their errors
        tolerance=0.2,
        bytes=2,
    ),
]  # fmt: skip
test_speed = bench(CASES)
