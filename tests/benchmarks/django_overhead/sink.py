"""Takes OTLP over HTTP on loopback and counts the spans that arrived, by the path's first part.

`GET /NAME` answers `{"server": ..., "client": ...}`, the counts of what was sent below `/NAME/`.
Prints its URL once it listens.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

_received: Counter[tuple[str, int]] = Counter()
_lock = threading.Lock()


class Sink(BaseHTTPRequestHandler):
    """Answers every export with success, on connections that stay open."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        kinds = Counter(
            span.kind
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        )
        sender = self._sender()
        with _lock:
            _received.update({(sender, kind): count for kind, count in kinds.items()})
        self._answer(b"", "application/x-protobuf")

    def do_GET(self) -> None:
        sender = self._sender()
        with _lock:
            counts = {
                "server": _received[sender, Span.SPAN_KIND_SERVER],
                "client": _received[sender, Span.SPAN_KIND_CLIENT],
            }
        self._answer(json.dumps(counts).encode(), "application/json")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _sender(self) -> str:
        return self.path.split("/")[1]

    def _answer(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """One thread a connection; none is waited for at the end."""

    daemon_threads = True


def main() -> None:
    """Serve until the process is ended."""
    server = Server(("127.0.0.1", 0), Sink)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
