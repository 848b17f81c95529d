"""The read path: `api` asks, `rollup_queries` holds the SQL, `web` is the page."""
