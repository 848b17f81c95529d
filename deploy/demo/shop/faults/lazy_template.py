"""A template that evaluates querysets lazily: the page of a category.

Wrong: the view hands querysets to the template and takes no time at all. The template then loops
over the products and, for each of thirty, asks for its number of reviews and for the newest one:
61 queries, issued from a line of HTML.

The twin annotates the count, fetches the newest reviews in one query and gives the template lists.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

from shop.models import Category, Product, Review

SHOWN = 30


def slow_category(request: HttpRequest, category_id: int) -> HttpResponse:
    category = get_object_or_404(Category, pk=category_id)
    products = category.products.order_by("id")[:SHOWN]
    return render(request, "shop/slow_category.html", {"category": category, "products": products})


def fast_category(request: HttpRequest, category_id: int) -> HttpResponse:
    category = get_object_or_404(Category, pk=category_id)
    products = list(_with_reviews(category.products.order_by("id"))[:SHOWN])
    return render(request, "shop/fast_category.html", {"category": category, "products": products})


def _with_reviews(products: QuerySet[Product]) -> QuerySet[Product, Any]:
    newest = Review.objects.filter(product=OuterRef("pk")).order_by("-id")
    return products.annotate(
        review_count=Count("reviews"),
        newest_title=Subquery(newest.values("title")[:1]),
        newest_rating=Subquery(newest.values("rating")[:1]),
    )


urlpatterns = [
    path("slow/categories/<int:category_id>/", slow_category),
    path("fast/categories/<int:category_id>/", fast_category),
]
