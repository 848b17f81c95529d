"""One path for each view."""

from __future__ import annotations

from django.urls import path

from tests.acceptance.truth import views

urlpatterns = [
    path("view/", views.view),
    path("middleware/", views.middleware),
    path("execute/", views.execute),
    path("fetched/", views.fetched),
    path("template/", views.template),
    path("template-response/", views.template_response),
    path("jinja/", views.jinja),
    path("lazy-template/", views.lazy_template),
    path("encode/", views.encode),
    path("rendered/", views.RenderedView.as_view()),
    path("books/", views.Books.as_view()),
    path("validated/", views.ValidatedView.as_view()),
    path("cached/", views.cached),
    path("external/requests/", views.external_requests),
    path("external/httpx/", views.external_httpx),
    path("external/urllib3/", views.external_urllib3),
    path("stream/", views.stream),
    path("atomic/", views.atomic),
    path("many/", views.many),
    path("error/", views.error),
    path("async/gather/", views.async_gather),
    path("async/stream/", views.async_stream),
    path("async/external/", views.async_external),
]
