"""Makes requests to the test project and writes what timesplit-django sends: one OTLP export each.

Run as a process of its own, because a Django project can be set up only once in each: the
argument is the folder for the project's database and for the exports. With RECORDING_POSTGRES_URL
in the environment, requests that ask PostgreSQL are made too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.fixtures.application_databases import add_postgres

PATHS = (
    "/plain/",
    "/execute/",
    "/fetched/",
    "/lazy_rows/",
    "/atomic/",
    "/executemany/",
    "/literals/",
    "/failing_query/",
    "/template/",
    "/books_template/",
    "/jinja/",
    "/encode/",
    "/cached/",
    "/stream/",
    "/error/",
    "/threaded/",
    "/books/1/",
    "/matched/a/page-2/",
    "/api/books/",
    "/plain_books/",
    "/rendered/",
    "/nowhere/",
    "/related/foreign_key/",
    "/related/reverse_prefetched/",
    "/serialized/every/",
    "/async/orm/",
    "/async/gather/",
)

POSTGRES_PATHS = tuple(
    f"/{path}/?using=postgresql"
    for path in ("many", "execute", "executemany", "atomic", "lazy_rows", "failing_query")
)


def main(folder: Path) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.djangoproject.settings"
    os.environ["PROJECT_SQLITE_PATH"] = str(folder / "project.sqlite3")
    os.environ["TIMESPLIT_SPANS"] = "all"
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    import django

    django.setup()
    from django.test import Client

    from tests.instrumentation.conftest import fill

    fill("default")
    postgres_url = os.environ.get("RECORDING_POSTGRES_URL")
    if postgres_url is not None:
        add_postgres(postgres_url)
        fill("postgresql")
    client = Client(raise_request_exception=False)
    for number, path in enumerate(PATHS if postgres_url is None else PATHS + POSTGRES_PATHS):
        exporter.clear()
        response = client.get(path)
        if response.streaming:
            b"".join(response)
        response.close()
        message = encode_spans(exporter.get_finished_spans())
        (folder / f"{number:03d}.otlp").write_bytes(message.SerializeToString())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
