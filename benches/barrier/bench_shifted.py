"""Barrier options watched on dates, by the moved barrier."""

import shortgamma as sg
from benches.barrier.bench_single import down_in_puts, named
from benches.common import OURS, Case, bench


def watched():
    arrays = down_in_puts()
    arrays.dates = 250
    return arrays


def terms(a):
    return {
        "rate": a.rate,
        "dividend": a.dividend,
        "dates": a.dates,
        "method": "shift",
        "kind": "down-in",
        "option": "put",
    }


def moved_price(a):
    return sg.barrier.price(**named(a), **terms(a), out=a.out[0])


def moved_greeks(order):
    count = 7 * order

    def ours(a):
        return tuple(sg.barrier.greeks(**named(a), **terms(a), order=order, out=a.out[:count])[:count])

    return ours


MOVED = ("shifted_barrier", "barrier_price")
CASES = [
    Case("dates: moved barrier, price", MOVED, len(down_in_puts().spot), "ndtr", watched, {OURS: moved_price}),
    Case(
        "dates: moved barrier, price and 6 Greeks",
        ("shifted_first_order",),
        len(down_in_puts().spot),
        "ndtr",
        watched,
        {OURS: moved_greeks(1)},
    ),
    Case(
        "dates: moved barrier, price and 13 Greeks",
        ("shifted_second_order",),
        len(down_in_puts().spot),
        "ndtr",
        watched,
        {OURS: moved_greeks(2)},
    ),
]

test_speed = bench(CASES)
