"""One path for each view, in the forms that Django's URL configuration has."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path
from rest_framework.routers import DefaultRouter

from tests.djangoproject import (
    api,
    async_views,
    driver_views,
    related_views,
    serializer_views,
    views,
)

router = DefaultRouter()
router.register("books", api.BookViewSet)

urlpatterns = [
    path("", views.echoed),
    re_path(r"^icon-(?P<size>192|512)x(?P=size)\.png$", views.echoed),
    *(
        path(f"{view.__name__}/", view)
        for view in (
            views.plain,
            views.execute,
            views.fetched,
            views.raw_rows,
            views.lazy_rows,
            views.many,
            views.atomic,
            views.executemany,
            views.literals,
            views.failing_query,
            views.template,
            views.template_response,
            views.books_template,
            views.jinja,
            views.encode,
            views.cached,
            views.cached_rows,
            views.cached_count,
            views.stream,
            views.file,
            views.error,
            views.leaving,
            views.threaded,
            views.pooled,
            views.posted,
        )
    ),
    path("external/<str:library>/", views.external),
    path("related/<str:case>/", related_views.related),
    path("related_async/<str:case>/", related_views.related_async),
    path("serialized/<str:case>/", serializer_views.serialized),
    path("serialized_async/<str:case>/", serializer_views.serialized_async),
    *(
        path(f"driver/{view.__name__}/", view)
        for view in (
            driver_views.own_connection,
            driver_views.djangos_connection,
            driver_views.failing,
            driver_views.comment,
            driver_views.asynchronous,
            driver_views.copied_out,
            driver_views.copied_in,
            driver_views.copied_by_psycopg2,
            driver_views.streamed,
        )
    ),
    path("books/<int:pk>/", views.detail),
    path("generic/", views.BookList.as_view()),
    re_path(r"^matched/(?P<slug>[\w-]+)/(?:page-(?P<page>\d+)/)?$", views.echoed),
    path("api/", include(router.urls)),
    path("plain_books/", api.PlainBooks.as_view()),
    path("rendered/", api.Rendered.as_view()),
    path("templated/", api.Templated.as_view()),
    path("validated/", api.Validated.as_view()),
    *(
        path(f"async/{view.__name__}/", view)
        for view in (
            async_views.plain,
            async_views.orm,
            async_views.iterated,
            async_views.gather,
            async_views.gathered_orm,
            async_views.stream,
            async_views.slow,
            async_views.error,
        )
    ),
    path("async/class_based/", async_views.ClassBased.as_view()),
    path("async/external/<str:library>/", async_views.external),
    *i18n_patterns(path("account/", views.echoed)),
]
