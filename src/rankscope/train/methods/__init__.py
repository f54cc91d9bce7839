"""How each method is put on a model: a module of the name of its kind."""
