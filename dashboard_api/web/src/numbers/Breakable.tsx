import { Fragment } from "react";

/** A route, a path or a dotted name that may go on in the next line where it reads well. */
export function Breakable({ text }: { text: string }) {
  return text.split(/(?<=[/._])(?=[^/._])/).map((piece, index) => (
    // Pieces have no names, and their order is theirs for good.
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {piece}
    </Fragment>
  ));
}
