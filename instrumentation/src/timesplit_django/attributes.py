"""Every attribute name this package sends: the contract with the collector.

Names outside `timesplit.` are OpenTelemetry's stable semantic conventions. The SERVER span of a
request carries the digest: a handful of plain integers that any OpenTelemetry back end can chart,
and one JSON document (`DIGEST`) with everything else. Its shape, version 1; all times are integer
nanoseconds, zero and empty entries are left out::

    {
      "v": 1,
      "process": "5f2c9a01b7de4410",      # random, new in every process and after every fork
      "level": 1,                          # what is left out to save time: see `budget`
      "sequence": 812,                     # 1 for the first request this process finished
      "dropped": 0,                        # spans that this process has dropped since it began
      "parts": {"connect": 0, "execute": 0, "fetch": 0, "transaction": 0,
                "template": 0, "serializer": 0, "encode": 0,
                "middleware": 0, "view": 0, "orm": 0, "parse": 0, "gc": 0},
      "statements": [{                     # by text, call site and relation, costliest first
        "system": "postgresql",            # db.system.name
        "text": "SELECT ... WHERE id = %s",
        "site": ["shop/api.py", 31, "OrderSerializer.get_reviews"],
        "relation": ["shop.Order", "customer"],  # the model that has the field that was loaded
        "prefetch": true,                  # for many instances at once, not when it was touched
        "calls": 147,
        "execute_ns": 0, "fetch_ns": 0,    # sums over the calls
        "max_ns": 0,                       # the slowest call, execute + fetch
        "rows": 147,                       # fetched or affected, where the driver knows
        "distinct": 3,                     # different sets of parameters, where that is known
        "durations": [[1203, 140], [1210, 7]]   # [bucket, calls] of execute + fetch, see below
      }],
      "folded": {"calls": 0, "execute_ns": 0, "fetch_ns": 0, "rows": 0},  # beyond the bound
      "serializers": [{                    # costliest first; "" stands for those beyond the bound
        "name": "shop.api.OrderSerializer",
        "instances": 50,
        "timed": 9,                        # left out when all were; `self_ns` stands for all
        "self_ns": 0,                      # without queries and nested serializers
        "fields": [{                       # those that query first; "" stands for the others
          "name": "customer_name", "calls": 50, "self_ns": 0,
          "queries": 50, "query_ns": 118000000
        }]
      }]
    }

Where a provider limits the length of attributes, the document is a list of the pieces of its text.

The parts of `database`, `render` and `python` add up to the category's plain attribute; `cache`
and `external` have no parts. The five categories add up to the span's duration.

`durations` are buckets of OpenTelemetry's base-2 exponential histogram at scale 6: a value of `n`
nanoseconds is in bucket `ceil(log2(n) * 64) - 1`; values of 0 and 1 are in bucket -1.

A child span carries `PART`: the part (or `cache`, `external`) that its own time belongs to. Repeats
that were not worth a span are in `FOLDED` of the span around them: JSON, part to nanoseconds, to
be taken out of that span's own time.
"""

from __future__ import annotations

from typing import Final

# On the resource: whether what runs for every request was compiled when the package was installed.
COMPILED: Final = "timesplit.compiled"

# On the SERVER span.
DIGEST: Final = "timesplit.digest"
DATABASE_NS: Final = "timesplit.database_ns"
PYTHON_NS: Final = "timesplit.python_ns"
RENDER_NS: Final = "timesplit.render_ns"
CACHE_NS: Final = "timesplit.cache_ns"
EXTERNAL_NS: Final = "timesplit.external_ns"
CPU_NS: Final = "timesplit.cpu_ns"
QUEUE_NS: Final = "timesplit.queue_ns"
OVERHEAD_NS: Final = "timesplit.overhead_ns"
QUERIES: Final = "timesplit.queries"
VIEW: Final = "timesplit.view"

# On the CONSUMER span of a job, which has no method and no route; the rest as on a SERVER span.
JOB_KIND: Final = "timesplit.job.kind"  # "TASK" or "COMMAND"
JOB_NAME: Final = "timesplit.job.name"

# On a SERVER or CONSUMER span that another instrumentation made around ours: true. The request is
# the span inside it, which carries the digest.
MEASURED_INSIDE: Final = "timesplit.measured_inside"

# On a child span, and on the SERVER span where repeats were folded into it.
PART: Final = "timesplit.part"
FOLDED: Final = "timesplit.folded"
ROWS: Final = "db.response.returned_rows"
FETCH_NS: Final = "timesplit.fetch_ns"
PARAMETERS_HASH: Final = "timesplit.parameters_hash"
CACHE_OPERATION: Final = "timesplit.cache.operation"
CACHE_HIT: Final = "timesplit.cache.hit"

# OpenTelemetry's semantic conventions.
HTTP_REQUEST_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
HTTP_RESPONSE_STATUS_CODE: Final = "http.response.status_code"
URL_SCHEME: Final = "url.scheme"
URL_PATH: Final = "url.path"
URL_FULL: Final = "url.full"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
NETWORK_PROTOCOL_VERSION: Final = "network.protocol.version"
ERROR_TYPE: Final = "error.type"
DB_SYSTEM_NAME: Final = "db.system.name"
DB_NAMESPACE: Final = "db.namespace"
DB_QUERY_TEXT: Final = "db.query.text"
DB_QUERY_SUMMARY: Final = "db.query.summary"
CODE_FILE_PATH: Final = "code.file.path"
CODE_LINE_NUMBER: Final = "code.line.number"
CODE_FUNCTION_NAME: Final = "code.function.name"
