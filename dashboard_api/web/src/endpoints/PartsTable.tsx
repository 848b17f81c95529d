import type { EndpointDetail } from "../api/types";
import { Duration, Share, Total } from "../numbers/Quantity";
import { share } from "../numbers/format";
import {
  CATEGORIES,
  CATEGORY_HOLDS,
  CATEGORY_NAMES,
  PARTS,
  RENDER_UNKNOWN,
  categoryColor,
} from "../split/categories";
import type { Category } from "../split/categories";
import { SplitBar } from "../split/SplitBar";
import { Swatch } from "../split/Swatch";
import { meansOf } from "../split/splitValues";
import classes from "./EndpointPage.module.css";

/** Where the mean request's time goes: one bar, and exact figures down to the parts. */
export function PartsTable({ endpoint }: { endpoint: EndpointDetail }) {
  const means = meansOf(endpoint.split_ms, endpoint.requests);
  return (
    <section className={classes.section}>
      <h2>Where the mean request&rsquo;s time goes</h2>
      <SplitBar values={means} height={24} />
      <div className={classes.scroll} tabIndex={0} role="region" aria-label="Split table">
        <table className={classes.parts} aria-label="The split, with its parts">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Mean</th>
              <th scope="col">Share</th>
              <td />
              <th scope="col">p50</th>
              <th scope="col">p95</th>
              <th scope="col">p99</th>
              <th scope="col">Total</th>
            </tr>
          </thead>
          <tbody>
            {CATEGORIES.map((category) => (
              <CategoryRows
                key={category}
                category={category}
                endpoint={endpoint}
                mean={means[category]}
              />
            ))}
          </tbody>
        </table>
      </div>
      <PartsNote endpoint={endpoint} />
    </section>
  );
}

interface CategoryRowsProps {
  category: Category;
  endpoint: EndpointDetail;
  mean: number | null;
}

function CategoryRows({ category, endpoint, mean }: CategoryRowsProps) {
  const figures = endpoint.split_ms[category];
  const whole = endpoint.duration_ms?.mean ?? 0;
  const parts = partsOf(endpoint, category);
  return (
    <>
      <tr className={classes.category}>
        <th scope="row">
          <Swatch category={category} /> {CATEGORY_NAMES[category]}
          <span className={classes.holds}>{CATEGORY_HOLDS[category]}</span>
        </th>
        <td>
          <Duration value={mean} reason={RENDER_UNKNOWN} />
        </td>
        <ShareCells category={category} value={mean} whole={whole} />
        <td>{figures && <Duration value={figures.p50} />}</td>
        <td>{figures && <Duration value={figures.p95} />}</td>
        <td>{figures && <Duration value={figures.p99} />}</td>
        <td>{figures && <Total value={figures.total} />}</td>
      </tr>
      {parts.map(([part, value]) => (
        <tr key={part} className={classes.part}>
          <th scope="row">
            {part}
            <span className={classes.holds}>{PARTS[category][part]}</span>
          </th>
          <td>
            <Duration value={value} />
          </td>
          <ShareCells category={category} value={value} whole={whole} />
          <td colSpan={4} />
        </tr>
      ))}
    </>
  );
}

interface ShareCellsProps {
  category: Category;
  value: number | null;
  whole: number;
}

function ShareCells({ category, value, whole }: ShareCellsProps) {
  if (value === null || whole === 0) return <td colSpan={2} />;
  return (
    <>
      <td>
        <Share value={value / whole} />
      </td>
      <td>
        <span className={classes.partBar} aria-hidden="true">
          <span
            className={classes.partFill}
            style={{ width: `${(value / whole) * 100}%`, background: categoryColor(category) }}
          />
        </span>
      </td>
    </>
  );
}

function PartsNote({ endpoint }: { endpoint: EndpointDetail }) {
  if (endpoint.digested_requests === endpoint.requests) return null;
  if (endpoint.digested_requests === 0) {
    return (
      <p className={classes.aside}>
        These requests do not tell their parts. Install timesplit-django in the application to see
        them.
      </p>
    );
  }
  const known = share(endpoint.digested_requests / endpoint.requests);
  return (
    <p className={classes.aside}>
      Parts are means over the {known} of the requests that tell them.
    </p>
  );
}

/** The parts of a category in their order; none where they are unknown. */
function partsOf(endpoint: EndpointDetail, category: Category): [string, number][] {
  const figures = endpoint.split_ms[category];
  if (figures === null || !("parts" in figures) || figures.parts === null) return [];
  const parts = figures.parts as unknown as Record<string, number>;
  return Object.keys(PARTS[category]).map((part) => [part, parts[part] ?? 0]);
}
