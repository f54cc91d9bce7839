"""data: sources to rows with ids, hashes and splits; rows to packed training sequences."""


rule data_rows:
    """Collect one data variant: documents, split and freed of duplicates, or items."""
    input:
        lookups.sources,
    output:
        rows=layout.data_rows("{name}"),
        manifest=layout.data_manifest("{name}"),
    log:
        "logs/data/{name}.log",
    benchmark:
        "benchmarks/data/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    shell:
        "rankscope --log {log:q} data rows {wildcards.name:q}"


rule data_pack:
    """Tokenise training data, and pack or encode it."""
    input:
        lookups.sources,
    output:
        packed=layout.packed("{name}"),
        manifest=layout.manifest_of("data pack", "{name}"),
    log:
        "logs/data/{name}.log",
    benchmark:
        "benchmarks/data/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    shell:
        "rankscope --log {log:q} data pack {wildcards.name:q}"
