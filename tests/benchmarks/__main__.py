"""Runs every benchmark in turn, or the one that is named, with the options that follow its name."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

from tests import benchmarks


def main() -> int:
    """The number of benchmarks that could not be run."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    names = sorted(name for name in names if not name.startswith("_"))
    chosen, options = sys.argv[1:2], sys.argv[2:]
    if chosen and chosen[0] not in names:
        raise SystemExit(f"There is no benchmark {chosen[0]!r}; there are: {', '.join(names)}")
    return sum(not _run(name, options) for name in chosen or names)


def _run(name: str, options: list[str]) -> bool:
    benchmark = import_module(f"tests.benchmarks.{name}")
    summary = str(benchmark.__doc__).partition("\n")[0]
    sys.stdout.write(f"\n{name}: {summary}\n\n")
    sys.stdout.flush()
    sys.argv = [f"python -m tests.benchmarks {name}", *options]
    try:
        benchmark.main()
    except SystemExit as ended:
        if ended.code:
            sys.stderr.write(f"{name}: {ended.code}\n")
        return not ended.code
    return True


if __name__ == "__main__":
    sys.exit(main())
