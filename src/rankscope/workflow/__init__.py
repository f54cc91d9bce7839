"""Between Snakemake and the package: what rules look up, the demo, the split of time."""
