"""spectra: the base is decomposed once, every kept step is compared with it."""


rule spectra_base:
    """Decompose every weight matrix of a base; shared by all runs of all studies."""
    input:
        lookups.sources,
    output:
        spectra=directory(layout.decomposition("{name}")),
    log:
        "logs/spectra/{name}.log",
    benchmark:
        "benchmarks/spectra/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(480),
    shell:
        "rankscope --log {log:q} spectra base {wildcards.name:q}"


rule spectra_run:
    """Count intruder dimensions and measure the update of every matrix at every kept step."""
    input:
        lookups.sources,
    output:
        spectra=directory(layout.spectra("{name}")),
    log:
        "logs/spectra/{name}.log",
    benchmark:
        "benchmarks/spectra/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(480),
    shell:
        "rankscope --log {log:q} spectra run {wildcards.name:q}"
