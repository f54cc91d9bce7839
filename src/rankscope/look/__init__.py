"""What all pages share: their style."""
