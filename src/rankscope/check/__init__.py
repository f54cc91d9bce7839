"""What can be found before the first job: mistakes, notes, the plan."""
