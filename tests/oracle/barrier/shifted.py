"""Twin of the moved barrier: the option of `single` in fifty digits, its barrier where the market puts it."""

from mpmath import mp, mpf

from oracle.barrier import single as continuous

# -zeta(1/2)/sqrt(2 pi)
BETA = 0.5825971579390106702


def moved(one, values, dates, up):
    """The price by the moved barrier, as a function of the market, the step between dates staying what it is."""
    step = mpf(values["expiry"]) / dates

    def price(spot, vol, expiry, rate, dividend):
        level = mpf(values["barrier"]) * mp.exp((1 if up else -1) * mpf(BETA) * vol * mp.sqrt(step))
        kind = ("up" if up else "down") + ("-out" if one.out else "-in")
        option = "call" if one.call else "put"
        at = "expiry" if one.late else "hit"
        return continuous.Option(one.strike, level, one.rebate, kind, option, at).price(
            spot, vol, expiry, rate, dividend
        )

    return price
