"""How each kind of evaluation is asked and scored: a module of the name of its kind."""
