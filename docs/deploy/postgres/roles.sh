#!/bin/sh
# Run once, by the image of PostgreSQL when its folder is empty: the role that uses the tables, beside the one that owns
# them. `manage.py migrate` gives it the rights that it needs.
set -eu
psql --quiet --set=ON_ERROR_STOP=1 --set=password="$DATABASE_PASSWORD" \
    --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE dashtam LOGIN PASSWORD :'password';
SQL
