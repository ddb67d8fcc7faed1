"""Each window by itself: the residuals, the scores, and the sum over all pairs of them."""

import numpy as np


def weights(kernel, lags):
    """Weight of each lag, 0 first."""
    j = np.arange(lags + 1)
    if kernel == "uniform":
        return np.ones(lags + 1)
    z = j / (lags + 1)
    if kernel == "bartlett":
        return 1.0 - z
    return np.where(z <= 0.5, 1.0 - 6.0 * z**2 + 6.0 * z**3, 2.0 * (1.0 - z) ** 3)


def long_run(scores, weight):
    """S = G_0 + sum of w_j (G_j + G_j'); a missing row has zero scores and keeps its place."""
    total = scores.T @ scores
    for j in range(1, min(len(weight), len(scores))):
        lagged = scores[j:].T @ scores[:-j]
        total = total + weight[j] * (lagged + lagged.T)
    return total


def window(y, x, kernel, lags):
    """Intercept, slope, their variances, covariance and r2 of one window, whose missing rows are NaN."""
    there = np.isfinite(y) & np.isfinite(x)
    count = there.sum()
    # from the mean, or the products of large numbers lose what small ones add
    mean_x, mean_y = x[there].mean(), y[there].mean()
    dx, dy = np.where(there, x - mean_x, 0.0), np.where(there, y - mean_y, 0.0)
    spread = (dx * dx).sum()
    slope = (dx * dy).sum() / spread
    left = dx.sum() / count
    residual = np.where(there, dy - slope * dx, 0.0)
    residual = np.where(there, residual - residual.sum() / count, 0.0)
    scores = np.column_stack([residual, np.where(there, (dx - left) * residual, 0.0)])
    s = long_run(scores, weights(kernel, lags))
    v_00, v_01, v_11 = s[0, 0] / count**2, s[0, 1] / (count * spread), s[1, 1] / spread**2
    centre = mean_x + left
    intercept = mean_y - slope * mean_x
    r2 = 1.0 - (residual**2).sum() / (dy**2).sum()
    return (intercept, slope, v_00 - 2.0 * centre * v_01 + centre**2 * v_11, v_11, v_01 - centre * v_11, r2)


def rolling(y, x, length, lags, kernel="bartlett", minimum=None, expanding=False):
    """As `window`, of each window that ends at a row; standard errors in place of variances."""
    minimum = length if minimum is None else minimum
    result = np.full((6, len(y)), np.nan)
    for t in range(len(y)):
        first = 0 if expanding else max(0, t - length + 1)
        rows = slice(first, t + 1)
        there = np.isfinite(y[rows]) & np.isfinite(x[rows])
        if there.sum() < minimum or np.ptp(x[rows][there]) == 0.0:
            continue
        result[:, t] = window(y[rows], x[rows], kernel, lags)
    with np.errstate(invalid="ignore"):
        result[2:4] = np.sqrt(result[2:4])
    return result
