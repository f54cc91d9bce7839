"""The ways to the leading vectors of a tuned weight, one module each."""
