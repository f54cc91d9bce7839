"""What a claim is, and how its verdict is reached."""
