"""The page a person opens: template, style and script, and what is computed for them."""
