"""One file for each question; all SQL of the read path is here, on rollup tables only."""
