from shortgamma.io._engine.errors import ReadError as ReadError
from shortgamma.io.funding import FundingHistory as FundingHistory
from shortgamma.io.funding import read_funding as read_funding
from shortgamma.io.prices import Prices as Prices
from shortgamma.io.prices import Split as Split
from shortgamma.io.prices import read_prices as read_prices
from shortgamma.io.tiers import read_tiers as read_tiers
