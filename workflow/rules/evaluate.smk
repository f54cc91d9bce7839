"""evaluate: what a run (or the base) says, and what that is worth. Scoring never re-generates."""


rule evaluate_predict:
    """Ask every kept step of runs about a suite, as far as it was not asked; lists the answers."""
    input:
        lookups.sources,
    output:
        answers=layout.answers_manifest("{name}"),
    log:
        "logs/evaluate/{name}.log",
    benchmark:
        "benchmarks/evaluate/{name}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(16000),
        runtime=lookups.asking_minutes,
    shell:
        "rankscope --log {log:q} evaluate predict {wildcards.name:q}"


rule evaluate_score:
    """Score what was answered; an edited metric re-scores its kind only. Lists the scores."""
    input:
        lookups.sources,
    output:
        scores=layout.scores_manifest("{name}"),
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
        code=lookups.scoring_code,
    shell:
        "rankscope --log {log:q} evaluate score {wildcards.name:q}"
