import { categoryColor } from "./categories";
import type { Category } from "./categories";
import classes from "./SplitBar.module.css";

/** A spot of a category's colour; always beside its name. */
export function Swatch({ category }: { category: Category }) {
  return (
    <span
      className={classes.swatch}
      style={{ background: categoryColor(category) }}
      aria-hidden="true"
    />
  );
}
