"""Numbers that papers print, as data: what a report sets its own numbers beside."""
