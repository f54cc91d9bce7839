"""base: the model every run starts from, pre-trained here or pinned from elsewhere."""


rule base_model:
    """Make a base ready: pre-train, verify and link, or quantise it."""
    input:
        corpus=lookups.corpus,
        unquantised=lookups.unquantised,
    output:
        model=directory(layout.base_model("{base}")),
        manifest=layout.base_manifest("{base}"),
    log:
        "logs/base/{base}.log",
    benchmark:
        "benchmarks/base/{base}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    threads: 2
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(240),
    shell:
        "rankscope --log {log:q} base model {wildcards.base:q}"
