"""The update itself: its rank and its singular values."""
