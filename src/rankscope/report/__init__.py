"""The report stage: tidy tables, chapters with figures and claims, and one page.

Three verbs in a row, each on what the one before wrote: `tables` reads what the other stages left,
`chapter` reads the tables and writes what one chapter says of them, `page` puts the chapters on one
page.
"""
