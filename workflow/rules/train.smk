"""train: one job per run, resumable after a kill."""


rule train_run:
    """Train one run and keep its weights at the kept steps."""
    input:
        packed=lookups.packed,
        base=lookups.base_of_run,
    output:
        weights=directory(layout.kept_weights("{run}")),
        loss=layout.loss_curve("{run}"),
        manifest=layout.run_manifest("{run}"),
    log:
        "logs/train/{run}.log",
    benchmark:
        "benchmarks/train/{run}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(16000),
        runtime=scaled(1440),
    shell:
        "rankscope --log {log:q} train {wildcards.run:q}"
