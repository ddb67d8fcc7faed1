from shortgamma.carry.curve import (
    EXPIRY_TIME as EXPIRY_TIME,
)
from shortgamma.carry.curve import (
    annualized_basis as annualized_basis,
)
from shortgamma.carry.curve import (
    constant_maturity as constant_maturity,
)
from shortgamma.carry.curve import (
    forward_carry as forward_carry,
)
from shortgamma.carry.curve import (
    implied_price as implied_price,
)
from shortgamma.carry.curve import (
    years_between as years_between,
)
from shortgamma.carry.rolling_regression import (
    RollingRegression as RollingRegression,
)
from shortgamma.carry.rolling_regression import (
    rolling_regression as rolling_regression,
)
