import type { SpanNode } from "./spanTree";

/** Siblings in a row that repeat the same one, two, ... spans: what makes an N+1 readable. */
export interface Fold {
  nodes: SpanNode[];
  /** How many different spans one repetition has. */
  period: number;
  repetitions: number;
}

const LEAST_REPETITIONS = 3;
const LONGEST_PERIOD = 8;

/** Siblings in their order, with repetitions taken together. */
export function folded(siblings: SpanNode[]): (SpanNode | Fold)[] {
  const result: (SpanNode | Fold)[] = [];
  let at = 0;
  while (at < siblings.length) {
    const fold = foldAt(siblings, at);
    const node = siblings[at];
    if (fold !== null) {
      result.push(fold);
      at += fold.nodes.length;
    } else if (node !== undefined) {
      result.push(node);
      at += 1;
    }
  }
  return result;
}

/** The kinds of span of a fold, each a fold of its own: what opens below it. */
export function kindsOf(fold: Fold): Fold[] {
  return Array.from({ length: fold.period }, (_, kind) => ({
    nodes: fold.nodes.filter((_, index) => index % fold.period === kind),
    period: 1,
    repetitions: fold.repetitions,
  }));
}

export function isFold(entry: SpanNode | Fold): entry is Fold {
  return "repetitions" in entry;
}

/** The repetition that begins here and holds most spans; the shortest period of those. */
function foldAt(siblings: SpanNode[], first: number): Fold | null {
  let best: Fold | null = null;
  for (let period = 1; period <= LONGEST_PERIOD; period += 1) {
    const repetitions = repetitionsAt(siblings, first, period);
    if (repetitions < LEAST_REPETITIONS) continue;
    const length = period * repetitions;
    if (best === null || length > best.nodes.length) {
      best = { nodes: siblings.slice(first, first + length), period, repetitions };
    }
  }
  return best;
}

function repetitionsAt(siblings: SpanNode[], first: number, period: number): number {
  let same = first + period;
  while (same < siblings.length && siblings[same]?.shape === siblings[same - period]?.shape)
    same += 1;
  return Math.floor((same - first) / period);
}
