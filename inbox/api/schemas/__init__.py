"""Shapes of the API's bodies and answers. What agents send is agents/contract.py."""
