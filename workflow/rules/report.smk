"""report: tidy tables, claims, figures, one page. Each re-runs only when its own code changes."""


rule report_tables:
    """Gather the rows of all runs into tidy tables."""
    input:
        rows=lookups.rows_of_study,
        study=lookups.study_file,
    output:
        tables=directory(layout.report_tables("{study}")),
    log:
        "logs/report/{study}.tables.log",
    benchmark:
        "benchmarks/report/{study}.tables.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    params:
        code=source_hash("rankscope.report.gather"),
    shell:
        "rankscope --log {log:q} report tables"


rule report_page:
    """The page a person opens."""
    input:
        tables=layout.report_tables("{study}"),
    output:
        page=layout.report_page("{study}"),
    shell:
        "rankscope report page --study {wildcards.study:q}"
