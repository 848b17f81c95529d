import { Duration } from "../numbers/Quantity";
import { Swatch } from "../split/Swatch";
import type { OwnTime } from "./ownTime";
import { sumOfOwn } from "./ownTime";
import classes from "./SpanDetail.module.css";

/** What a span's own time went into, most first. */
export function OwnTimeTable({ own }: { own: OwnTime[] }) {
  const times = own.filter((time) => time.ms > 0).sort((a, b) => b.ms - a.ms);
  return (
    <table className={classes.own} aria-label="Own time">
      <thead>
        <tr>
          <th scope="col">Own time</th>
          <th scope="col">
            <Duration value={sumOfOwn(times)} />
          </th>
        </tr>
      </thead>
      <tbody>
        {times.map((time) => (
          <tr key={time.part}>
            <th scope="row">
              {time.category !== null && <Swatch category={time.category} />} {time.part}
            </th>
            <td>
              <Duration value={time.ms} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
