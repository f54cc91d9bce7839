"""The audit of one's own models and adapters: `inspect` and `repair`, with a page."""
