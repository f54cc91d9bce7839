"""evaluate: what a run (or the base) says, and what that is worth. Scoring never re-generates."""


rule evaluate_predict:
    """Run every evaluation of a suite on every kept step, unscored."""
    input:
        lookups.sources,
    output:
        predictions=layout.predictions("{name}"),
        manifest=layout.manifest_of("evaluate predict", "{name}"),
    log:
        "logs/evaluate/{name}.log",
    benchmark:
        "benchmarks/evaluate/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(16000),
        runtime=scaled(480),
    shell:
        "rankscope --log {log:q} evaluate predict {wildcards.name:q}"


rule evaluate_score:
    """Score what was predicted; an edited metric re-runs only this."""
    input:
        lookups.sources,
    output:
        scores=layout.scores("{name}"),
        manifest=layout.manifest_of("evaluate score", "{name}"),
    log:
        "logs/evaluate/{name}.log",
    benchmark:
        "benchmarks/evaluate/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        code=source_hash("rankscope.evaluate.score"),
    shell:
        "rankscope --log {log:q} evaluate score {wildcards.name:q}"
