"""base: the model every run starts from, made here or pinned from elsewhere."""


rule base_model:
    """Make a base ready: verify and link it, or make it from a run or another base."""
    input:
        lookups.sources,
    output:
        model=directory(layout.base_model("{name}")),
        manifest=layout.base_manifest("{name}"),
    log:
        "logs/base/{name}.log",
    benchmark:
        "benchmarks/base/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(240),
    shell:
        "rankscope --log {log:q} base model {wildcards.name:q}"


rule base_version:
    """Link an adapter or checkpoint that others published, if it fits its base."""
    input:
        lookups.sources,
    output:
        weights=directory(layout.version_weights("{name}")),
        manifest=layout.version_manifest("{name}"),
    log:
        "logs/base/{name}.log",
    benchmark:
        "benchmarks/base/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    shell:
        "rankscope --log {log:q} base version {wildcards.name:q}"
