"""Every figure that a document names, measured: `python -m tests.benchmarks [name] [options]`.

One module or package a benchmark; its docstring says what it measures, its `main()` prints it.
"""
