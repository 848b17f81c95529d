"""What `timesplit_django` costs a Django application, beside OpenTelemetry's own instrumentation.

One application is called in-process through Django's WSGI handler, in one child process for each
variant. The children take short turns on one CPU; PostgreSQL and a sink that takes their spans
have the other. A turn's cost is the CPU time of its whole process: exporter threads and the flush
of what the turn left in their queue included. The sink counts what arrives, and a run in which a
span was dropped is refused. A figure is the mean of the quietest quarter of a worker's turns, over
several starts of each variant; `control` is the bare application under another name, so what it
adds is the error of the method. `timesplit` and `timesplit-all` are the package as its users
install it, compiled from these sources; `timesplit-interpreted` is the sources themselves, as they
run where no compiler was. With `--peers` other tools are measured in the same rounds, each in an
environment of its own.
"""

from __future__ import annotations


def main() -> None:
    """Measure and print."""
    # Not earlier: what measures is not installed where a peer runs.
    from tests.benchmarks.django_overhead import command

    command.main()
