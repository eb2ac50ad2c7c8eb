"""The embedded default: a real Postgres and a real Valkey from wheels, and what keeps them running."""
