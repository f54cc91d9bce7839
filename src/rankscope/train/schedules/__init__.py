"""How the `Trainer` gets each schedule: a module of the name of its kind."""
