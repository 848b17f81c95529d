"""The other service: answers shipping quotes on the loopback interface, after some thought.

`GET /quotes?carriers=heron,swift&weight_g=1200` answers a list with one quote for each carrier. An
answer takes `LATENCY_S`, however many carriers were asked for.
"""

from __future__ import annotations

import argparse
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

LATENCY_S: Final = 0.015
CENTS_A_KILOGRAM: Final = {"falcon": 390, "heron": 310, "swift": 455, "tern": 280}


class QuotesHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        try:
            quotes = _quotes(asked["carriers"][0].split(","), int(asked["weight_g"][0]))
        except (KeyError, ValueError):
            self._answer(400, {"detail": "Give carriers=falcon,heron,swift,tern and weight_g."})
            return
        time.sleep(LATENCY_S)
        self._answer(200, quotes)

    def log_message(self, *_args: Any) -> None:
        """Says nothing: the demo prints to the same terminal."""

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _quotes(carriers: list[str], weight_g: int) -> list[dict[str, object]]:
    return [
        {"carrier": carrier, "cents": 200 + CENTS_A_KILOGRAM[carrier] * weight_g // 1000}
        for carrier in carriers
    ]


def main() -> None:
    """Serve until the process is ended. The first line of output is the address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 means any free port")
    server = ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), QuotesHandler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
