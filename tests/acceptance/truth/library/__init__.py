"""Authors, their books and reviews."""
