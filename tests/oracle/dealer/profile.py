"""Twin of the exposures of a book, in mpmath: the derivatives of the sum of prices, one option after another."""

from mpmath import mp, mpf


def exposures(spot, options, digits=40):
    """Exposures of options (forward over spot, strike, vol, expiry, rate, dividend, weight, kind) at a level."""
    with mp.workdps(digits):
        total = dict.fromkeys(
            ("delta", "gamma_percent", "gamma_point", "vanna_point", "charm_day", "vega_point", "units"), mpf(0)
        )
        for ratio, strike, vol, expiry, rate, dividend, weight, kind in options:
            price = mpf(spot) * mpf(ratio)
            strike, vol, expiry, rate, dividend = map(mpf, (strike, vol, expiry, rate, dividend))
            deviation = vol * mp.sqrt(expiry)
            d1 = (mp.log(price / strike) + (rate - dividend) * expiry) / deviation + deviation / 2
            d2 = d1 - deviation
            growth = mp.exp(-dividend * expiry)
            density = growth * mp.npdf(d1)
            put = kind == "put"
            delta = growth * (mp.ncdf(d1) - (1 if put else 0))
            gamma = density / (price * deviation)
            vanna = -density * d2 / vol
            decay = dividend * growth * (mp.ncdf(d1) if not put else -mp.ncdf(-d1))
            charm = decay - density * (2 * (rate - dividend) * expiry - d2 * deviation) / (2 * expiry * deviation)
            vega = price * density * mp.sqrt(expiry)
            weight = mpf(weight)
            total["units"] += weight * delta
            total["delta"] += weight * delta * price
            total["gamma_percent"] += weight * gamma * price**2 / 100
            total["gamma_point"] += weight * gamma
            total["vanna_point"] += weight * vanna * price / 100
            total["charm_day"] += weight * charm * price / 365
            total["vega_point"] += weight * vega / 100
        return total


def gross(spot, options):
    """The sum of the sizes of what an exposure adds up."""
    sizes = {}
    for option in options:
        for name, value in exposures(spot, [option]).items():
            sizes[name] = sizes.get(name, 0) + abs(value)
    return sizes
