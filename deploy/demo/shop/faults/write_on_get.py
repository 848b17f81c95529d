"""A GET that writes: a product page that counts its views.

Wrong: reading a product opens a transaction, updates a counter and commits, so that every reader
waits for a disk and, on a popular product, for every other reader. Neither a cache nor a replica
can answer it.

The twin only reads. Views are counted by `POST .../views/`, many at a time, when it suits.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.models import Product, ProductViews


class ProductSerializer(serializers.ModelSerializer):
    category = serializers.CharField(source="category.name")

    class Meta:
        model = Product
        fields = ("sku", "name", "category", "description", "price")


class ViewsSerializer(serializers.Serializer):
    views = serializers.IntegerField(min_value=1, max_value=10_000)


class SlowProduct(APIView):
    def get(self, request: Request, product_id: int) -> Response:
        answer = FastProduct().get(request, product_id)
        _count_views(product_id, views=1)
        return answer


class FastProduct(APIView):
    def get(self, request: Request, product_id: int) -> Response:
        product = get_object_or_404(Product.objects.select_related("category"), pk=product_id)
        return Response(ProductSerializer(product).data)


class FastProductViews(APIView):
    def post(self, request: Request, product_id: int) -> Response:
        counted = ViewsSerializer(data=request.data)
        counted.is_valid(raise_exception=True)
        product: Any = get_object_or_404(Product, pk=product_id)
        _count_views(product.pk, counted.validated_data["views"])
        return Response(status=status.HTTP_204_NO_CONTENT)


@transaction.atomic
def _count_views(product_id: int, views: int) -> None:
    ProductViews.objects.get_or_create(product_id=product_id)
    ProductViews.objects.filter(product_id=product_id).update(views=F("views") + views)


urlpatterns = [
    path("api/slow/products/<int:product_id>/", SlowProduct.as_view()),
    path("api/fast/products/<int:product_id>/", FastProduct.as_view()),
    path("api/fast/products/<int:product_id>/views/", FastProductViews.as_view()),
]
