"""Twins of the barrier family."""
