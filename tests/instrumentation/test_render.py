"""Templates, serializers and encoders, and what they ask of the database on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from opentelemetry.trace import SpanKind

from tests.instrumentation.conftest import Seen, seen_while
from timesplit_django.job import job

pytestmark = pytest.mark.usefixtures("all_spans")


@pytest.mark.parametrize("path", ["/template/", "/template_response/"])
def test_template_with_what_it_includes(assert_truth: Callable[..., Seen], path: str) -> None:
    seen = assert_truth(path)
    assert seen.parts["template"] == seen.split_ns["render"]
    assert [span.name for span in seen.children].count("render page.html") == 1


def test_template_whose_render_another_package_has_put_its_own_in_the_place_of(
    assert_truth: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.template.base import Template

    def render(self: Any, context: Any) -> Any:
        with context.render_context.push_state(self):
            if context.template is not None:
                return self._render(context)
            with context.bind_template(self):
                return self._render(context)

    def render_further(self: Any, context: Any) -> Any:
        return self.nodelist.render(context)

    monkeypatch.setattr(Template, "render", render)
    seen = assert_truth("/template/")
    assert [span.name for span in seen.children].count("render page.html") == 1
    monkeypatch.setattr(Template, "_render", render_further)
    assert_truth("/template/")


def test_response_rendered_by_a_template_of_the_applications_own_kind(
    project: None, caplog: pytest.LogCaptureFixture
) -> None:
    from django.template.response import SimpleTemplateResponse

    class OwnTemplate:
        def render(self, context: Any, request: Any) -> str:
            return "rendered"

    @job
    def render() -> Any:
        return SimpleTemplateResponse(cast(Any, OwnTemplate())).render().content

    seen = seen_while(render)
    assert seen.response == b"rendered"
    assert [
        (span.attributes or {}).get("timesplit.part")
        for span in seen.spans
        if span.kind is SpanKind.INTERNAL
    ] == ["template"]
    assert not caplog.records


def test_lazy_queries_of_a_template_are_database(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/books_template/", own_work_ms=25)
    assert seen.attributes["timesplit.queries"] == 11
    assert seen.parts["orm"] > 0


def test_jinja2_template(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/jinja/", own_work_ms=2)
    assert seen.attributes["timesplit.queries"] == 3
    assert seen.parts["template"] == seen.split_ns["render"]


def test_json_response(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/encode/")
    assert seen.parts["encode"] == seen.split_ns["render"]


def test_any_renderer_of_rest_framework(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/rendered/", own_work_ms=1)
    assert seen.parts["encode"] == seen.split_ns["render"]


def test_template_renderer_is_template(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/templated/", own_work_ms=1)
    assert seen.parts["template"] > 25_000_000


def test_serializer_and_its_queries(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth("/api/books/", own_work_ms=25)
    assert seen.attributes["timesplit.queries"] == 21
    assert seen.parts["serializer"] > 20_000_000
    assert [span.name for span in seen.children].count("serialize BookSerializer") == 1


def test_validation_is_parsing(assert_truth: Callable[..., Seen]) -> None:
    seen = assert_truth(
        "/validated/",
        own_work_ms=2,
        method="post",
        data='{"name": "x"}',
        content_type="application/json",
    )
    assert seen.parts["parse"] > 18_000_000


def test_form_bodies_are_parsing(ask: Callable[..., Seen]) -> None:
    seen = ask("/posted/", method="post", data={"name": "given"})
    assert seen.response.content == b"given"
    assert seen.parts["parse"] > 0
