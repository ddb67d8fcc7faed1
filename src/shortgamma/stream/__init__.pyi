from shortgamma.stream.account import Account as Account
from shortgamma.stream.funding_accrual import FundingAccrual as FundingAccrual
from shortgamma.stream.leverage_nav import LeverageNav as LeverageNav
from shortgamma.stream.liquidation_watch import LiquidationWatch as LiquidationWatch
from shortgamma.stream.token import Token as Token
