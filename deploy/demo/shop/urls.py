"""Every address of the shop. Each fault brings its slow endpoint and the repaired twin."""

from __future__ import annotations

from django.urls import include, path

from shop.home import home

urlpatterns = [
    path("", home),
    path("", include("shop.faults.n_plus_one")),
    path("", include("shop.faults.unindexed_foreign_key")),
    path("", include("shop.faults.unindexed_order_by")),
    path("", include("shop.faults.costly_serializer")),
    path("", include("shop.faults.large_body")),
    path("", include("shop.faults.lazy_template")),
    path("", include("shop.faults.outbound_calls")),
    path("", include("shop.faults.uncached_aggregate")),
    path("", include("shop.faults.write_on_get")),
    path("", include("shop.faults.failing_at_times")),
]
