// SPDX-License-Identifier: MIT
// What is said of a handful of figures: the median, the quartiles, and how they are printed.
// A list of figures may have holes (undefined): a round that did not complete.

const isFigure = (value) => typeof value === "number" && Number.isFinite(value);

export const figures = (list) => (list ?? []).filter(isFigure);

// Between the two nearest figures in proportion, as spreadsheets and R (type 7) do it.
export function quantile(list, share) {
  const sorted = figures(list).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  return below + (above - below) * (at - Math.floor(at));
}

export const median = (list) => quantile(list, 0.5);

export function summary(list) {
  const found = figures(list);
  if (found.length === 0) return undefined;
  return {
    rounds: found.length,
    least: Math.min(...found),
    lower: quantile(found, 0.25),
    median: median(found),
    upper: quantile(found, 0.75),
    most: Math.max(...found),
  };
}

// Round by round: what the machine does meanwhile hits all servers of a round alike, so the ratio
// within a round leaves it out.
export function ratios(ours, theirs) {
  const list = [];
  for (let round = 0; round < ours.length; round++) {
    if (isFigure(ours[round]) && isFigure(theirs[round]) && theirs[round] > 0)
      list.push(ours[round] / theirs[round]);
  }
  return list;
}

// Three digits that count, no more.
export function show(value) {
  if (!isFigure(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(2);
}
