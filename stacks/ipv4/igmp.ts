/**
 * The host's side of IGMP: RFC 3376 §5 and §7 (version 3, and hosts among older routers), RFC 2236 §3 (version 2),
 * RFC 1112 appendix I (version 1). Sockets join groups whole, without a choice of sources.
 */
import { ipv4 } from '../address/ipv4.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { SECOND, type Timer } from '../time/clock.ts';
import {
  CHANGE_TO_EXCLUDE,
  CHANGE_TO_INCLUDE,
  checkIgmp,
  type GroupRecord,
  IGMP_BYTES,
  igmpGroup,
  igmpType,
  LEAVE_GROUP,
  MEMBERSHIP_QUERY,
  MODE_IS_EXCLUDE,
  MODE_IS_INCLUDE,
  maxResponse,
  PROTOCOL_IGMP,
  QUERY_V3_BYTES,
  querySource,
  queryVersion,
  REPORT_V1,
  REPORT_V2,
  reportBytes,
  sourceCount,
  writeIgmp,
  writeReport,
} from '../wire/igmp.ts';
import { destinationWord, IPV4_HEADER } from '../wire/ipv4.ts';
import { ROUTER_ALERT_OPTION } from '../wire/ipv4-options.ts';
import type { Host } from './host.ts';
import type { Ipv4Interface } from './interface.ts';
import type { Options } from './options.ts';
import type { Output } from './output.ts';

const ALL_HOSTS = ipv4.allHosts.w3;
/** 224.0.0.2 and 224.0.0.22. */
const ALL_ROUTERS: number = 0xe0000002 | 0;
const IGMP_V3_ROUTERS: number = 0xe0000016 | 0;

// RFC 3376 §8.
const ROBUSTNESS = 2;
const UNSOLICITED_REPORT_INTERVAL: number = SECOND;
/** RFC 3376 §8.12: twice a query interval of 125 s and one response time of 10 s. */
export const OLDER_QUERIER_PRESENT: number = 260 * SECOND;
/** RFC 2236 §8.10. */
const UNSOLICITED_REPORT_INTERVAL_V2: number = 10 * SECOND;
/** Tenths of a second: what a query of version 1 means (RFC 2236 §4). */
const RESPONSE_V1 = 100;
/** Sources of a query that are remembered until the answer; a query for more is answered for the whole group. */
const MAX_SOURCES = 64;

/** What goes on at one interface. */
interface LinkState {
  /** Changes still to be told, and how often (RFC 3376 §5.1). */
  readonly changes: Map<number, { record: number; left: number }>;
  readonly changeTimer: Timer;
  /** The answer to a general query. */
  readonly generalTimer: Timer;
  /** µs: until when routers of these versions are there. */
  v1Until: number;
  v2Until: number;
}

export class Igmp {
  readonly #host: Host;
  readonly #output: Output;
  readonly #options: Options;
  readonly #links = new Map<Ipv4Interface, LinkState>();

  constructor(host: Host, output: Output, options: Options) {
    this.#host = host;
    this.#output = output;
    this.#options = options;
  }

  /** One more socket listens to `group`. */
  join(iface: Ipv4Interface, group: number): void {
    const known = iface.groups.get(group);
    if (known !== undefined) {
      known.users++;
      return;
    }
    const timer = this.#host.environment.clock.timer(() => this.#answer(iface, group), { background: true });
    iface.groups.set(group, { users: 1, timer, sources: [], lastReporter: false });
    this.#tellJoin(iface, group);
  }

  leave(iface: Ipv4Interface, group: number): void {
    const member = iface.groups.get(group);
    if (member === undefined || --member.users > 0) return;
    iface.groups.delete(group);
    member.timer.disarm();
    if (!this.#speaks(iface, group)) return;
    const version = this.#version(iface);
    if (version === 3) this.#change(iface, group, CHANGE_TO_INCLUDE);
    else if (version === 2 && member.lastReporter) this.#send(iface, ALL_ROUTERS, LEAVE_GROUP, group);
  }

  /** The link came up: its groups are told anew. */
  start(iface: Ipv4Interface): void {
    for (const group of iface.groups.keys()) this.#tellJoin(iface, group);
  }

  /** The link goes down, and with it all that was known of its routers. */
  stop(iface: Ipv4Interface): void {
    const link = this.#links.get(iface);
    if (link !== undefined) this.#cancel(iface, link);
    this.#links.delete(iface);
  }

  /** Takes ownership of a message for us, `start` at the IGMP header. */
  receive(packet: Packet): void {
    const iface = this.#host.interfaceAt(packet.ingress);
    const reason = iface === undefined ? 'icmp-ignored' : (checkIgmp(packet) ?? this.#heard(packet, iface));
    if (reason === undefined) this.#host.end(packet, 'delivered');
    else this.#host.end(packet, 'dropped', reason);
  }

  #heard(packet: Packet, iface: Ipv4Interface): DropReason | undefined {
    const type = igmpType(packet);
    if (type === MEMBERSHIP_QUERY) return this.#query(packet, iface);
    const member = iface.groups.get(igmpGroup(packet));
    if ((type !== REPORT_V1 && type !== REPORT_V2) || member === undefined) return 'icmp-ignored';
    // RFC 2236 §3, RFC 3376 §7.2.2: among older routers one report of a group is enough.
    if (this.#version(iface) === 3) return 'icmp-ignored';
    member.timer.disarm();
    member.lastReporter = false;
    return undefined;
  }

  #query(packet: Packet, iface: Ipv4Interface): DropReason | undefined {
    const version = queryVersion(packet);
    // RFC 1112 appendix I: version 1 asks for all groups, and what stands in the field is ignored.
    const group = version === 1 ? 0 : igmpGroup(packet);
    this.#options.read(packet);
    const to = destinationWord(packet, packet.network);
    // RFC 3376 §9.1: a query without router alert is forged, and a general one goes to all hosts and nowhere else.
    const astray = group === 0 && to >>> 28 === 0xe && to !== ALL_HOSTS;
    if (iface.mac === undefined || astray || (version > 1 && !this.#options.routerAlert))
      return 'icmp-ignored';
    const { now } = this.#host.environment.clock;
    const link = this.#link(iface);
    const before = this.#version(iface);
    if (version === 1) link.v1Until = now + OLDER_QUERIER_PRESENT;
    if (version === 2) link.v2Until = now + OLDER_QUERIER_PRESENT;
    const mode = this.#version(iface);
    if (mode !== before) this.#cancel(iface, link); // RFC 3376 §7.2.1
    const tenths = version === 1 || mode === 1 ? RESPONSE_V1 : maxResponse(packet);
    const delay = this.#random((tenths * SECOND) / 10);
    if (mode < 3) {
      for (const [one, member] of iface.groups) {
        if (one !== ALL_HOSTS && (group === 0 || group === one)) this.#sooner(member.timer, delay);
      }
    } else if (!(link.generalTimer.armed && link.generalTimer.deadline <= now + delay)) {
      // RFC 3376 §5.2, rules 2 to 5; rule 1 is the condition above.
      if (group === 0) link.generalTimer.armIn(delay);
      else this.#queryGroup(packet, iface, group, delay);
    }
    return undefined;
  }

  #queryGroup(packet: Packet, iface: Ipv4Interface, group: number, delay: number): void {
    const member = iface.groups.get(group);
    if (member === undefined || group === ALL_HOSTS) return;
    const asked = packet.length < QUERY_V3_BYTES ? 0 : sourceCount(packet);
    const whole = asked === 0 || (member.timer.armed && member.sources.length === 0);
    const sources = whole ? new Set<number>() : new Set(member.timer.armed ? member.sources : []);
    if (!whole) for (let i = 0; i < asked; i++) sources.add(querySource(packet, i));
    member.sources = sources.size > MAX_SOURCES ? [] : [...sources];
    this.#sooner(member.timer, delay);
  }

  /** The timer of a group fires: its current state, or in the older versions its report. */
  #answer(iface: Ipv4Interface, group: number): void {
    const member = iface.groups.get(group)!;
    if (this.#version(iface) < 3) {
      this.#reportOld(iface, group);
      return;
    }
    const { sources } = member;
    member.sources = [];
    // RFC 3376 §5.2: we exclude nobody, so whatever was asked about is wanted.
    const type = sources.length === 0 ? MODE_IS_EXCLUDE : MODE_IS_INCLUDE;
    this.#report(iface, [{ type, group, sources }]);
  }

  #tellJoin(iface: Ipv4Interface, group: number): void {
    if (!this.#speaks(iface, group)) return;
    if (this.#version(iface) === 3) {
      this.#change(iface, group, CHANGE_TO_EXCLUDE);
      return;
    }
    this.#reportOld(iface, group);
    iface.groups.get(group)!.timer.armIn(this.#random(UNSOLICITED_REPORT_INTERVAL_V2));
  }

  /** RFC 3376 §5.1: now, and once more within a second. */
  #change(iface: Ipv4Interface, group: number, record: number): void {
    this.#link(iface).changes.set(group, { record, left: ROBUSTNESS });
    this.#tellChanges(iface);
  }

  #tellChanges(iface: Ipv4Interface): void {
    const { changes, changeTimer } = this.#link(iface);
    const records: GroupRecord[] = [];
    for (const [group, change] of changes) {
      records.push({ type: change.record, group, sources: [] });
      if (--change.left === 0) changes.delete(group);
    }
    this.#report(iface, records);
    if (changes.size > 0) changeTimer.armIn(this.#random(UNSOLICITED_REPORT_INTERVAL));
    else changeTimer.disarm();
  }

  #reportAll(iface: Ipv4Interface): void {
    const groups = [...iface.groups.keys()].filter((group) => group !== ALL_HOSTS);
    this.#report(
      iface,
      groups.map((group) => ({ type: MODE_IS_EXCLUDE, group, sources: [] })),
    );
  }

  /** In as many messages as it takes (RFC 3376 §4.2.16). */
  #report(iface: Ipv4Interface, records: readonly GroupRecord[]): void {
    const room = iface.mtu - IPV4_HEADER - ROUTER_ALERT_OPTION.length;
    for (let at = 0; at < records.length; ) {
      let end = at + 1;
      while (end < records.length && reportBytes(records.slice(at, end + 1)) <= room) end++;
      const part = records.slice(at, end);
      at = end;
      const packet = this.#host.take(reportBytes(part));
      if (packet === undefined) return;
      writeReport(packet, part);
      this.#hand(packet, iface, IGMP_V3_ROUTERS);
    }
  }

  #reportOld(iface: Ipv4Interface, group: number): void {
    this.#send(iface, group, this.#version(iface) === 1 ? REPORT_V1 : REPORT_V2, group);
    iface.groups.get(group)!.lastReporter = true;
  }

  #send(iface: Ipv4Interface, to: number, type: number, group: number): void {
    const packet = this.#host.take(IGMP_BYTES);
    if (packet === undefined) return;
    writeIgmp(packet, type, group);
    this.#hand(packet, iface, to);
  }

  #hand(packet: Packet, iface: Ipv4Interface, to: number): void {
    this.#output.toLink(packet, iface, to, PROTOCOL_IGMP, ROUTER_ALERT_OPTION);
  }

  /** Is membership told on this link? Of 224.0.0.1 never (RFC 3376 §5). */
  #speaks(iface: Ipv4Interface, group: number): boolean {
    return iface.up && iface.mac !== undefined && group !== ALL_HOSTS;
  }

  /** RFC 3376 §7.2.1: that of the oldest querier heard lately. */
  #version(iface: Ipv4Interface): 1 | 2 | 3 {
    const link = this.#links.get(iface);
    if (link === undefined) return 3;
    const { now } = this.#host.environment.clock;
    if (link.v1Until > now) return 1;
    return link.v2Until > now ? 2 : 3;
  }

  #link(iface: Ipv4Interface): LinkState {
    let link = this.#links.get(iface);
    if (link === undefined) {
      const { clock } = this.#host.environment;
      link = {
        changes: new Map(),
        changeTimer: clock.timer(() => this.#tellChanges(iface), { background: true }),
        generalTimer: clock.timer(() => this.#reportAll(iface), { background: true }),
        v1Until: 0,
        v2Until: 0,
      };
      this.#links.set(iface, link);
    }
    return link;
  }

  #cancel(iface: Ipv4Interface, link: LinkState): void {
    link.changes.clear();
    link.changeTimer.disarm();
    link.generalTimer.disarm();
    for (const member of iface.groups.values()) {
      member.timer.disarm();
      member.sources = [];
    }
  }

  #sooner(timer: Timer, delay: number): void {
    if (!timer.armed || timer.deadline > this.#host.environment.clock.now + delay) timer.armIn(delay);
  }

  /** µs, above 0 and up to `most`. */
  #random(most: number): number {
    return 1 + (this.#host.environment.random.u32() % Math.max(1, most));
  }
}
