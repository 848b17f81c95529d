"""HTTP in, JSON out: parameters, answers, no SQL."""
