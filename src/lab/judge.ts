/** Is a claim of EXPECT true? Judged by what the lab carries, never by what its tables would do. */
import type { EchoResult } from '../../stacks/stack.ts';
import { SECOND } from '../../stacks/time/clock.ts';
import type { Claim } from '../config/deck.ts';
import { measureGoodput } from './goodput.ts';
import type { Lab } from './lab.ts';
import { pathOf } from './path.ts';
import { PING_DEFAULTS, type PingSummary, ping } from './ping.ts';
import { ask } from './probe.ts';
import { type Count, watchDrops, watchPackets } from './watch.ts';

/** `inconclusive`: nothing was there to be seen that could make the claim true. */
export interface Judgement {
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly expected: string;
  readonly seen: string;
}

/** µs between the requests that tell when a network has converged, and for how long all of them must be answered. */
const CONVERGENCE_INTERVAL = SECOND / 10;
const CONVERGENCE_CALM = SECOND;

/** Asks or watches as the claim needs; never throws for what the network does. */
export async function judge(lab: Lab, claim: Claim): Promise<Judgement> {
  try {
    if ('stackId' in claim && !lab.host(claim.stackId).stack.running)
      throw new Error(`stack ${claim.stackId} is stopped`);
    return await judgeBy(lab, claim);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { verdict: 'inconclusive', expected: expectedOf(lab, claim), seen: why };
  }
}

async function judgeBy(lab: Lab, claim: Claim): Promise<Judgement> {
  const expected = expectedOf(lab, claim);
  const verdict = (holds: boolean, seen: string): Judgement => ({
    verdict: holds ? 'pass' : 'fail',
    expected,
    seen,
  });
  switch (claim.kind) {
    case 'reachable':
    case 'unreachable': {
      const answer = await ask(lab, claim.stackId, claim.target, claim.probe, claim.within);
      if (answer.reached) return verdict(claim.kind === 'reachable', answer.how);
      const isMeant =
        claim.kind === 'unreachable' && (claim.error === undefined || claim.error === answer.code);
      return verdict(isMeant, `${answer.code}: ${answer.why}`);
    }
    case 'path': {
      const { hops, arrived, end } = await pathOf(lab, claim.stackId, claim.target);
      const names = claim.routers.map((id) => lab.host(id).name);
      return verdict(arrived && hops.join(' ') === names.join(' '), `${via(hops)}, ${end}`);
    }
    case 'latency':
      return latency(claim, await measure(lab, claim), verdict);
    case 'loss':
      return loss(claim, await measure(lab, claim), verdict);
    case 'goodput': {
      const { stackId, target, port, min, max, duration } = claim;
      const { rate, seen } = await measureGoodput(lab, stackId, target, port, duration);
      return verdict(rate >= min && rate <= max, seen);
    }
    case 'converges':
      return await converges(lab, claim, verdict);
    case 'packet':
      return counted(claim, await watchPackets(lab, claim.segment, claim.like, claim.within), verdict);
    case 'drop':
      return counted(claim, await watchDrops(lab, claim.stackId, claim.reason, claim.within), verdict);
  }
}

type Verdict = (holds: boolean, seen: string) => Judgement;

/** Nothing seen at all does not show that what was looked for is missing. */
function counted({ min, max }: { min: number; max: number }, count: Count, verdict: Verdict): Judgement {
  const judged = verdict(count.matching >= min && count.matching <= max, count.seen);
  return count.all === 0 && judged.verdict === 'pass' ? { ...judged, verdict: 'inconclusive' } : judged;
}

interface Measured {
  readonly summary: PingSummary;
  /** Why requests did not leave the host: the most recent reason, and how many they were. */
  readonly unsent: number;
  readonly why: string | undefined;
}

async function measure(lab: Lab, claim: Extract<Claim, { kind: 'latency' | 'loss' }>): Promise<Measured> {
  let unsent = 0;
  let why: string | undefined;
  const options = { ...PING_DEFAULTS, ...claim.requests };
  const summary = await ping(lab, claim.stackId, claim.target, options, (_, result) => {
    if (result.outcome !== 'error') return;
    if (result.from === undefined) unsent++;
    why = `${result.failure.code}: ${result.failure.cause}`;
  });
  return { summary, unsent, why };
}

function latency(
  claim: { min: number; max: number },
  { summary, why }: Measured,
  verdict: Verdict,
): Judgement {
  const { times, sent, received } = summary;
  if (received === 0) {
    const judged = verdict(
      false,
      `none of ${sent} requests was answered${why === undefined ? '' : `, ${why}`}`,
    );
    return { ...judged, verdict: 'inconclusive' };
  }
  const least = Math.min(...times);
  const most = Math.max(...times);
  const seen = `${ms(least)} to ${ms(most)}, ${received} of ${sent} answered`;
  return verdict(least >= claim.min && most <= claim.max, seen);
}

function loss(claim: { min: number; max: number }, measured: Measured, verdict: Verdict): Judgement {
  const { summary, unsent, why } = measured;
  const lost = summary.sent - summary.received;
  const share = lost / summary.sent;
  const seen = `${lost} of ${summary.sent} unanswered (${percent(share)})${why === undefined ? '' : `, ${why}`}`;
  const judged = verdict(share >= claim.min && share <= claim.max, seen);
  return unsent === summary.sent && judged.verdict === 'pass'
    ? { ...judged, verdict: 'inconclusive' }
    : judged;
}

async function converges(
  lab: Lab,
  { stackId, target, within }: Extract<Claim, { kind: 'converges' }>,
  verdict: Verdict,
): Promise<Judgement> {
  const count = Math.ceil((within + CONVERGENCE_CALM) / CONVERGENCE_INTERVAL);
  const options = { ...PING_DEFAULTS, count, interval: CONVERGENCE_INTERVAL };
  /** When the last request was sent that found no answer. */
  let lost = -1;
  let last: EchoResult | undefined;
  await ping(lab, stackId, target, options, (sequence, result) => {
    if (result.outcome === 'reply' || sequence - 1 < lost) return;
    lost = sequence - 1;
    last = result;
  });
  if (lost < 0) return verdict(true, 'every request was answered from the start');
  const why = last?.outcome === 'error' ? ` (${last.failure.code}: ${last.failure.cause})` : '';
  const time = lost * CONVERGENCE_INTERVAL;
  if (lost === count - 1)
    return verdict(false, `the request after ${seconds(time)} was still unanswered${why}`);
  const seen = `the last one unanswered was sent after ${seconds(time)}${why}`;
  return verdict(time < within, seen);
}

function expectedOf(lab: Lab, claim: Claim): string {
  switch (claim.kind) {
    case 'reachable':
      return `an answer within ${seconds(claim.within)}`;
    case 'unreachable':
      return claim.error === undefined ? 'no answer' : claim.error;
    case 'path':
      return `${via(claim.routers.map((id) => lab.host(id).name))}, arrived`;
    case 'latency':
      return `${ms(claim.min)} to ${ms(claim.max)}`;
    case 'loss':
      return `${percent(claim.min)} to ${percent(claim.max)} unanswered`;
    case 'goodput':
      return Number.isFinite(claim.max)
        ? `${claim.min / 1e6} to ${claim.max / 1e6} Mbit/s`
        : `at least ${claim.min / 1e6} Mbit/s`;
    case 'converges':
      return `every request answered from ${seconds(claim.within)} on`;
    case 'packet':
    case 'drop': {
      const what = claim.kind === 'drop' ? `packets dropped as ${claim.reason}` : 'such packets';
      if (claim.max === 0) return `no ${what} within ${seconds(claim.within)}`;
      const most = Number.isFinite(claim.max) ? `to ${claim.max}` : 'or more';
      return `${claim.min} ${most} ${what} within ${seconds(claim.within)}`;
    }
  }
}

function via(hops: readonly string[]): string {
  return hops.length === 0 ? 'forwarded by none' : `via ${hops.join(' ')}`;
}

function seconds(us: number): string {
  return `${us / SECOND} s`;
}

function ms(us: number): string {
  return `${us / 1_000} ms`;
}

function percent(share: number): string {
  return `${Math.round(share * 1e4) / 100} %`;
}
