"""The spectral engine: leading singular vectors against those of a base, with certificates."""
