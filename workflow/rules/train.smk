"""train: one job per run, resumable after a kill."""


rule train_run:
    """Train one run and keep its weights at the kept steps."""
    input:
        lookups.sources,
    output:
        weights=directory(layout.kept_weights("{name}")),
        loss=layout.loss_curve("{name}"),
        manifest=layout.run_manifest("{name}"),
    log:
        "logs/train/{name}.log",
    benchmark:
        "benchmarks/train/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    threads: lookups.threads
    resources:
        mem_mb=scaled(16000),
        runtime=scaled(1440),
    shell:
        "rankscope --log {log:q} train {wildcards.name:q}"
