/** The five categories of a request's time: order, names, and what each holds. */

export const CATEGORIES = ["database", "python", "render", "cache", "external"] as const;
export type Category = (typeof CATEGORIES)[number];

export const CATEGORY_NAMES: Record<Category, string> = {
  database: "Database",
  python: "Python",
  render: "Render",
  cache: "Cache",
  external: "External",
};

export const CATEGORY_HOLDS: Record<Category, string> = {
  database: "Waiting for a database or moving rows out of it",
  python: "Everything else: middleware, view code, the ORM's own work, parsing, garbage collection",
  render: "Turning objects into a response: templates, serializers, encoding",
  cache: "Django's cache back ends",
  external: "Outbound HTTP",
};

/** What each part of a category holds, in the order in which parts are shown. */
export const PARTS: Record<Category, Record<string, string>> = {
  database: {
    connect: "Opening a connection, waiting for a pool",
    execute: "Running statements",
    fetch: "Moving rows out of the driver",
    transaction: "BEGIN, COMMIT, ROLLBACK, SAVEPOINT",
  },
  python: {
    middleware: "Middleware classes' own code",
    view: "View code, and what has no part of its own",
    orm: "Building queries and model instances",
    parse: "Reading and validating request bodies",
    gc: "Garbage collection",
  },
  render: {
    template: "Django templates, Jinja2",
    serializer: "Django REST framework serializers and what they call",
    encode: "Writing JSON and other content",
  },
  cache: {},
  external: {},
};

export const RENDER_UNKNOWN =
  "A plain OpenTelemetry application sends no template or serializer spans, so this time is inside " +
  "Python. Install timesplit-django in the application to see it.";

export function categoryColor(category: Category): string {
  return `var(--category-${category})`;
}

export function isCategory(text: string): text is Category {
  return (CATEGORIES as readonly string[]).includes(text);
}
