from shortgamma._core.expiries import EXPIRY_TIME as EXPIRY_TIME
from shortgamma.carry.cash_and_carry import (
    CarryPath as CarryPath,
)
from shortgamma.carry.cash_and_carry import (
    CashAndCarry as CashAndCarry,
)
from shortgamma.carry.cash_and_carry import (
    LiquidationShare as LiquidationShare,
)
from shortgamma.carry.cash_and_carry import (
    cash_and_carry as cash_and_carry,
)
from shortgamma.carry.cash_and_carry import (
    liquidation_share as liquidation_share,
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
from shortgamma.carry.decomposition import (
    Decomposition as Decomposition,
)
from shortgamma.carry.decomposition import (
    ExplainedShare as ExplainedShare,
)
from shortgamma.carry.decomposition import (
    decompose as decompose,
)
from shortgamma.carry.decomposition import (
    explained_share as explained_share,
)
from shortgamma.carry.fama import (
    Fama as Fama,
)
from shortgamma.carry.fama import (
    RollingFama as RollingFama,
)
from shortgamma.carry.fama import (
    fama as fama,
)
from shortgamma.carry.outcomes import (
    Outcomes as Outcomes,
)
from shortgamma.carry.outcomes import (
    future_outcomes as future_outcomes,
)
from shortgamma.carry.outcomes import (
    past_returns as past_returns,
)
from shortgamma.carry.panel import (
    DifferenceInDifferences as DifferenceInDifferences,
)
from shortgamma.carry.panel import (
    PanelRegression as PanelRegression,
)
from shortgamma.carry.panel import (
    difference_in_differences as difference_in_differences,
)
from shortgamma.carry.panel import (
    fixed_effects_r2 as fixed_effects_r2,
)
from shortgamma.carry.panel import (
    panel_regression as panel_regression,
)
from shortgamma.carry.regression import (
    Regression as Regression,
)
from shortgamma.carry.regression import (
    bandwidth as bandwidth,
)
from shortgamma.carry.regression import (
    regression as regression,
)
from shortgamma.carry.rolling_regression import (
    RollingRegression as RollingRegression,
)
from shortgamma.carry.rolling_regression import (
    rolling_regression as rolling_regression,
)
