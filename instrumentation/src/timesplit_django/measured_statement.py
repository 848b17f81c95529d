"""What is noted of a statement on its way to the driver, and of its rows on their way back.

The cursors that call this are in `measured_cursor`.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any, Final

from timesplit_django import guard
from timesplit_django import settings as package_settings
from timesplit_django.accounting import Activity, current_activity, enter, make_current
from timesplit_django.budget import COUNTERS_ONLY, EVERYTHING
from timesplit_django.call_site import UNKNOWN_CAUSE, Cause, find_cause
from timesplit_django.database_target import target_of
from timesplit_django.parameters import fingerprint
from timesplit_django.parts import CONNECT, EXECUTE, TRANSACTION
from timesplit_django.queries import Query, Target
from timesplit_django.request_record import RequestRecord
from timesplit_django.sql_text import Statement, statement_of

REMEMBERED_ENDPOINTS: Final = 100


def begin_statement(cursor: Any, sql: Any, parameters: Any, compared: bool) -> Activity | None:
    """Begin the activity and note the query, which a step of a transaction is not.

    None where nothing is measured, and inside what is a statement already. `compared` tells that
    `parameters` are those of one execution.
    """
    try:
        parent = current_activity()
        # Inside these a statement is part of what goes on, and none of its own.
        if parent is None or parent.part in (EXECUTE, TRANSACTION, CONNECT):
            return None
        account = parent.account
        if account.closed or not isinstance(account, RequestRecord):
            return None
        timing = account.timing
        began_ns = 0 if timing is None else perf_counter_ns()
        target = target_of(cursor.db)
        statement = target.statements.get(sql) if type(sql) is str else None
        if statement is None:
            limit = package_settings.current().query_text_limit
            statement = statement_of(sql, target.system, limit, cursor.cursor)
        cursor._timesplit_exhausted = False
        if statement.controls_transaction:
            cursor._timesplit_query = None
            return _begin_transaction_step(cursor, statement)
        query = _query(account, statement, target, parameters, compared)
        if timing is not None:
            timing.add_statement(began_ns)
        activity = account.enter(parent, EXECUTE, True)
        if activity is None:
            cursor._timesplit_query = None
            return None
        make_current(activity)
        cursor._timesplit_query = activity.detail = query
        return activity
    except Exception:
        guard.report("execute")
        return None


def end_statement(cursor: Any, activity: Activity, error: BaseException | None) -> None:
    """Leave the activity, and note what came of the query."""
    try:
        activity.account.leave(activity)
        if current_activity() is activity:
            make_current(activity.parent)
        query = activity.detail
        if not isinstance(query, Query):
            return
        query.execute_ns += activity.charged_ns
        if error is not None:
            query.error_type = type(error).__qualname__
        elif query.statement.changes_rows:
            _count_changed_rows(cursor, query)
    except Exception:
        guard.report("execute")


def end_fetch(cursor: Any, activity: Activity, fetched: Any, many: bool) -> None:
    """Leave the activity. `fetched` is a row, rows where they are `many`, or None."""
    try:
        activity.account.leave(activity)
        query = cursor._timesplit_query
        if query is not None:
            _add_rows(query, activity.charged_ns, fetched, many)
    except Exception:
        guard.report("fetch")


def end_fetchmany(cursor: Any, activity: Activity | None, rows: Any, args: tuple[Any, ...]) -> Any:
    """The same after one of several fetches, answering its rows.

    Less than was asked for is all that was left: the fetch that follows then needs no activity.
    """
    if activity is not None:
        end_fetch(cursor, activity, rows, True)
        try:
            if args and type(rows) is list and len(rows) < args[0]:
                cursor._timesplit_exhausted = True
        except Exception:
            guard.report("fetch")
    return rows


def count_late_rows(cursor: Any, rows: Any) -> Any:
    """Count rows that come where none were expected any more, and answer them."""
    try:
        cursor._timesplit_exhausted = False
        query = cursor._timesplit_query
        if query is not None and rows:
            _add_rows(query, 0, rows, True)
    except Exception:
        guard.report("fetch")
    return rows


def _add_rows(query: Query, fetch_ns: int, fetched: Any, many: bool) -> None:
    query.fetch_ns += fetch_ns
    if fetched is not None and not query.statement.changes_rows:
        query.rows += len(fetched) if many else 1


def _query(
    account: RequestRecord, statement: Statement, target: Target, parameters: Any, compared: bool
) -> Query:
    """The query, with as much of its cause and its parameters as the level asks for.

    Where causes are not looked for any more, the one that was found before still costs nothing.
    """
    level = account.level
    if level == COUNTERS_ONLY:
        known = statement.causes.get(account.endpoint_key(), UNKNOWN_CAUSE)
        return account.queries.begin(statement, target, known, None)
    if level == EVERYTHING:
        cause = find_cause(account.serializers is not None)
    else:
        cause = _remembered_cause(account, statement)
    hashed = fingerprint(parameters) if compared else None
    return account.queries.begin(statement, target, cause, hashed)


def _remembered_cause(account: RequestRecord, statement: Statement) -> Cause:
    """That of the endpoint's first such query in this process since the level asks for it."""
    key = account.endpoint_key()
    cause: Cause | None = statement.causes.get(key)
    if cause is None:
        if len(statement.causes) >= REMEMBERED_ENDPOINTS:
            statement.causes.clear()
        cause = find_cause(account.serializers is not None)
        statement.causes[key] = cause
    return cause


def _begin_transaction_step(cursor: Any, statement: Statement) -> Activity | None:
    activity = enter(TRANSACTION, True)
    if activity is not None:
        activity.detail = cursor.db, statement.operation
    return activity


def _count_changed_rows(cursor: Any, query: Query) -> None:
    changed = cursor.cursor.rowcount
    if isinstance(changed, int) and changed > 0:
        query.rows += changed
