/**
 * What becomes of a packet. Every packet that a stack or a device takes in ends in exactly one verdict:
 * delivered, forwarded, answered, or dropped with one reason of this table. The table feeds the counters, the trace
 * and the documentation.
 */

export interface ReasonText {
  /** What happened, for a person. */
  readonly says: string;
  /** The rule behind it. */
  readonly rule: string;
}

export const DROP_REASONS = {
  // Any layer
  'no-buffer': { says: 'no packet buffer was free', rule: 'bound: packet pool' },
  'stack-stopped': { says: 'the stack is not attached', rule: 'ATTACH TCP/IP' },
  'link-down': { says: 'the link is down', rule: 'DEVICE' },
  'device-refused': { says: 'the operating system refused the packet', rule: 'write(2)' },
  runt: { says: 'shorter than its header', rule: 'RFC 791 §3.1, RFC 8200 §3' },
  'bad-length': {
    says: 'a length field does not fit the bytes that came',
    rule: 'RFC 791 §3.1, RFC 8200 §3',
  },
  'bad-version': { says: 'the version field is not that of this stack', rule: 'RFC 791 §3.1, RFC 8200 §3' },
  'bad-checksum': { says: 'the checksum does not verify', rule: 'RFC 1071' },
  'bad-option': {
    says: 'an option runs past its header or has an impossible length',
    rule: 'RFC 1122 §3.2.1.8',
  },
  // Segment and wire
  'segment-loss': { says: 'lost on the segment, as its LOSS says', rule: 'SEGMENT' },
  'segment-queue': { says: 'the queue of the segment was full', rule: 'SEGMENT' },
  'over-mtu': { says: 'longer than the MTU of the segment', rule: 'SEGMENT' },
  // Ethernet, ARP and neighbour discovery
  'not-for-me': { says: 'addressed to another station or host', rule: 'RFC 1122 §3.2.1.3' },
  'unknown-ethertype': { says: 'no protocol here takes this EtherType', rule: 'RFC 894, RFC 2464' },
  'bad-arp': { says: 'an ARP packet with impossible fields', rule: 'RFC 826' },
  'bad-neighbour-message': {
    says: 'a neighbour discovery message fails its checks',
    rule: 'RFC 4861 §6.1, §7.1',
  },
  'neighbour-unresolved': { says: 'the next hop did not answer', rule: 'RFC 1122 §2.3.2, RFC 4861 §7.2.2' },
  'neighbour-queue': { says: 'too many packets wait for this next hop', rule: 'RFC 4861 §7.2.2' },
  'neighbour-unsolicited': {
    says: 'an answer that nobody asked for',
    rule: 'RFC 5227 §2.4, RFC 4861 §7.2.5',
  },
  'address-conflict': {
    says: 'another station claims an address of ours',
    rule: 'RFC 5227 §2.4, RFC 4862 §5.4.4',
  },
  'address-tentative': {
    says: 'the address is not yet known to be unique',
    rule: 'RFC 5227 §2.1, RFC 4862 §5.4',
  },
  // IP
  'bad-source': { says: 'the source address cannot be a sender', rule: 'RFC 1122 §3.2.1.3, RFC 4291 §2.7' },
  'bad-destination': {
    says: 'the destination address cannot be reached from a wire',
    rule: 'RFC 1122 §3.2.1.3',
  },
  'source-routed': { says: 'source-routed datagrams are not taken', rule: 'RFC 7126 §4.3, RFC 5095' },
  'directed-broadcast': { says: 'a directed broadcast is not forwarded', rule: 'RFC 2644 §2' },
  'source-route-failed': { says: 'a source route that cannot be followed', rule: 'RFC 1812 §5.3.13.3' },
  'hop-limit': {
    says: 'time to live or hop limit exceeded in transit',
    rule: 'RFC 1812 §5.3.1, RFC 4443 §3.3',
  },
  'no-route': { says: 'no route to the destination', rule: 'RFC 1812 §5.2.7.1, RFC 4443 §3.1' },
  'route-blackhole': { says: 'the route ends it without a word', rule: 'ROUTE ... TYPE BLACKHOLE' },
  'route-unreachable': {
    says: 'the route says that the destination is not to be reached',
    rule: 'ROUTE ... TYPE UNREACHABLE or REJECT; RFC 1812 §5.2.7.1, RFC 4443 §3.1',
  },
  'route-prohibited': {
    says: 'the route says that it is prohibited',
    rule: 'ROUTE ... TYPE PROHIBIT; RFC 1812 §5.2.7.1, RFC 4443 §3.1',
  },
  'forwarding-off': { says: 'not for this host, and it does not forward', rule: 'RFC 1122 §3.3.1.1' },
  'too-big': { says: 'longer than the next MTU and not to be fragmented', rule: 'RFC 1191 §4, RFC 8201 §4' },
  'beyond-scope': { says: 'a link-local address does not leave its link', rule: 'RFC 4007 §9' },
  'unknown-protocol': {
    says: 'no protocol here takes this protocol number',
    rule: 'RFC 1122 §3.2.2.1, RFC 4443 §3.4',
  },
  'bad-extension-header': { says: 'an extension header breaks its rules', rule: 'RFC 8200 §4' },
  'unknown-option': { says: 'an option asks to be dropped when it is not known', rule: 'RFC 8200 §4.2' },
  'no-next-header': { says: 'nothing follows, as Next Header 59 says', rule: 'RFC 8200 §4.7' },
  'fragment-overlap': { says: 'fragments overlap', rule: 'RFC 5722 §4, RFC 8200 §4.5' },
  'fragment-duplicate': { says: 'the same fragment came before', rule: 'RFC 815 §3, RFC 8200 §4.5' },
  'fragment-bounds': {
    says: 'a fragment lies outside the largest datagram',
    rule: 'RFC 791 §3.2, RFC 8200 §4.5',
  },
  'fragment-ecn': {
    says: 'fragments met congestion, and others of the datagram cannot tell of it',
    rule: 'RFC 3168 §5.3',
  },
  'fragment-chain': { says: 'the first fragment does not hold all headers', rule: 'RFC 7112 §5' },
  'reassembly-timeout': {
    says: 'the missing fragments did not come',
    rule: 'RFC 1122 §3.3.2, RFC 8200 §4.5',
  },
  'reassembly-full': { says: 'the reassembly budget is used up', rule: 'bound: reassembly bytes' },
  // ICMP
  'icmp-ignored': {
    says: 'an ICMP or IGMP message that a host does not act on',
    rule: 'RFC 1122 §3.2.2, RFC 4443 §2.4, RFC 3376 §9.1',
  },
  'icmp-unmatched': { says: 'an ICMP message that belongs to nothing of ours', rule: 'RFC 5927 §4' },
  // Transport
  'port-unreachable': { says: 'no socket at this port', rule: 'RFC 1122 §4.1.3.1' },
  'receive-buffer-full': {
    says: 'the socket has not read what it already holds',
    rule: 'bound: socket buffer',
  },
  'buffers-full': {
    says: 'the queues of the stack hold as much as they may',
    rule: 'bound: buffers of a stack',
  },
  'port-suspended': { says: 'the operator suspended this port', rule: 'PORT n SUSPEND' },
  filtered: { says: 'an IN statement denies it', rule: 'IN' },
  'no-connection': { says: 'a segment for no connection, and no reset is due', rule: 'RFC 9293 §3.10.7.1' },
  'outside-window': { says: 'a segment outside the receive window', rule: 'RFC 9293 §3.10.7.4' },
  'bad-ack': { says: 'acknowledges what was never sent', rule: 'RFC 9293 §3.10.7.4, RFC 5961 §5' },
  'old-timestamp': { says: 'a segment older than one already taken (PAWS)', rule: 'RFC 7323 §5' },
  'no-ack-flag': { says: 'a segment without ACK in a synchronised state', rule: 'RFC 9293 §3.10.7.4' },
  'blind-reset': { says: 'a reset that does not hit the next expected byte', rule: 'RFC 5961 §3' },
  'backlog-full': { says: 'the listener has no room', rule: 'bound: backlog' },
  'accept-deferred': {
    says: 'an ACK without data, and the listener waits for data',
    rule: 'TCP_DEFER_ACCEPT',
  },
  'connection-limit': { says: 'the stack holds its maximum of connections', rule: 'bound: connections' },
} as const satisfies Record<string, ReasonText>;

export type DropReason = keyof typeof DROP_REASONS;

/** `transmitted` ends a packet that was made here; the other three, and `dropped`, end a packet that came in. */
export type Verdict = 'delivered' | 'forwarded' | 'answered' | 'transmitted' | 'dropped';

/** Counts one per verdict and, for drops, one per reason: received = delivered + forwarded + answered + dropped in. */
export class Counters {
  received = 0;
  delivered = 0;
  forwarded = 0;
  answered = 0;
  transmitted = 0;
  /** Packets of our own that did not leave. */
  unsent = 0;
  dropped = 0;
  readonly drops: Partial<Record<DropReason, number>> = {};

  /** One that came in, by its verdict; by name, since a computed key is looked up at every packet. */
  count(verdict: Verdict, reason: DropReason | undefined): void {
    if (verdict === 'delivered') this.delivered++;
    else if (verdict === 'answered') this.answered++;
    else if (verdict === 'forwarded') this.forwarded++;
    else if (verdict === 'transmitted') this.transmitted++;
    else if (reason !== undefined) this.drop(reason);
  }

  drop(reason: DropReason): void {
    this.dropped++;
    this.drops[reason] = (this.drops[reason] ?? 0) + 1;
  }
}
