/** On standard error: which row runs, which repetition of it, and how long all of it will take. */

/** s, of a benchmark that never ran here. */
const UNKNOWN = 25;

export class Progress {
  readonly #names: readonly string[];
  readonly #seconds: Readonly<Record<string, number>>;
  readonly #isTerminal = process.stderr.isTTY === true;
  #at = -1;
  #began = 0;

  /** `seconds`: what each took the last time. */
  constructor(names: readonly string[], seconds: Readonly<Record<string, number>>) {
    this.#names = names;
    this.#seconds = seconds;
  }

  begin(): void {
    this.#at++;
    this.#began = performance.now();
    this.#show('');
  }

  /** Repetition 0 is the warm-up. */
  row(name: string, repetition: number, repetitions: number): void {
    this.#show(`: ${name}, ${repetition === 0 ? 'warm-up' : `${repetition} of ${repetitions}`}`);
  }

  /** The line is wanted for something else. */
  clear(): void {
    if (this.#isTerminal) process.stderr.write('\r\x1b[K');
  }

  /** s */
  get elapsed(): number {
    return (performance.now() - this.#began) / 1_000;
  }

  #show(what: string): void {
    const took = (name: string): number => this.#seconds[name] ?? UNKNOWN;
    let left = Math.max(0, took(this.#names[this.#at]!) - this.elapsed);
    for (const name of this.#names.slice(this.#at + 1)) left += took(name);
    const text = `[${this.#at + 1}/${this.#names.length}] ${this.#names[this.#at]}${what}, about ${duration(left)} left`;
    this.clear();
    process.stderr.write(this.#isTerminal ? text.slice(0, process.stderr.columns - 1) : `${text}\n`);
  }
}

/** `45 s`, `7 min 12 s` */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
