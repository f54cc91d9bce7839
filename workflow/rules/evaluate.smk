"""evaluate: what a run (or the base) says, and what that is worth. Scoring never re-generates."""


rule evaluate_predict:
    """Run every evaluation of a suite on every kept step, unscored."""
    input:
        base=lookups.base_of_run,
        weights=lookups.weights,
        data=lookups.evaluation_data,
    output:
        predictions=layout.predictions("{run}", "{suite}"),
        manifest=layout.predictions_manifest("{run}", "{suite}"),
    log:
        "logs/evaluate/{run}.{suite}.predict.log",
    benchmark:
        "benchmarks/evaluate/{run}.{suite}.predict.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(16000),
        runtime=scaled(480),
    shell:
        "rankscope --log {log:q} evaluate predict {wildcards.run:q} --suite {wildcards.suite:q}"


rule evaluate_score:
    """Score what was predicted; an edited metric re-runs only this."""
    input:
        predictions=layout.predictions("{run}", "{suite}"),
    output:
        scores=layout.scores("{run}", "{suite}"),
        manifest=layout.scores_manifest("{run}", "{suite}"),
    log:
        "logs/evaluate/{run}.{suite}.score.log",
    benchmark:
        "benchmarks/evaluate/{run}.{suite}.score.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        code=source_hash("rankscope.evaluate.score"),
    shell:
        "rankscope --log {log:q} evaluate score {wildcards.run:q} --suite {wildcards.suite:q}"
