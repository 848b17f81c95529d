"""The application that is measured: a small shop, the same for every variant."""
