"""The chapters of a report: each its figures, claims, tables and words."""
