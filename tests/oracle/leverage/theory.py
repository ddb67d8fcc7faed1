"""Closed forms of leveraged products with 50 digits."""

import mpmath

mpmath.mp.dps = 50


def compounded_return(change, leverage, variance, rate=0, expense=0, years=1):
    change, leverage, variance, rate, expense, years = map(
        mpmath.mpf, (change, leverage, variance, rate, expense, years)
    )
    exponent = (leverage - leverage**2) / 2 * variance + ((1 - leverage) * rate - expense) * years
    return (1 + change) ** leverage * mpmath.exp(exponent) - 1


def break_even_variance(change, leverage):
    change, leverage = mpmath.mpf(change), mpmath.mpf(leverage)
    both = leverage * mpmath.log(1 + change) - mpmath.log(1 + leverage * change)
    return 2 * both / (leverage**2 - leverage)


def log_return(leverage, drift, vol, years, rate, expense):
    """Mean and standard deviation."""
    leverage, drift, vol, years, rate, expense = map(mpmath.mpf, (leverage, drift, vol, years, rate, expense))
    mean = (leverage * drift - (leverage * vol) ** 2 / 2 + (1 - leverage) * rate - expense) * years
    return mean, abs(leverage) * vol * mpmath.sqrt(years)


def return_quantile(probability, *terms):
    mean, deviation = log_return(*terms)
    z = mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(probability) - 1)
    return mpmath.exp(mean + deviation * z) - 1


def return_probability(change, *terms):
    mean, deviation = log_return(*terms)
    return mpmath.ncdf((mpmath.log(1 + mpmath.mpf(change)) - mean) / deviation)
