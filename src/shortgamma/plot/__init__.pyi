from shortgamma.plot.barrier import (
    greeks as greeks,
)
from shortgamma.plot.barrier import (
    hedge as hedge,
)
from shortgamma.plot.funding import (
    funding as funding,
)
from shortgamma.plot.funding import (
    premium as premium,
)
from shortgamma.plot.leverage import (
    drag as drag,
)
from shortgamma.plot.leverage import (
    nav as nav,
)
from shortgamma.plot.liquidation import (
    cascade as cascade,
)
from shortgamma.plot.liquidation import (
    frontier as frontier,
)
from shortgamma.plot.liquidation import (
    survival as survival,
)
from shortgamma.plot.liquidation import (
    tiers as tiers,
)
from shortgamma.plot.studies import (
    carry as carry,
)
from shortgamma.plot.studies import (
    carry_curve as carry_curve,
)
from shortgamma.plot.studies import (
    carry_history as carry_history,
)
from shortgamma.plot.studies import (
    feedback as feedback,
)
from shortgamma.plot.studies import (
    flows as flows,
)
from shortgamma.plot.studies import (
    hedge_flow as hedge_flow,
)
from shortgamma.plot.studies import (
    ledger as ledger,
)
from shortgamma.plot.studies import (
    profile as profile,
)
