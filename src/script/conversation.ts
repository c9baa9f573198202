/**
 * The connections of a script as they stand on the wire: which flow a line means, and the bytes of what the script
 * sends.
 */
import { type Ends, icmpPacket, type Seen, tcpPacket, udpPacket } from './codec.ts';
import { Flow } from './flow.ts';
import { icmpNumbers } from './icmp-names.ts';
import { tell } from './lies.ts';
import { FLAG_BITS } from './parse-packet.ts';
import type { IpFields, PacketLine } from './syntax.ts';
import { Failed, Inconclusive } from './verdict.ts';
import type { World } from './world.ts';

const FIRST_REMOTE_PORT = 40_001;
const ACK = FLAG_BITS['.']!;
const SYN = FLAG_BITS['S']!;
const PLAIN: IpFields = { ecn: undefined, tos: undefined, flowLabel: undefined, ttl: undefined };

type IcmpLine = Extract<PacketLine, { protocol: 'icmp' }>;

/** The ports of lines that name none. */
export interface Ports {
  readonly localPort: number;
  readonly remotePort: number;
}

export class Conversation {
  readonly #world: World;
  readonly #ports: Ports;
  /** µs of a tick in the script's timestamps. */
  readonly #tick: number;
  readonly #flows: Flow[] = [];
  #nextPort = FIRST_REMOTE_PORT;

  constructor(world: World, ports: Ports, tick: number) {
    this.#world = world;
    this.#ports = ports;
    this.#tick = tick;
  }

  /** Of a packet on the wire. */
  of(direction: 'in' | 'out', seen: Seen): Flow | undefined {
    if (seen.protocol === 'icmp') return undefined;
    const [local, remote] =
      direction === 'out' ? [seen.sourcePort, seen.destinationPort] : [seen.destinationPort, seen.sourcePort];
    return this.#flows.findLast((flow) => flow.localPort === local && flow.remotePort === remote);
  }

  /** The flow of a packet of ours; a SYN that nobody knows yet is that of an active open. */
  sender(seen: Seen, line: PacketLine): Flow | undefined {
    if (seen.protocol === 'icmp') return undefined;
    const known = this.#flows.findLast((flow) => flow.owns(seen));
    if (known !== undefined || line.protocol === 'icmp') return known;
    return this.#open(seen.sourcePort, seen.destinationPort);
  }

  /** What a line of the script puts on the wire. */
  bytes(line: PacketLine): Uint8Array {
    const { wireFamily: family, local, remote } = this.#world;
    const ends: Ends = { family, source: remote, destination: local };
    if (line.protocol === 'icmp') return this.#icmp(line, ends);
    const flow = this.#flowFor(line);
    if (line.protocol === 'udp')
      return udpPacket(ends, line.ip, flow.remotePort, flow.localPort, line.length);
    const options = line.options === 'any' ? [] : line.options;
    const { start, length } = line.sequence;
    const honest = tcpPacket(ends, line.ip, {
      sourcePort: flow.remotePort,
      destinationPort: flow.localPort,
      seq: start | 0,
      ack: line.ack === undefined ? 0 : flow.toWire(line.ack),
      flags: line.flags,
      window: line.window ?? 0,
      urgent: line.urgent ?? 0,
      options: options.map((option) => flow.inbound(option)),
      length,
    });
    return line.ip.lies === undefined ? honest : tell(line.ip.lies, ends, honest);
  }

  #icmp(line: IcmpLine, ends: Ends): Uint8Array {
    const numbers = icmpNumbers(ends.family, line.type, line.code);
    const name = line.code === undefined ? line.type : `${line.type} ${line.code}`;
    if (numbers === undefined) throw new Failed(line.at, [`no ICMP message is called ${name}`]);
    if (numbers === 'absent') throw new Inconclusive(line.at, `${ends.family.name} has no ICMP ${name}`);
    const { type, code } = numbers;
    if (line.id !== undefined) return icmpPacket(ends, line.ip, type, code, line.id << 16, new Uint8Array(0));
    return icmpPacket(ends, line.ip, type, code, line.mtu ?? 0, this.#quote(line));
  }

  /** The packet of ours that the error is about, as the script describes it. */
  #quote(line: IcmpLine): Uint8Array {
    const { wireFamily: family, local, remote } = this.#world;
    const ends: Ends = { family, source: local, destination: remote };
    const flow = this.#flows.at(-1);
    const { quoted } = line;
    const ports = {
      sourcePort: flow?.localPort ?? this.#ports.localPort,
      destinationPort: flow?.remotePort ?? this.#ports.remotePort,
    };
    if (quoted !== undefined && 'udp' in quoted) {
      return udpPacket(ends, PLAIN, ports.sourcePort, ports.destinationPort, quoted.udp);
    }
    const last = flow?.lastSent;
    if (quoted === undefined || 'raw' in quoted) {
      if (last === undefined) throw new Failed(line.at, ['an ICMP error needs a packet of ours to be about']);
      return last.bytes;
    }
    return tcpPacket(ends, PLAIN, {
      ...ports,
      seq: flow?.toWire(quoted.start) ?? quoted.start,
      ack: 0,
      flags: ACK,
      window: 0,
      urgent: 0,
      options: [],
      length: quoted.length,
    });
  }

  /** The connection that a line of the script is about; a SYN of the peer begins a new one. */
  #flowFor(line: Extract<PacketLine, { protocol: 'tcp' | 'udp' }>): Flow {
    const { ports, direction } = line;
    const isSyn = line.protocol === 'tcp' && (line.flags & (SYN | ACK)) === SYN && direction === 'in';
    const [remote, local] =
      ports === undefined
        ? [undefined, undefined]
        : direction === 'in'
          ? [ports.source, ports.destination]
          : [ports.destination, ports.source];
    const current = this.#flows.findLast(
      (flow) => remote === undefined || (flow.remotePort === remote && flow.localPort === local),
    );
    // Without ports it belongs to a connection that is still there: a retransmission, or an attack on it.
    if (isSyn && remote === undefined && current?.isOpen !== true) {
      return this.#open(this.#ports.localPort, this.#nextPort++);
    }
    if (isSyn && current?.isOpen === false) current.begin();
    return current ?? this.#open(local ?? this.#ports.localPort, remote ?? this.#ports.remotePort);
  }

  #open(local: number, remote: number): Flow {
    const flow = new Flow(local, remote, this.#tick);
    this.#flows.push(flow);
    return flow;
  }
}
