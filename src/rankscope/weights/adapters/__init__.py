"""Adapters: their files, their kinds, and the update that each makes of a matrix."""
