"""The command ``shortgamma``."""

from shortgamma.cli.run import main as main
