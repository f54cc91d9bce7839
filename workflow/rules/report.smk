"""report: tidy tables, claims, figures, one page.

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


rule report_claims:
    """Test the claims of the papers: confirmed, denied or inconclusive."""
    input:
        tables=layout.report_tables("{study}"),
        study=lookups.study_file,
    output:
        claims=layout.report_claims("{study}"),
        manifest=layout.report_manifest("{study}", "claims"),
    log:
        "logs/report/{study}.claims.log",
    benchmark:
        "benchmarks/report/{study}.claims.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        code=source_hash(
            "rankscope.report.chapters.claims", "rankscope.report.verdicts.files"
        ),
    shell:
        "rankscope --log {log:q} report claims --study {input.study:q}"


rule report_figures:
    """Draw the figures from the tables: SVG, Vega-Lite and CSV."""
    input:
        tables=layout.report_tables("{study}"),
        study=lookups.study_file,
    output:
        figures=[
            report(
                layout.report_figure("{study}", figure),
                caption=f"../report/{figure}.rst",
                category="Figures",
                labels={"study": "{study}", "figure": figure},
            )
            for figure in FIGURE_NAMES
        ],
        manifest=layout.report_manifest("{study}", "figures"),
    log:
        "logs/report/{study}.figures.log",
    benchmark:
        "benchmarks/report/{study}.figures.jsonl"
    conda:
        "../../envs/rankscope.yaml"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        code=source_hash(
            "rankscope.report.chapters.figures", "rankscope.report.drawing.render"
        ),
    shell:
        "rankscope --log {log:q} report figures --study {input.study:q}"


rule report_page:
    """Put tables, claims and figures on one page that works offline."""
    input:
        tables=layout.report_tables("{study}"),
        claims=layout.report_claims("{study}"),
        figures=layout.report_manifest("{study}", "figures"),
        study=lookups.study_file,
    output:
        page=layout.report_page("{study}"),
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
