from shortgamma import barrier as barrier
from shortgamma import capi as capi
from shortgamma import carry as carry
from shortgamma import contracts as contracts
from shortgamma import dealer as dealer
from shortgamma import funding as funding
from shortgamma import io as io
from shortgamma import leverage as leverage
from shortgamma import liquidation as liquidation
from shortgamma import plot as plot
from shortgamma import stream as stream
from shortgamma import vanilla as vanilla
from shortgamma import vecmath as vecmath
from shortgamma._core.config import get_include as get_include
from shortgamma._core.config import show_config as show_config
from shortgamma._core.plausible import PlausibilityWarning as PlausibilityWarning
from shortgamma._version import __version__ as __version__
from shortgamma.venues import Venues as _Venues

venues: _Venues
