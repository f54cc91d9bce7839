"""`python -m rankscope`: the command line without its console script."""

from rankscope.cli import main

main()
