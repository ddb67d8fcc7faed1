from shortgamma.leverage._token_rule import TokenRule as TokenRule
from shortgamma.leverage.comparison import (
    Comparison as Comparison,
)
from shortgamma.leverage.comparison import (
    compare as compare,
)
from shortgamma.leverage.nav import nav as nav
from shortgamma.leverage.theory import (
    actual_leverage as actual_leverage,
)
from shortgamma.leverage.theory import (
    break_even_variance as break_even_variance,
)
from shortgamma.leverage.theory import (
    compounded_return as compounded_return,
)
from shortgamma.leverage.theory import (
    growth_optimal_leverage as growth_optimal_leverage,
)
from shortgamma.leverage.theory import (
    power_transfer as power_transfer,
)
from shortgamma.leverage.theory import (
    rebalance_flow as rebalance_flow,
)
from shortgamma.leverage.theory import (
    rebalance_trade as rebalance_trade,
)
from shortgamma.leverage.theory import (
    recentred_leverage as recentred_leverage,
)
from shortgamma.leverage.theory import (
    return_probability as return_probability,
)
from shortgamma.leverage.theory import (
    return_quantile as return_quantile,
)
from shortgamma.leverage.theory import (
    sigmoid_transfer as sigmoid_transfer,
)
from shortgamma.leverage.theory import (
    trigger_ratio as trigger_ratio,
)
from shortgamma.leverage.theory import (
    value_at_risk as value_at_risk,
)
from shortgamma.leverage.theory import (
    volatility_drag as volatility_drag,
)
from shortgamma.leverage.token import (
    NavPath as NavPath,
)
from shortgamma.leverage.token import (
    TokenPath as TokenPath,
)
from shortgamma.leverage.token import (
    TokenState as TokenState,
)
from shortgamma.leverage.token import (
    TokenSummary as TokenSummary,
)
from shortgamma.leverage.token import (
    simulate as simulate,
)
