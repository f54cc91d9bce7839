"""The spectra stage."""
