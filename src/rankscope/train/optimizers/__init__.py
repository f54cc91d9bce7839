"""How the `Trainer` gets each optimizer: a module of the name of its kind."""
