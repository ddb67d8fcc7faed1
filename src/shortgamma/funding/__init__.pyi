from shortgamma.funding.events import (
    accrue_continuous as accrue_continuous,
)
from shortgamma.funding.events import (
    accrue_events as accrue_events,
)
from shortgamma.funding.events import (
    position_at as position_at,
)
from shortgamma.funding.fair import (
    fair_drift as fair_drift,
)
from shortgamma.funding.fair import (
    fair_premium as fair_premium,
)
from shortgamma.funding.fair import (
    fair_price as fair_price,
)
from shortgamma.funding.fair import (
    quanto_adjustment as quanto_adjustment,
)
from shortgamma.funding.meaning import (
    RealizedFunding as RealizedFunding,
)
from shortgamma.funding.meaning import (
    ThreeLegPath as ThreeLegPath,
)
from shortgamma.funding.meaning import (
    ThreeLegs as ThreeLegs,
)
from shortgamma.funding.meaning import (
    annualize as annualize,
)
from shortgamma.funding.meaning import (
    break_even_holding as break_even_holding,
)
from shortgamma.funding.meaning import (
    delta_neutral_carry as delta_neutral_carry,
)
from shortgamma.funding.meaning import (
    realized_funding as realized_funding,
)
from shortgamma.funding.meaning import (
    three_leg_carry as three_leg_carry,
)
from shortgamma.funding.meaning import (
    three_leg_path as three_leg_path,
)
from shortgamma.funding.payments import (
    FundingIndex as FundingIndex,
)
from shortgamma.funding.payments import (
    accrue as accrue,
)
from shortgamma.funding.payments import (
    between as between,
)
from shortgamma.funding.payments import (
    funding_index as funding_index,
)
from shortgamma.funding.payments import (
    total as total,
)
from shortgamma.funding.rates import (
    average_premium as average_premium,
)
from shortgamma.funding.rates import (
    impact_price as impact_price,
)
from shortgamma.funding.rates import (
    predicted_rate as predicted_rate,
)
from shortgamma.funding.rates import (
    premium_index as premium_index,
)
from shortgamma.funding.rates import (
    rate as rate,
)
from shortgamma.funding.rules import (
    FundingRule as FundingRule,
)
from shortgamma.funding.rules import (
    RuleHistory as RuleHistory,
)
