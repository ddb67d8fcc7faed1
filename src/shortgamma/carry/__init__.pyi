from shortgamma.carry.rolling_regression import (
    RollingRegression as RollingRegression,
)
from shortgamma.carry.rolling_regression import (
    rolling_regression as rolling_regression,
)
