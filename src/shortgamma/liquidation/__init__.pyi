from shortgamma.liquidation.account import (
    AccountPrice as AccountPrice,
)
from shortgamma.liquidation.account import (
    Fills as Fills,
)
from shortgamma.liquidation.account import (
    Transfers as Transfers,
)
from shortgamma.liquidation.account import (
    account_equity as account_equity,
)
from shortgamma.liquidation.account import (
    account_first_breach as account_first_breach,
)
from shortgamma.liquidation.account import (
    account_maintenance as account_maintenance,
)
from shortgamma.liquidation.account import (
    account_margin_ratio as account_margin_ratio,
)
from shortgamma.liquidation.account import (
    account_price as account_price,
)
from shortgamma.liquidation.cascade import (
    Cascade as Cascade,
)
from shortgamma.liquidation.cascade import (
    simulate_cascade as simulate_cascade,
)
from shortgamma.liquidation.hedge import (
    ConstantRiskHedge as ConstantRiskHedge,
)
from shortgamma.liquidation.hedge import (
    constant_risk_hedge as constant_risk_hedge,
)
from shortgamma.liquidation.margin import (
    Margin as Margin,
)
from shortgamma.liquidation.margin import (
    MarginRate as MarginRate,
)
from shortgamma.liquidation.margin import (
    RisingMargin as RisingMargin,
)
from shortgamma.liquidation.margin import (
    RiskLimits as RiskLimits,
)
from shortgamma.liquidation.margin import (
    Tiers as Tiers,
)
from shortgamma.liquidation.position import (
    bankruptcy_price as bankruptcy_price,
)
from shortgamma.liquidation.position import (
    breach_probability as breach_probability,
)
from shortgamma.liquidation.position import (
    first_breach as first_breach,
)
from shortgamma.liquidation.position import (
    frontier as frontier,
)
from shortgamma.liquidation.position import (
    initial_margin as initial_margin,
)
from shortgamma.liquidation.position import (
    leverage_of as leverage_of,
)
from shortgamma.liquidation.position import (
    liquidation_price as liquidation_price,
)
from shortgamma.liquidation.position import (
    maintenance_margin as maintenance_margin,
)
from shortgamma.liquidation.position import (
    margin_ratio as margin_ratio,
)
from shortgamma.liquidation.position import (
    max_quantity as max_quantity,
)
from shortgamma.liquidation.position import (
    mean_entry as mean_entry,
)
from shortgamma.liquidation.position import (
    pnl as pnl,
)
from shortgamma.liquidation.probability import (
    BreachProbability as BreachProbability,
)
from shortgamma.liquidation.probability import (
    account_breach_probability as account_breach_probability,
)
from shortgamma.liquidation.process import (
    AccountPath as AccountPath,
)
from shortgamma.liquidation.process import (
    Events as Events,
)
from shortgamma.liquidation.process import (
    LiquidationRule as LiquidationRule,
)
from shortgamma.liquidation.process import (
    adl_rank as adl_rank,
)
from shortgamma.liquidation.process import (
    simulate as simulate,
)
