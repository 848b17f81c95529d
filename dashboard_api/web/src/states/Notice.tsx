import type { ReactNode } from "react";
import classes from "./states.module.css";

interface NoticeProps {
  title: string;
  kind: "warning" | "remark";
  children: ReactNode;
}

/** Something to know about the figures below it. */
export function Notice({ title, kind, children }: NoticeProps) {
  return (
    <p className={classes.notice} data-kind={kind} role="note">
      <strong>{title}.</strong> {children}
    </p>
  );
}
