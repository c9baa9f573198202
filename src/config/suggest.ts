/** Did you mean ...? by edit distance (Damerau-Levenshtein, adjacent transpositions count one). */

/** The nearest of `words` to `text`, when it is near enough that a slip of the finger explains the difference. */
export function nearest(text: string, words: Iterable<string>): string | undefined {
  const upper = text.toUpperCase();
  if (upper.length > 32) return undefined;
  const most = upper.length <= 3 ? 1 : upper.length <= 6 ? 2 : 3;
  let best: string | undefined;
  let bestDistance = most + 1;
  for (const word of words) {
    if (Math.abs(word.length - upper.length) >= bestDistance) continue;
    const d = distance(upper, word.toUpperCase());
    if (d < bestDistance) {
      best = word;
      bestDistance = d;
    }
  }
  // A word that shares nothing with what was written is no suggestion.
  return best !== undefined && bestDistance < best.length ? best : undefined;
}

export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let d = Math.min(change, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d = Math.min(d, beforeLast[j - 2]! + 1);
      row.push(d);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
