"""The schema, the database and the forms in which things are stored; both paths use it."""
