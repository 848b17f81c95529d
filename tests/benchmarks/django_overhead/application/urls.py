"""The routes that are measured, and those without which a peer does not work."""

from __future__ import annotations

from django.apps import apps
from django.urls import include, path

from tests.benchmarks.django_overhead.application import views

urlpatterns = [
    path("plain/", views.plain),
    path("one/", views.one_query),
    path("statements/", views.many_statements),
    path("list/", views.OrderList.as_view()),
    path("nested/", views.NestedOrderList.as_view()),
    path("rows/", views.OrderRows.as_view()),
    path("table/", views.order_table),
    path("orders/<int:pk>/", views.plain, name="order"),
]
urlpatterns += [
    path(f"{application}/", include(f"{application}.urls"))
    for application in ("debug_toolbar", "silk", "orbit")
    if apps.is_installed(application)
]
