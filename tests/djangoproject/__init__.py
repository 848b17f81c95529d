"""A small Django project whose views spend known amounts of time."""
