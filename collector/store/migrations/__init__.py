"""Every step from one released schema to the next; `schema.py` runs them."""
