"""The routes that are measured."""

from __future__ import annotations

from django.urls import path

from tests.benchmarks.django_overhead.application import views

urlpatterns = [
    path("plain/", views.plain),
    path("one/", views.one_query),
    path("statements/", views.many_statements),
    path("list/", views.OrderList.as_view()),
    path("nested/", views.NestedOrderList.as_view()),
    path("table/", views.order_table),
    path("orders/<int:pk>/", views.plain, name="order"),
]
