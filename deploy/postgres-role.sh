#!/bin/sh
# Runs once, when the database server's volume is new: the application's role owns its database and nothing else.
# A superuser would not be bound by the triggers that keep the audit log as it was written.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$PLACET_DB_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE placet LOGIN PASSWORD :'password';
CREATE DATABASE placet OWNER placet;
SQL
