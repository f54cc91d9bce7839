"""From artefacts to tidy tables, and from tables to draws with their uncertainty."""
