"""Loops compiled for any processor of the architecture."""
