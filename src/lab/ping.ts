import type { EchoResult } from '../../stacks/stack.ts';
import { SECOND } from '../../stacks/time/clock.ts';
import type { Lab } from './lab.ts';

export interface PingOptions {
  readonly count: number;
  /** Bytes of data. */
  readonly size: number;
  /** µs between requests. */
  readonly interval: number;
  /** µs */
  readonly timeout: number;
  readonly hopLimit?: number;
  readonly dontFragment?: boolean;
}

export const PING_DEFAULTS: PingOptions = { count: 4, size: 56, interval: SECOND, timeout: 5 * SECOND };

export interface PingSummary {
  readonly target: string;
  /** What the name stood for. */
  readonly address: string;
  readonly size: number;
  readonly sent: number;
  readonly received: number;
  readonly errors: number;
  /** µs, of the replies. */
  readonly times: readonly number[];
}

/**
 * Echo requests at a steady interval from a host of the lab, whether or not the one before was answered; `each` is
 * told every result as it comes.
 */
export async function ping(
  lab: Lab,
  from: number,
  target: string,
  options: PingOptions,
  each: (sequence: number, result: EchoResult) => void = () => {},
): Promise<PingSummary> {
  const { stack, address } = lab.resolve(from, target);
  const host = lab.host(from);
  const { count, interval, ...echo } = options;
  const times: number[] = [];
  let errors = 0;
  const results: Promise<void>[] = [];
  for (let sequence = 1; sequence <= count; sequence++) {
    const arrived = (result: EchoResult): void => {
      if (result.outcome === 'reply') times.push(result.reply.time);
      else if (result.outcome === 'error') errors++;
      each(sequence, result);
    };
    results.push(host.echo(target, echo).then(arrived));
    if (sequence < count) await lab.advance(interval);
  }
  await Promise.all(results);
  return {
    target,
    address: stack.describe(address),
    size: options.size,
    sent: count,
    received: times.length,
    errors,
    times,
  };
}
