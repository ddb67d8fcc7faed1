from typing import Any

import numpy as np
from numpy.typing import NDArray

def codes(names: Any, choices: dict[str, int]) -> NDArray[np.int8]: ...
