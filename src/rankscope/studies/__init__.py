"""From study files to records: read, checked in form, unfolded, looked up by name."""
