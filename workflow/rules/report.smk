"""report: tidy tables, a chapter for each subject that applies, one page.

Each re-runs when its own code changes, or that of a rule whose output it reads.
"""


rule report_tables:
    """Gather the rows of all runs into tidy tables, with means and intervals."""
    input:
        rows=lookups.rows_of_study,
        study=lookups.study_file,
    output:
        tables=directory(layout.report_tables("{study}")),
        manifest=layout.report_manifest("{study}", "tables"),
    log:
        "logs/report/{study}.tables.log",
    benchmark:
        "benchmarks/report/{study}.tables.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        code=source_hash(
            "rankscope.report.evidence.gather", "rankscope.report.evidence.tables"
        ),
    shell:
        "rankscope --log {log:q} report tables --study {input.study:q}"


rule report_chapter:
    """Write one chapter from the tables: its figures, claims, own tables and words."""
    input:
        tables=layout.report_tables("{study}"),
        study=lookups.study_file,
        more=lookups.chapter_reads,
    output:
        chapter=report(
            directory(layout.report_chapter("{study}", "{chapter}")),
            patterns=["figures/{figure}.svg"],
            caption="../report/figure.rst",
            category="{chapter}",
            labels={"study": "{study}", "figure": "{figure}"},
        ),
    log:
        "logs/report/{study}.{chapter}.log",
    benchmark:
        "benchmarks/report/{study}.{chapter}.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        code=lambda wildcards: source_hash(
            f"rankscope.report.chapters.{wildcards.chapter}.content",
            "rankscope.report.chapters.making",
        ),
        sentences=lookups.sentences,
    shell:
        "rankscope --log {log:q} report chapter {wildcards.chapter:q} --study {input.study:q}"


rule report_page:
    """Put tables and chapters on one page that works offline, and all claims into one table."""
    input:
        tables=layout.report_tables("{study}"),
        chapters=lookups.chapters_of_study,
        study=lookups.study_file,
    output:
        page=layout.report_page("{study}"),
        claims=layout.report_claims("{study}"),
        manifest=layout.report_manifest("{study}", "page"),
    log:
        "logs/report/{study}.page.log",
    benchmark:
        "benchmarks/report/{study}.page.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        code=source_hash("rankscope.report.page.build"),
    shell:
        "rankscope --log {log:q} report page --study {input.study:q}"
