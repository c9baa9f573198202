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

/** A row as it is kept: with what is aimed at, where something is. */
export interface Result extends Comparison {
  readonly target?: string;
  readonly verdict?: 'stretch' | 'reached' | 'missed';
}

export interface Results {
  readonly machine: string;
  /** Seconds that each benchmark took, by which the next run tells how long it will take. */
  readonly seconds?: Readonly<Record<string, number>>;
  readonly results: readonly Result[];
}

/** What a benchmark tells the process that started it. */
export type Message =
  | { readonly row: string; readonly repetition: number; readonly repetitions: number }
  | { readonly result: Comparison };

const REPETITIONS = 5;

/** Both functions return a figure in `unit`. One warm-up of each goes uncounted. */
export async function compare(
  name: string,
  unit: string,
  subject: () => Promise<number>,
  referenceName: string,
  reference: () => Promise<number>,
): Promise<Comparison> {
  const subjects: number[] = [];
  const references: number[] = [];
  for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
    tell({ row: name, repetition, repetitions: REPETITIONS });
    const pair = [await subject(), await reference()] as const;
    if (repetition === 0) continue;
    subjects.push(pair[0]);
    references.push(pair[1]);
  }
  const [s, r] = [median(subjects), median(references)];
  return { name, unit, subject: s, reference: r, referenceName, ratio: s / r };
}

/** To whoever started this process as a benchmark, if anybody did. */
export function tell(message: Message): void {
  process.send?.(message);
}

export function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown CPU'}, Node ${process.versions.node}, ${process.platform} ${release()}`;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
