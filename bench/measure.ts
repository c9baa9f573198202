/** Five interleaved repetitions of a subject and of its reference; medians, and the ratio of the medians. */
import { cpus } from 'node:os';

export interface Comparison {
  readonly name: string;
  readonly unit: string;
  /** Medians of five, in `unit` per second. */
  readonly subject: number;
  readonly reference: number;
  readonly referenceName: string;
  readonly ratio: number;
}

const REPETITIONS = 5;

/** Both functions return `unit`s per second. One warm-up of each goes uncounted. */
export async function compare(
  name: string,
  unit: string,
  subject: () => Promise<number>,
  referenceName: string,
  reference: () => Promise<number>,
): Promise<Comparison> {
  await subject();
  await reference();
  const subjects: number[] = [];
  const references: number[] = [];
  for (let i = 0; i < REPETITIONS; i++) {
    subjects.push(await subject());
    references.push(await reference());
  }
  const [s, r] = [median(subjects), median(references)];
  return { name, unit, subject: s, reference: r, referenceName, ratio: s / r };
}

export function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown CPU'}, Node ${process.versions.node}, ${process.platform}`;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
