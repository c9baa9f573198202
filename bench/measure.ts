/** Five interleaved repetitions of a subject and of its reference; medians, and the ratio of the medians. */
import { cpus, release } from 'node:os';

export interface Comparison {
  /** Unique over all files. */
  readonly name: string;
  /** Of both figures: `MiB/s`, `packets/s`, `bytes`. */
  readonly unit: string;
  /** Which direction is better; higher when undefined. */
  readonly better?: 'higher' | 'lower';
  /** Medians of five. */
  readonly subject: number;
  readonly reference: number;
  readonly referenceName: string;
  readonly ratio: number;
}

export interface Results {
  readonly machine: string;
  readonly results: readonly Comparison[];
}

const REPETITIONS = 5;

/** Both functions return a figure in `unit`. One warm-up of each goes uncounted. */
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
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown CPU'}, Node ${process.versions.node}, ${process.platform} ${release()}`;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
