from shortgamma.barrier.binary import (
    binary_greeks as binary_greeks,
)
from shortgamma.barrier.binary import (
    binary_price as binary_price,
)
from shortgamma.barrier.binary import (
    touch_greeks as touch_greeks,
)
from shortgamma.barrier.binary import (
    touch_price as touch_price,
)
from shortgamma.barrier.discrete import (
    discrete_greeks as discrete_greeks,
)
from shortgamma.barrier.discrete import (
    discrete_price as discrete_price,
)
from shortgamma.barrier.double import (
    double_greeks as double_greeks,
)
from shortgamma.barrier.double import (
    double_price as double_price,
)
from shortgamma.barrier.double import (
    double_touch_greeks as double_touch_greeks,
)
from shortgamma.barrier.double import (
    double_touch_price as double_touch_price,
)
from shortgamma.barrier.inverse import (
    Solutions as Solutions,
)
from shortgamma.barrier.inverse import (
    barrier_for_price as barrier_for_price,
)
from shortgamma.barrier.inverse import (
    implied_vol as implied_vol,
)
from shortgamma.barrier.notes import (
    NoteGreeks as NoteGreeks,
)
from shortgamma.barrier.notes import (
    autocallable as autocallable,
)
from shortgamma.barrier.notes import (
    reverse_convertible as reverse_convertible,
)
from shortgamma.barrier.partial_time import (
    partial_time_greeks as partial_time_greeks,
)
from shortgamma.barrier.partial_time import (
    partial_time_price as partial_time_price,
)
from shortgamma.barrier.single import (
    BarrierGreeks as BarrierGreeks,
)
from shortgamma.barrier.single import (
    charm as charm,
)
from shortgamma.barrier.single import (
    color as color,
)
from shortgamma.barrier.single import (
    delta as delta,
)
from shortgamma.barrier.single import (
    gamma as gamma,
)
from shortgamma.barrier.single import (
    greeks as greeks,
)
from shortgamma.barrier.single import (
    price as price,
)
from shortgamma.barrier.single import (
    rho as rho,
)
from shortgamma.barrier.single import (
    rho_dividend as rho_dividend,
)
from shortgamma.barrier.single import (
    speed as speed,
)
from shortgamma.barrier.single import (
    theta as theta,
)
from shortgamma.barrier.single import (
    vanna as vanna,
)
from shortgamma.barrier.single import (
    vega as vega,
)
from shortgamma.barrier.single import (
    veta as veta,
)
from shortgamma.barrier.single import (
    volga as volga,
)
from shortgamma.barrier.single import (
    zomma as zomma,
)
from shortgamma.barrier.soft import (
    soft_greeks as soft_greeks,
)
from shortgamma.barrier.soft import (
    soft_price as soft_price,
)
from shortgamma.barrier.terms import (
    QuantoGreeks as QuantoGreeks,
)
from shortgamma.barrier.terms import (
    quanto_dividend as quanto_dividend,
)
from shortgamma.barrier.terms import (
    quanto_greeks as quanto_greeks,
)
from shortgamma.barrier.terms import (
    status as status,
)
from shortgamma.barrier.two_asset import two_asset_price as two_asset_price
