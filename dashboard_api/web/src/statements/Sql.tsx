import hljs from "highlight.js/lib/core";
import sql from "highlight.js/lib/languages/sql";
import { lazy, Suspense } from "react";
import classes from "./Sql.module.css";

// Words that standard SQL lacks and every database has.
const DIALECT_WORDS = ["limit", "returning", "ilike", "explain", "analyze", "conflict"];

hljs.registerLanguage("sql", (library) => {
  const language = sql(library);
  const keywords = language.keywords as { keyword: string[] };
  keywords.keyword.push(...DIALECT_WORDS);
  return language;
});

const FormattedSql = lazy(() => import("./FormattedSql"));

/** Highlights SQL text; the library escapes it. */
export function highlighted(text: string): string {
  return hljs.highlight(text, { language: "sql", ignoreIllegals: true }).value;
}

/** A statement in one line, cut off where the room ends. */
export function SqlLine({ text }: { text: string }) {
  return (
    <code
      className={classes.line}
      title={text}
      dangerouslySetInnerHTML={{ __html: highlighted(text) }}
    />
  );
}

/** A statement in full, laid out over several lines. */
export function SqlBlock({ text, system }: { text: string; system: string }) {
  const plain = (
    <pre className={classes.block}>
      <code dangerouslySetInnerHTML={{ __html: highlighted(text) }} />
    </pre>
  );
  return (
    <Suspense fallback={plain}>
      <FormattedSql text={text} system={system} />
    </Suspense>
  );
}
