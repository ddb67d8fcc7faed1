"""Twins of the leverage family."""
