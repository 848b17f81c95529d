"""A relation with methods in the place of Django's, as libraries for soft deletion have them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor


class Passing(ForwardManyToOneDescriptor):
    """Its methods end in Django's."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        return super().__get__(instance, cls)

    def get_object(self, instance: Any) -> Any:
        return super().get_object(instance)


class PassingForeignKey(models.ForeignKey[Any, Any]):
    """Followed by it."""

    forward_related_accessor_class = Passing
