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

/** Echo requests one after the other from a host of the lab; `each` is told every result as it comes. */
export async function ping(
  lab: Lab,
  from: number,
  target: string,
  options: PingOptions,
  each: (sequence: number, result: EchoResult) => void = () => {},
): Promise<PingSummary> {
  const { stack, address } = lab.resolve(from, target);
  const host = lab.host(from);
  const { size, timeout, hopLimit, dontFragment } = options;
  const times: number[] = [];
  let errors = 0;
  for (let sequence = 1; sequence <= options.count; sequence++) {
    const sentAt = lab.now;
    const result = await host.echo(target, {
      size,
      timeout,
      ...(hopLimit === undefined ? {} : { hopLimit }),
      ...(dontFragment === undefined ? {} : { dontFragment }),
    });
    each(sequence, result);
    if (result.outcome === 'reply') times.push(result.reply.time);
    else if (result.outcome === 'error') errors++;
    const rest = sentAt + options.interval - lab.now;
    if (sequence < options.count && rest > 0) await lab.advance(rest);
  }
  return {
    target,
    address: stack.describe(address),
    size,
    sent: options.count,
    received: times.length,
    errors,
    times,
  };
}
