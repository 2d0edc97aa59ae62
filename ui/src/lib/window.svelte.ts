// Shows only the rows of a long list that are near the view; the others are room of the same height.

/** Lists shorter than this are shown whole. */
const WHOLE = 120;
/** How many rows beyond the view are there already. */
const AHEAD = 12;

export interface Range {
  from: number;
  to: number;
}

/** The rows of a list of `count` that are to be shown, given where the list and the view are. */
export function near(count: number, row: number, listTop: number, viewHeight: number): Range {
  if (count <= WHOLE || row <= 0) return { from: 0, to: count };
  const first = Math.floor(-listTop / row) - AHEAD;
  const last = Math.ceil((viewHeight - listTop) / row) + AHEAD;
  const from = Math.max(0, Math.min(first, count));
  return { from, to: Math.max(from, Math.min(last, count)) };
}
