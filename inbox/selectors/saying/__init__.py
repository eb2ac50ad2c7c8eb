"""Saying more of an action than yes or no: the forms for it, what was filled in, and what that comes to in words."""
