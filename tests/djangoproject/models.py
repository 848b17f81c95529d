"""Books, who wrote them, and what was said of them."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from tests.djangoproject.fields import PassingForeignKey
from tests.djangoproject.querysets import Passing, Replacing


class Author(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        app_label = "project"

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")

    objects = models.Manager()
    passing = Passing.as_manager()
    replacing = Replacing.as_manager()

    class Meta:
        app_label = "project"

    def __str__(self) -> str:
        return self.title

    def author_name(self) -> str:
        return self.author.name


class Review(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="reviews")
    stars = models.IntegerField()

    class Meta:
        app_label = "project"

    def __str__(self) -> str:
        return f"{self.stars} stars"


class Reader(models.Model):
    name = models.CharField(max_length=100)
    favourites = models.ManyToManyField(Book, related_name="fans")
    lent = models.ManyToManyField(Book, through="Loan", related_name="borrowers")
    follows = models.ManyToManyField("self", symmetrical=False, related_name="followers")
    blocked = models.ManyToManyField("self", symmetrical=False)
    friends = models.ManyToManyField("self")
    labels = GenericRelation("project.Label")

    class Meta:
        app_label = "project"

    def __str__(self) -> str:
        return self.name


class Loan(models.Model):
    reader = PassingForeignKey(Reader, models.CASCADE)
    book = models.ForeignKey(Book, models.CASCADE)

    class Meta:
        app_label = "project"


class Card(models.Model):
    reader = models.OneToOneField(Reader, models.CASCADE, related_name="card")
    number = models.CharField(max_length=20)
    notes = models.TextField(default="")

    class Meta:
        app_label = "project"

    def __str__(self) -> str:
        return self.number

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)


class Label(models.Model):
    text = models.CharField(max_length=20)
    content_type = models.ForeignKey(ContentType, models.CASCADE, null=True)
    object_id = models.BigIntegerField(null=True)
    target = GenericForeignKey()

    class Meta:
        app_label = "project"

    def __str__(self) -> str:
        return self.text


class Place(models.Model):
    name = models.CharField(max_length=20, unique=True)
    inside = models.ForeignKey("self", models.CASCADE, null=True, related_name="places")

    class Meta:
        app_label = "project"

    def __str__(self) -> str:
        return self.name


class Shop(Place):
    street = models.CharField(max_length=20)
    branch_of = models.ForeignKey(
        Place, models.CASCADE, to_field="name", null=True, related_name="branches"
    )

    class Meta:
        app_label = "project"
