"""The Django package's tests on every Python and Django that is supported: `make matrix`.

A cell of the matrix is an environment of its own, with the package's wheel, compiled or plain, and
only what these tests need, in the versions and with the hashes of deploy/constraints.txt. In each
the whole of tests/instrumentation and the package's side of tests/contract run: on SQLite, on
PostgreSQL through psycopg 3 (client binding, server binding, pool), on MariaDB; then what concerns
databases once more on PostgreSQL through psycopg2. Plain on the oldest Python is what `make test`
runs.
"""
