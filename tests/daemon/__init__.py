"""The daemon's life: how it starts, what it survives, how it ends."""
