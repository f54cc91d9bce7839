"""The records at the centre: frozen, strict, named by their content. They import nothing above."""
