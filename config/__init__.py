"""Composition root: may import everything, imported by nobody below."""
