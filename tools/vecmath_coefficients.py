"""Derive the polynomial coefficients of ``vecmath.h`` with mpmath and write ``vecmath_coefficients.h``.

Run ``python vecmath_coefficients.py`` in this folder. Each polynomial is a Chebyshev expansion computed with
50 digits, truncated, turned into powers and rounded once to double; the printed figure is the largest
relative error that truncation and rounding of the coefficients leave in the function that the polynomial
serves.
"""

from collections.abc import Callable
from pathlib import Path

import mpmath as mp

mp.mp.dps = 50
Function = Callable[[mp.mpf], mp.mpf]
NODES = 160


def powers_from_chebyshev(function: Function, low: mp.mpf, high: mp.mpf, degree: int) -> list[mp.mpf]:
    """Coefficients in powers of x, lowest first, of a truncated Chebyshev series on [low, high]."""
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [mp.cos(mp.pi * (2 * j + 1) / (2 * NODES)) for j in range(NODES)]
    values = [function(middle + half * node) for node in nodes]
    series = []
    for k in range(degree + 1):
        total = mp.fsum(value * mp.cos(mp.pi * k * (2 * j + 1) / (2 * NODES)) for j, value in enumerate(values))
        series.append(total * (1 if k == 0 else 2) / NODES)
    # Chebyshev polynomials in the scaled variable u = (x - middle) / half, written in powers of x.
    u = [-middle / half, 1 / half]
    before, current = [mp.mpf(1)], u
    powers = [mp.mpf(0)] * (degree + 1)
    for k in range(degree + 1):
        polynomial = before if k == 0 else current
        for i, c in enumerate(polynomial):
            powers[i] += series[k] * c
        if k >= 1:
            following = [mp.mpf(0)] * (len(current) + 1)
            for i, c in enumerate(current):
                following[i] += 2 * u[0] * c
                following[i + 1] += 2 * u[1] * c
            for i, c in enumerate(before):
                following[i] -= c
            before, current = current, following
    return powers


def worst(approximation: Function, exact: Function, low: mp.mpf, high: mp.mpf) -> float:
    points = [low + (high - low) * mp.mpf(j) / 997 for j in range(998)]
    return float(max(abs(approximation(x) / exact(x) - 1) for x in points if exact(x) != 0))


def scaled_erfc(x: mp.mpf) -> mp.mpf:
    """exp(x^2) erfc(x)."""
    if x > 10**6:
        return (1 - 1 / (2 * x * x)) / (mp.sqrt(mp.pi) * x)
    return mp.exp(x * x) * mp.erfc(x)


def exponential() -> tuple[list[mp.mpf], float]:
    """Q in exp(r) = 1 + r + r^2 Q(r) for |r| <= ln(2)/2, and a little beyond for the reduction's rounding."""
    bound = mp.log(2) / 2 + mp.mpf(2) ** -12

    def q(r: mp.mpf) -> mp.mpf:
        return mp.mpf(1) / 2 if r == 0 else (mp.expm1(r) - r) / r**2

    coefficients = powers_from_chebyshev(q, -bound, bound, 9)
    rounded = [mp.mpf(float(c)) for c in coefficients]
    error = worst(lambda r: 1 + r + r * r * mp.polyval(rounded[::-1], r), mp.exp, -bound, bound)
    return coefficients, error


def logarithm() -> tuple[list[mp.mpf], float]:
    """P in log((1 + s)/(1 - s)) = 2 s + s^3 P(s^2) for s^2 up to ((sqrt 2 - 1)/(sqrt 2 + 1))^2."""
    top = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * (1 + mp.mpf(2) ** -20)

    def p(z: mp.mpf) -> mp.mpf:
        s = mp.sqrt(z)
        return mp.mpf(2) / 3 if s < mp.mpf(10) ** -15 else (2 * mp.atanh(s) - 2 * s) / s**3

    coefficients = powers_from_chebyshev(p, mp.mpf(0), top, 6)
    rounded = [mp.mpf(float(c)) for c in coefficients]
    error = worst(
        lambda s: 2 * s + s**3 * mp.polyval(rounded[::-1], s * s),
        lambda s: 2 * mp.atanh(s),
        mp.mpf(10) ** -6,
        mp.sqrt(top),
    )
    return coefficients, error


def scaled_complement(centre: mp.mpf, shift: mp.mpf, degree: int) -> tuple[list[mp.mpf], float]:
    """G in exp(x^2) erfc(x) = G(t) / (x + shift), t = (x - centre)/(x + centre), for all x >= 0.

    With shift = sqrt(pi)/2 the derivative of G vanishes at x = 0, so that the rounding of t does not matter
    there. (The map t is that of Shepherd and Laframboise, Math. Comp. 36 (1981), 249-253.)
    """

    def g(t: mp.mpf) -> mp.mpf:
        if t == 1:
            return 1 / mp.sqrt(mp.pi)
        x = centre * (1 + t) / (1 - t)
        return (x + shift) * scaled_erfc(x)

    coefficients = powers_from_chebyshev(g, mp.mpf(-1), mp.mpf(1), degree)
    # The leading coefficient is used in two parts: its rounding alone would cost half a unit in the last
    # place.
    rounded = [coefficients[0], *(mp.mpf(float(c)) for c in coefficients[1:])]
    error = worst(lambda t: mp.polyval(rounded[::-1], t), g, mp.mpf(-1), mp.mpf(1))
    return coefficients, error


def constant(name: str, value: mp.mpf) -> str:
    return f"#define {name} {float(value).hex()} /* {mp.nstr(value, 20)} */"


def array(name: str, result: tuple[list[mp.mpf], float], meaning: str) -> str:
    coefficients, error = result
    rows = [f"#define {name}_{i} {float(c).hex()} /* {mp.nstr(c, 20)} */" for i, c in enumerate(coefficients)]
    return "\n".join([f"/* {meaning}; relative error {error:.1e} */", *rows])


def truncated(value: mp.mpf, zero_bits: int) -> mp.mpf:
    """Value cut so that the last zero_bits bits of its double are zero."""
    mantissa, exponent = mp.frexp(value)
    keep = 53 - zero_bits
    return mp.ldexp(mp.floor(mp.ldexp(mantissa, keep)), int(exponent) - keep)


def main() -> None:
    ln2_high = truncated(mp.log(2), 21)
    exp_result = exponential()
    log_result = logarithm()
    shift = mp.sqrt(mp.pi) / 2
    centre = mp.mpf("3.5")
    erfcx_coefficients, erfcx_error = scaled_complement(centre, shift, 23)
    leading = erfcx_coefficients[0]
    parts = [
        "/* Written by vecmath_coefficients.py: change that script, not this file. */",
        "#ifndef SHORTGAMMA_VECMATH_COEFFICIENTS_H\n#define SHORTGAMMA_VECMATH_COEFFICIENTS_H",
        constant("SG_LOG2E", 1 / mp.log(2)),
        "/* ln 2 in two parts; the last 21 bits of the first are zero, so that k * SG_LN2_HIGH is exact */",
        constant("SG_LN2_HIGH", ln2_high),
        constant("SG_LN2_LOW", mp.log(2) - ln2_high),
        constant("SG_SQRT_HALF", mp.sqrt(mp.mpf(1) / 2)),
        constant("SG_SQRT_TWO", mp.sqrt(2)),
        constant("SG_SQRT_TWO_PI", mp.sqrt(2 * mp.pi)),
        constant("SG_ONE_OVER_SQRT_PI", 1 / mp.sqrt(mp.pi)),
        constant("SG_ONE_OVER_SQRT_TWO_PI", 1 / mp.sqrt(2 * mp.pi)),
        constant("SG_ERFCX_CENTRE", centre),
        constant("SG_ERFCX_SHIFT", shift),
        array("SG_EXP", exp_result, "Q: exp(r) = 1 + r + r^2 Q(r), |r| <= ln(2)/2"),
        array("SG_LOG", log_result, "P: log((1+s)/(1-s)) = 2 s + s^3 P(s^2)"),
        array(
            "SG_ERFCX",
            (erfcx_coefficients, erfcx_error),
            "G: exp(x^2) erfc(x) = G(t)/(x + shift), t = (x - centre)/(x + centre), x >= 0",
        ),
        "/* what the rounding of the leading coefficient of G left out */\n"
        + constant("SG_ERFCX_0_LOW", leading - mp.mpf(float(leading))),
        "#endif",
    ]
    text = "\n\n".join(parts) + "\n"
    Path(__file__).with_suffix(".h").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
