"""The spans inside a request, made from its account once the request is over.

They are handed to the tracer's span processor ready made, since their times, and for outbound
requests their ids, were settled before it was known that they would be sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode

from timesplit_django import attributes as names
from timesplit_django import endpoint, guard, tracing
from timesplit_django.accounting import Activity
from timesplit_django.budget import COUNTERS_ONLY
from timesplit_django.database_target import target_of
from timesplit_django.parameters import sent_hash
from timesplit_django.parts import (
    CACHE,
    CONNECT,
    ENCODE,
    EXECUTE,
    EXTERNAL,
    PARSE,
    PARTS,
    SERIALIZER,
    TEMPLATE,
    TRANSACTION,
    VIEW,
)
from timesplit_django.queries import Target
from timesplit_django.sites import Site

if TYPE_CHECKING:
    from timesplit_django.request_record import RequestRecord

_ids: Final = RandomIdGenerator()

# A span's name, kind, attributes, and the type of error it ended with.
Described = tuple[str, SpanKind, dict[str, Any], str | None]


@guard.guarded
def send(record: RequestRecord) -> dict[str, Any]:
    """Send the spans inside a closed account. Returns what they ask of the SERVER span."""
    if record.level == COUNTERS_ONLY:
        return {}
    tracer = tracing.tracer()
    if isinstance(tracer, SdkTracer):
        outer = record.span.get_span_context()
        contexts = {record.root: outer}
        for activity in record.shown:
            contexts[activity] = SpanContext(
                outer.trace_id, _span_id(activity), False, outer.trace_flags, outer.trace_state
            )
        for activity in record.shown:
            if activity.replaced_by is None:
                tracer.span_processor.on_end(_span(tracer, record, activity, contexts))
    return _accounting_attributes(record.root)


def replace(activity: Activity, context: SpanContext) -> None:
    """Send no span for this activity: another instrumentation has made this one for it."""
    activity.replaced_by = context


def _span_id(activity: Activity) -> int:
    if activity.replaced_by is not None:
        return int(activity.replaced_by.span_id)
    if activity.part == EXTERNAL and activity.detail is not None:
        return int(activity.detail.span_id)
    return _ids.generate_span_id()


def _span(
    tracer: SdkTracer,
    record: RequestRecord,
    activity: Activity,
    contexts: dict[Activity, SpanContext],
) -> ReadableSpan:
    name, kind, attributes, error_type = _describe(record, activity)
    attributes.update(_accounting_attributes(activity))
    if error_type is not None:
        attributes[names.ERROR_TYPE] = error_type
    assert activity.parent is not None, "only the root has no parent"  # noqa: S101
    return ReadableSpan(
        name=name,
        context=contexts[activity],
        parent=contexts[activity.parent.shown],
        resource=tracer.resource,
        attributes=attributes,
        kind=kind,
        status=Status(StatusCode.ERROR) if error_type is not None else Status(),
        start_time=activity.start_ns + record.epoch_ns,
        end_time=activity.end_ns + record.epoch_ns,
        instrumentation_scope=tracing.INSTRUMENTATION,
    )


def _accounting_attributes(activity: Activity) -> dict[str, Any]:
    attributes: dict[str, Any] = {names.PART: PARTS[activity.part]}
    folded = activity.folded
    if folded:
        by_name = {PARTS[part]: elapsed_ns for part, elapsed_ns in enumerate(folded) if elapsed_ns}
        attributes[names.FOLDED] = json.dumps(by_name, separators=(",", ":"))
    return attributes


def _describe(record: RequestRecord, activity: Activity) -> Described:
    describe = _DESCRIBE.get(activity.part)
    if describe is None or (activity.detail is None and activity.part != VIEW):
        return PARTS[activity.part], SpanKind.INTERNAL, {}, None
    return describe(record, activity.detail)


def _describe_query(_: RequestRecord, query: Any) -> Described:
    attributes = _target_attributes(query.target)
    attributes[names.DB_QUERY_TEXT] = query.statement.text
    attributes[names.DB_QUERY_SUMMARY] = query.statement.summary
    if query.rows:
        attributes[names.ROWS] = query.rows
    if query.fetch_ns:
        attributes[names.FETCH_NS] = query.fetch_ns
    if query.parameters is not None:
        attributes[names.PARAMETERS_HASH] = sent_hash(query.parameters)
    if query.site is not None:
        attributes.update(_site_attributes(query.site))
    return query.statement.summary, SpanKind.CLIENT, attributes, query.error_type


def _describe_connection(_: RequestRecord, target: Any) -> Described:
    return f"connect {target.namespace}", SpanKind.CLIENT, _target_attributes(target), None


def _describe_transaction(_: RequestRecord, detail: Any) -> Described:
    connection, operation = detail
    name = _TRANSACTION_NAMES.get(operation, operation)
    return name, SpanKind.CLIENT, _target_attributes(target_of(connection)), None


def _describe_cache(_: RequestRecord, call: Any) -> Described:
    attributes: dict[str, Any] = {names.CACHE_OPERATION: call.operation}
    if call.hit is not None:
        attributes[names.CACHE_HIT] = call.hit
    return f"cache {call.operation}", SpanKind.INTERNAL, attributes, None


def _describe_external(_: RequestRecord, call: Any) -> Described:
    host, port, url = call.address()
    attributes: dict[str, Any] = {
        names.HTTP_REQUEST_METHOD: call.method,
        names.SERVER_ADDRESS: host,
        names.URL_FULL: url,
    }
    if port is not None:
        attributes[names.SERVER_PORT] = port
    error_type = call.error_type
    if call.status_code is not None:
        attributes[names.HTTP_RESPONSE_STATUS_CODE] = call.status_code
        if call.status_code >= 400:
            error_type = str(call.status_code)
    return f"{call.method} {host}", SpanKind.CLIENT, attributes, error_type


def _describe_view(record: RequestRecord, _: Any) -> Described:
    site = endpoint.view_site(record.request)
    attributes = _site_attributes(site) if site is not None else {}
    return record.view_name or "view", SpanKind.INTERNAL, attributes, None


def _named(what: str) -> Callable[[RequestRecord, Any], Described]:
    def describe(_: RequestRecord, name: Any) -> Described:
        return f"{what} {name}", SpanKind.INTERNAL, {}, None

    return describe


def _site_attributes(site: Site) -> dict[str, Any]:
    return {
        names.CODE_FILE_PATH: site.file,
        names.CODE_LINE_NUMBER: site.line,
        names.CODE_FUNCTION_NAME: site.function,
    }


def _target_attributes(target: Target) -> dict[str, Any]:
    attributes: dict[str, Any] = {names.DB_SYSTEM_NAME: target.system}
    if target.namespace:
        attributes[names.DB_NAMESPACE] = target.namespace
    if target.address:
        attributes[names.SERVER_ADDRESS] = target.address
    if target.port is not None:
        attributes[names.SERVER_PORT] = target.port
    return attributes


_TRANSACTION_NAMES: Final = {
    "_commit": "COMMIT",
    "_rollback": "ROLLBACK",
    "_savepoint": "SAVEPOINT",
    "_savepoint_commit": "RELEASE SAVEPOINT",
    "_savepoint_rollback": "ROLLBACK TO SAVEPOINT",
    "_start_transaction_under_autocommit": "BEGIN",
}

_DESCRIBE: Final[dict[int, Callable[[RequestRecord, Any], Described]]] = {
    CACHE: _describe_cache,
    CONNECT: _describe_connection,
    ENCODE: _named("encode"),
    EXECUTE: _describe_query,
    EXTERNAL: _describe_external,
    PARSE: _named("validate"),
    SERIALIZER: _named("serialize"),
    TEMPLATE: _named("render"),
    TRANSACTION: _describe_transaction,
    VIEW: _describe_view,
}
