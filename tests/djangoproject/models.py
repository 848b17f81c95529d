"""Books, who wrote them, and what was said of them."""

from __future__ import annotations

from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        app_label = "project"

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")

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
