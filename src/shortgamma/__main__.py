"""``python -m shortgamma``: the command line."""

import sys

from shortgamma.cli import main

if __name__ == "__main__":
    sys.exit(main())
