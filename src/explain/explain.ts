/** Why a host reaches another one, or why not: the way there and back, over each family that both have. */
import type { Address } from '../../stacks/address/address.ts';
import { isFailure } from '../../stacks/address/network.ts';
import { DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED } from '../../stacks/wire/icmp.ts';
import { PACKET_TOO_BIG } from '../../stacks/wire/icmp6.ts';
import { PROTOCOL_ICMP, PROTOCOL_TCP } from '../../stacks/wire/ipv4.ts';
import { ICMPV6 } from '../../stacks/wire/ipv6.ts';
import { PROTOCOL_UDP } from '../../stacks/wire/udp.ts';
import type { BuiltStack } from '../lab/build.ts';
import type { Lab } from '../lab/lab.ts';
import type { Delivery, Direction, Explanation, Narrow, Service } from './explanation.ts';
import { findings } from './findings.ts';
import { type Question, Walker, type Way } from './walk.ts';

/** Ports that programs choose begin here (RFC 6335 §6); which one matters only where flows are shared. */
const CLIENT_PORT = 49_152;
const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;
const TCP_HEADER = 20;
const SHORT_HEADER = 8;
const SYN = 0x02;
const SYN_ACK = 0x12;
const TCP_FLAGS = 13;
const DATA_OFFSET = 12;

/**
 * Asks the lab as it is now; time passes while neighbours are asked.
 * @throws Error when `a` is no host of the lab, or `b` has no address that it can send to.
 */
export async function explain(
  lab: Lab,
  a: string,
  b: string,
  service: Service = { protocol: 'icmp' },
): Promise<Explanation[]> {
  const host = lab.host(a);
  const targets = lab.resolveAll(host.id, b);
  const explained: Explanation[] = [];
  for (const { stack, address } of targets) {
    if (
      stack.family.isMulticast(address) ||
      address.isUnspecified ||
      (address.w3 === -1 && stack.family.version === 4)
    )
      throw new Error(`${stack.describe(address)} is not the address of one host`);
    const others = targets.filter((other) => other.address !== address).map((other) => other.address);
    explained.push(
      await explainOne(lab, lab.stacks.get(host.id)!, lab.stacks.get(stack.id)!, address, service, others),
    );
  }
  return explained;
}

async function explainOne(
  lab: Lab,
  asked: BuiltStack,
  from: BuiltStack,
  destination: Address,
  service: Service,
  otherAddresses: readonly Address[],
): Promise<Explanation> {
  const { stack } = from;
  const walker = new Walker(lab);
  const head = { family: stack.family.name, service, asked, from, destination };
  const source = stack.running ? stack.sourceFor(destination) : undefined;
  if (source === undefined || isFailure(source)) {
    const cause = source?.cause ?? 'the stack is stopped';
    const nothing = { source: undefined, there: undefined, back: undefined, delivery: undefined };
    const partial = { ...head, ...nothing, cause, findings: [] };
    return { ...partial, findings: findings(lab, partial, otherAddresses) };
  }
  const question = questionOf(stack.family.version, source, destination, service, 'there');
  const way = await walker.walk(from, question);
  const last = way.hops.at(-1)!.built;
  const isDelivered = way.end.outcome === 'delivered';
  const delivery = isDelivered ? deliveryOf(last, destination, service) : undefined;
  let backWay: Way | undefined;
  if (delivery !== undefined && delivery !== 'port-suspended') {
    // What was sent to an anycast address is answered from one that is the router's own (RFC 4291 §2.6).
    const own = last.stack.isLocal(destination) ? destination : last.stack.sourceFor(source);
    if (!isFailure(own)) {
      const answer = questionOf(stack.family.version, own, source, service, 'back');
      backWay = await walker.walk(last, answer);
    }
  }
  const there = await measured(walker, way, service, last);
  const back = backWay && (await measured(walker, backWay, service, from));
  const whole = { ...head, source, cause: undefined, there, back, delivery, findings: [] };
  return { ...whole, findings: findings(lab, whole, otherAddresses) };
}

function deliveryOf({ stack }: BuiltStack, destination: Address, service: Service): Delivery {
  if (service.protocol === 'icmp') return 'answers';
  if (service.protocol === 'udp')
    return stack.udp.hears(destination, service.port) ? 'answers' : 'no-listener';
  const answer = stack.tcp.answerTo(destination, service.port);
  return answer === 'listening' ? 'answers' : answer === 'refused' ? 'no-listener' : answer;
}

function questionOf(
  version: 4 | 6,
  source: Address,
  destination: Address,
  service: Service,
  direction: 'there' | 'back',
): Question {
  const isThere = direction === 'there';
  if (service.protocol === 'icmp') {
    const header = new Uint8Array(SHORT_HEADER);
    header[0] = isThere ? ECHO[version].request : ECHO[version].reply;
    return { source, destination, protocol: icmpOf(version), header };
  }
  const isTcp = service.protocol === 'tcp';
  const header = new Uint8Array(isTcp ? TCP_HEADER : SHORT_HEADER);
  const view = new DataView(header.buffer);
  view.setUint16(0, isThere ? CLIENT_PORT : service.port);
  view.setUint16(2, isThere ? service.port : CLIENT_PORT);
  if (isTcp) {
    header[DATA_OFFSET] = (TCP_HEADER / 4) << 4;
    header[TCP_FLAGS] = isThere ? SYN : SYN_ACK;
  }
  return { source, destination, protocol: isTcp ? PROTOCOL_TCP : PROTOCOL_UDP, header };
}

function icmpOf(version: 4 | 6): number {
  return version === 4 ? PROTOCOL_ICMP : ICMPV6;
}

/**
 * Follows the largest packets: a stack on the way that cannot pass them on tells the sender (RFC 1191 §4, RFC 8201 §4), who
 * then sends smaller ones, if the message arrives. A segment that takes less than its stations believe tells nobody.
 */
async function measured(
  walker: Walker,
  way: Way,
  service: Service,
  receiver: BuiltStack,
): Promise<Direction> {
  const { source } = way.question;
  const narrows: Narrow[] = [];
  let size = Number.POSITIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  const { version } = receiver.stack.family;
  const mayFragment = version === 4 && service.protocol !== 'tcp';
  // RFC 9293 §3.7.1: TCP sends no segment that is longer than what the receiver's link takes.
  if (service.protocol === 'tcp') size = receiver.stack.linkMtu(source);
  for (const [index, { built, departure }] of way.hops.entries()) {
    if (departure === undefined || way.end.outcome !== 'delivered') break;
    const { mtu, segment } = departure;
    if (mtu < size) {
      if (index > 0 && !mayFragment) {
        const report = await reported(walker, built, source);
        narrows.push({ hop: index, size, mtu, report });
        if (report?.end.outcome !== 'delivered') return { way, pathMtu: Math.min(least, mtu), narrows };
      }
      size = mtu;
    }
    const takes = segment?.conditions.mtu ?? mtu;
    least = Math.min(least, mtu, takes);
    if (size > takes) {
      narrows.push({ hop: index, size, mtu: takes, report: undefined });
      break;
    }
  }
  return { way, pathMtu: least === Number.POSITIVE_INFINITY ? undefined : least, narrows };
}

async function reported(walker: Walker, router: BuiltStack, to: Address): Promise<Way | undefined> {
  const { stack } = router;
  const source = stack.sourceFor(to);
  if (isFailure(source)) return undefined;
  const header = new Uint8Array(SHORT_HEADER);
  const { version } = stack.family;
  header[0] = version === 4 ? DESTINATION_UNREACHABLE : PACKET_TOO_BIG;
  if (version === 4) header[1] = FRAGMENTATION_NEEDED;
  return await walker.walk(router, { source, destination: to, protocol: icmpOf(version), header });
}
