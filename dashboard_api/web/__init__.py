"""The page in the browser: TypeScript in `src/`, built into `dist/` by `build_page`."""
