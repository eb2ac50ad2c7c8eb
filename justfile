# Shorter names for common commands; each also works as written, without just.

# Placet with its embedded servers and a demo team
up *options:
    python3 manage.py up {{options}}

# All tests, or what the pytest options select
test *options:
    python3 manage.py test {{options}}

# What .ci/run checks besides the tests
lint:
    .venv/bin/ruff check .
    .venv/bin/ruff format --check .
    .venv/bin/mypy
    .venv/bin/lint-imports
    .venv/bin/djlint --lint --quiet templates
    npm run lint

# Everything that must hold before a change goes in
ci:
    .ci/run

# A fresh round of the demo agents, in the running Placet
demo *options:
    python3 manage.py demo {{options}}

# Is this installation sound?
doctor:
    python3 manage.py doctor

# Scripts and styles of the pages, built into static/dist
ui:
    npm install --no-save && npm run build

# The committed OpenAPI snapshot
openapi:
    python3 manage.py openapi

# The hashed pins, from pyproject.toml (needs uv)
pins:
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'just pins' -o requirements/base.txt
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'just pins' --extra embedded -c requirements/base.txt -o requirements/embedded.txt
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'just pins' --extra embedded --group dev -c requirements/embedded.txt -o requirements/dev.txt
