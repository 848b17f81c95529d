import classes from "./Requests.module.css";

/** The HTTP status; what failed stands out in more than colour. */
export function StatusCode({ code, isError }: { code: number | null; isError: boolean }) {
  const text = code === null ? "none" : String(code);
  return isError ? <strong className={classes.failed}>{text} failed</strong> : <span>{text}</span>;
}
