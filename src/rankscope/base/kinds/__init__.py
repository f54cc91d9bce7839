"""How each kind of base is made: a module of the name of its source."""
