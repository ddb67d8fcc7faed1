"""Twins of the dealer family."""
