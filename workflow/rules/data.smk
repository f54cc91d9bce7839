"""data: sources to rows with ids, hashes and splits; rows to packed training sequences."""


rule data_rows:
    """Collect one data variant: documents, split and freed of duplicates, or items."""
    input:
        documents=lookups.documents,
    output:
        rows=layout.data_rows("{data}"),
        manifest=layout.data_manifest("{data}"),
    log:
        "logs/data/{data}.log",
    benchmark:
        "benchmarks/data/{data}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    shell:
        "rankscope --log {log:q} data rows {wildcards.data:q}"


rule data_pack:
    """Tokenise the training split with the base's tokenizer and pack it."""
    input:
        rows=layout.data_rows("{data}"),
        base=layout.base_manifest("{base}"),
    output:
        packed=layout.packed("{data}", "{base}", "{length}"),
        manifest=layout.packed_manifest("{data}", "{base}", "{length}"),
    log:
        "logs/data/{data}.{base}.{length}.log",
    benchmark:
        "benchmarks/data/{data}.{base}.{length}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    shell:
        "rankscope --log {log:q} data pack {wildcards.data:q} --base {wildcards.base:q}"
        " --length {wildcards.length:q}"
