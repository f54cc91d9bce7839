"""The style sheet that the report's page and the audit's page share."""

from pathlib import Path


def page_style() -> str:
    """Return the CSS of all pages."""
    return (Path(__file__).parent / "page.css").read_text("utf-8")
