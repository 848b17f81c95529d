"""Views that ask psycopg past Django's cursors. `?using=` names the database, as elsewhere."""

from __future__ import annotations

import io
from typing import Any

import psycopg
from django.db import connections
from django.http import HttpRequest, HttpResponse

from tests.djangoproject.models import Author
from tests.djangoproject.spending import busy, spent_ns

NAP_MS = 30
STATEMENT = f"SELECT pg_sleep({NAP_MS / 1000}), 'Ada' WHERE %s = 7"


def own_connection(request: HttpRequest) -> HttpResponse:
    spent_ns["database"] += NAP_MS * 1_000_000
    with psycopg.connect(**_parameters(request)) as connection, connection.cursor() as cursor:
        cursor.execute(STATEMENT, [7])
        cursor.fetchall()
    return HttpResponse()


def djangos_connection(request: HttpRequest) -> HttpResponse:
    alias = request.GET["using"]
    Author.objects.using(alias).count()
    spent_ns["database"] += NAP_MS * 1_000_000
    connections[alias].connection.execute(STATEMENT, [7])
    return HttpResponse()


def failing(request: HttpRequest) -> HttpResponse:
    with psycopg.connect(**_parameters(request)) as connection:
        connection.execute("SELECT 1 / length('Ada') - 1 / 0")
    return HttpResponse()


def comment(request: HttpRequest) -> HttpResponse:
    with psycopg.connect(**_parameters(request)) as connection:
        connection.execute("/* nothing else */")
    with connections[request.GET["using"]].cursor() as cursor:
        cursor.execute("-- nothing else")
    return HttpResponse()


async def asynchronous(request: HttpRequest) -> HttpResponse:
    spent_ns["database"] += NAP_MS * 1_000_000
    async with await psycopg.AsyncConnection.connect(**_parameters(request)) as connection:
        await connection.execute(STATEMENT, [7])
    return HttpResponse()


def copied_out(request: HttpRequest) -> HttpResponse:
    spent_ns["database"] += NAP_MS * 1_000_000
    statement = f"COPY (SELECT pg_sleep({NAP_MS / 1000})) TO STDOUT"
    with connections[request.GET["using"]].cursor() as cursor, cursor.copy(statement) as copy:
        list(copy.rows())
    return HttpResponse()


def copied_in(request: HttpRequest) -> HttpResponse:
    with connections[request.GET["using"]].cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS copied (text text)")
        with cursor.copy("COPY copied FROM STDIN") as copy:
            for number in range(1000):
                copy.write_row([f"row {number}" * 100])
                busy("python", 0.02)
    return HttpResponse()


def copied_by_psycopg2(request: HttpRequest) -> HttpResponse:
    lines = io.StringIO("one\nother\n")
    with connections[request.GET["using"]].cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS copied (text text)")
        cursor.copy_from(lines, "copied")
        cursor.copy_to(lines, "copied")
        cursor.copy_expert(f"COPY (SELECT pg_sleep({NAP_MS / 1000})) TO STDOUT", lines)
    spent_ns["database"] += NAP_MS * 1_000_000
    return HttpResponse(lines.getvalue())


def streamed(request: HttpRequest) -> HttpResponse:
    spent_ns["database"] += NAP_MS * 1_000_000
    with connections[request.GET["using"]].cursor() as cursor:
        for _ in cursor.stream(STATEMENT.replace("7", "8"), [8]):
            busy("python", NAP_MS)
    return HttpResponse()


def _parameters(request: HttpRequest) -> dict[str, Any]:
    settings = connections[request.GET["using"]].settings_dict
    return {
        "dbname": settings["NAME"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "host": settings["HOST"],
        "port": settings["PORT"],
    }
