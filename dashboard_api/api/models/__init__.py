"""The shape of every answer, one file a noun; the page's types are generated from these."""
