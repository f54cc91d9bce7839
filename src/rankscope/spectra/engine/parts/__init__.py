"""Numerical parts of the engine, in what numpy and torch share."""
