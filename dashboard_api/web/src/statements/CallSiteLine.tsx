import classes from "./Statements.module.css";

interface CallSiteLineProps {
  site: { file: string | null; line: number | null; function: string | null };
}

/** `shop/api.py:31 OrderSerializer.get_reviews` */
export function CallSiteLine({ site }: CallSiteLineProps) {
  if (site.file === null || site.file === "") return <em className={classes.dim}>unknown line</em>;
  return (
    <code className={classes.site}>
      {site.file}:{site.line} <span className={classes.dim}>{site.function}</span>
    </code>
  );
}
