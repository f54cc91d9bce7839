"""spectra: the base is decomposed once, every kept step is compared with it."""


rule spectra_base:
    """Decompose every weight matrix of a base; shared by all runs of all studies."""
    input:
        base=layout.base_manifest("{base}"),
    output:
        spectra=directory(layout.base_spectra("{base}")),
    log:
        "logs/spectra/{base}.log",
    benchmark:
        "benchmarks/spectra/{base}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(480),
    shell:
        "rankscope --log {log:q} spectra base {wildcards.base:q}"


rule spectra_run:
    """Count intruder dimensions and measure the update of every matrix at every kept step."""
    input:
        weights=lookups.weights,
        base=lookups.base_of_run,
        spectra=lookups.base_spectra_of_run,
    output:
        spectra=directory(layout.run_spectra("{run}", "{settings}")),
    log:
        "logs/spectra/{run}.{settings}.log",
    benchmark:
        "benchmarks/spectra/{run}.{settings}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(480),
    shell:
        "rankscope --log {log:q} spectra run {wildcards.run:q} --settings {wildcards.settings:q}"
