/**
 * Where our hosts answer otherwise than Linux on purpose. Reviewed by hand: a vector that differs and stands in no row
 * fails the test, and so does a row that more or fewer vectors fit than it says. `*` stands for anything.
 */
export interface Row {
  /** Names of vectors. */
  readonly vectors: readonly string[];
  /** How many of them differ so. */
  readonly count: number;
  readonly ours: string;
  readonly linux: string;
  /** What backs ours. */
  readonly rule: string;
  readonly why: string;
}

export const ROWS: readonly Row[] = [
  // IPv4 header and addresses
  {
    vectors: ['v4 source 192.0.2.255*', 'v4 source 192.0.2.0*'],
    count: 4,
    ours: 'nothing',
    linux: 'ICMP *',
    rule: 'RFC 1122 §3.2.1.3',
    why: 'A broadcast address is no source: such a datagram is discarded. Linux leaves that to rp_filter.',
  },
  {
    vectors: ['v4 source 169.254.1.1*'],
    count: 2,
    ours: 'ICMP *',
    linux: 'nothing',
    rule: 'RFC 3927 §2.6.2',
    why: 'A link-local sender is on the link, whatever address the host has itself.',
  },
  {
    vectors: ['v4 protocol *'],
    count: 2,
    ours: 'ICMP 3/2',
    linux: 'nothing',
    rule: 'RFC 1122 §3.2.2.1',
    why: 'Linux has PIM and UDP-Lite, and drops what is malformed; here nobody takes these protocols.',
  },
  // IPv4 options
  {
    vectors: ['v4 option *'],
    count: 10,
    ours: 'ICMP 12/0, word 15000000',
    linux: 'ICMP 12/0, word 14000000',
    rule: 'RFC 792, p. 8',
    why: 'The pointer names the octet where the error was found: the length, not the kind before it.',
  },
  {
    vectors: ['v4 option router alert*'],
    count: 2,
    ours: 'ICMP *',
    linux: 'ICMP 12/0',
    rule: 'RFC 2113 §2.1',
    why: 'A router alert says nothing to the host that the datagram is for, whatever its length.',
  },
  {
    vectors: ['v4 option timestamp flag 2*'],
    count: 2,
    ours: 'ICMP 12/0',
    linux: 'ICMP *',
    rule: 'RFC 791, p. 22',
    why: 'The flags of a timestamp option are 0, 1 or 3.',
  },
  {
    vectors: ['v4 option record route*, udp', 'v4 option timestamp*, udp'],
    count: 5,
    ours: 'ICMP 3/3*',
    linux: 'ICMP 3/3*',
    rule: 'RFC 1122 §3.2.2',
    why: 'An error need not carry the options of what it is about; an echo reply does (§3.2.2.6).',
  },
  {
    vectors: ['v4 option garbage behind the end, udp'],
    count: 1,
    ours: 'ICMP 3/3, body of 40 bytes',
    linux: 'ICMP 3/3, body of 40 bytes',
    rule: 'RFC 792, p. 4',
    why: 'The quotation is the header as it came; Linux has cleared what stood behind the end of the options.',
  },
  // ICMP
  {
    vectors: ['v4 icmp *'],
    count: 3,
    ours: 'nothing',
    linux: 'ICMP 14/0',
    rule: 'RFC 1122 §3.2.2.8',
    why: 'A host may answer timestamp requests; ours does not tell its clock.',
  },
  {
    vectors: ['v4 icmp echo, code 1'],
    count: 1,
    ours: 'ICMP 0/0',
    linux: 'ICMP 0/1',
    rule: 'RFC 792, p. 14',
    why: 'The code of an echo reply is 0.',
  },
  {
    vectors: ['v6 icmp echo, code 1'],
    count: 1,
    ours: 'ICMPv6 129/0',
    linux: 'ICMPv6 129/1',
    rule: 'RFC 4443 §4.2',
    why: 'The code of an echo reply is 0.',
  },
  {
    vectors: ['v4 icmp too big, mtu *'],
    count: 2,
    ours: 'nothing; ICMP 0/0',
    linux: 'nothing; fragment*',
    rule: 'RFC 5927 §7.2',
    why: 'It quotes a datagram that was never sent. Linux believes it for any bound port, and cuts what follows.',
  },
  {
    vectors: ['v6 icmp too big, mtu *'],
    count: 1,
    ours: 'nothing; ICMPv6 129/0',
    linux: 'nothing; fragment*',
    rule: 'RFC 8201 §4',
    why: 'It quotes a packet that was never sent, and that can be told.',
  },
  // UDP
  {
    vectors: ['v* udp length 8 of 20', 'v* udp length 19 of 20'],
    count: 4,
    ours: 'ICMP*, body *',
    linux: 'ICMP*, body *',
    rule: 'RFC 1812 §4.3.2.3, RFC 4443 §3.1',
    why: 'As much of the packet as fits is quoted, the bytes behind the UDP length with it; Linux has cut them off.',
  },
  {
    vectors: ['v6 udp length 0'],
    count: 1,
    ours: 'nothing',
    linux: 'ICMPv6 1/4',
    rule: 'RFC 2675 §4',
    why: 'Length 0 is for jumbograms alone, and this is none.',
  },
  // TCP
  {
    vectors: ['v* tcp listening port, FS*'],
    count: 8,
    ours: 'TCP SA',
    linux: 'nothing',
    rule: 'RFC 9293 §3.10.7.2',
    why: 'In LISTEN a SYN is taken whatever other control bits stand beside it.',
  },
  {
    vectors: ['v* tcp syn, length *', 'v* tcp syn, past the *'],
    count: 8,
    ours: 'nothing',
    linux: 'TCP SA',
    rule: 'RFC 9293 §3.1, MUST-7',
    why: 'An option of impossible length makes the segment void; Linux takes what stood before it.',
  },
  {
    vectors: ['v* tcp established with sack, fin out of order'],
    count: 2,
    ours: 'TCP SA; nothing; TCP A, tcp options empty',
    linux: 'TCP SA; nothing; TCP A, tcp options 5:*',
    rule: 'RFC 2018 §3',
    why: 'SACK tells of data that is held. A FIN without data, out of order, is not held; it comes again.',
  },
  {
    vectors: ['v* tcp established*, data behind the fin'],
    count: 4,
    ours: 'TCP SA; nothing; TCP A; TCP A',
    linux: 'TCP SA; nothing; TCP A; nothing',
    rule: 'RFC 9293 §3.10.7.4',
    why: 'Text behind the FIN is ignored; the ACK tells the peer that we have seen its FIN.',
  },
  // IPv6
  {
    vectors: ['v6 destination *'],
    count: 14,
    ours: 'nothing',
    linux: 'ICMPv6 1/0',
    rule: 'RFC 4443 §3.1',
    why: 'No route is what a router says. A host that does not forward drops what is not for it (RFC 1122 §3.3.1.1).',
  },
  {
    vectors: ['v6 header traffic class *'],
    count: 2,
    ours: 'ICMPv6 129/0, tos 0',
    linux: 'ICMPv6 129/0, tos *',
    rule: 'RFC 4443 §4.2',
    why: 'Nothing says that a reply repeats the traffic class; a congestion mark must not come back as one (RFC 3168 §5).',
  },
  {
    vectors: ['v6 next header *'],
    count: 2,
    ours: 'ICMPv6 4/1',
    linux: 'nothing',
    rule: 'RFC 8200 §4',
    why: 'Linux has PIM and UDP-Lite, and drops what is malformed; here these headers are not known.',
  },
  {
    vectors: ['v6 extension *, padn with data, *'],
    count: 4,
    ours: 'ICMPv6 129/0',
    linux: 'nothing',
    rule: 'RFC 8200 §4.2',
    why: "Padding is skipped; that a sender fills it with zeros is the sender's duty alone.",
  },
  {
    vectors: ['v6 extension routing type *, none left'],
    count: 2,
    ours: 'ICMPv6 129/0',
    linux: 'nothing',
    rule: 'RFC 8200 §4.4',
    why: 'An unrecognised routing header with no segments left is ignored. Linux knows types 3 and 4 and has them off.',
  },
  {
    vectors: ['v6 extension routing type 4, one left'],
    count: 1,
    ours: 'ICMPv6 4/0',
    linux: 'nothing',
    rule: 'RFC 8200 §4.4',
    why: 'An unrecognised routing header with segments left is reported.',
  },
  {
    vectors: ['v6 extension hop-by-hop, jumbo payload, to one'],
    count: 1,
    ours: 'ICMPv6 4/2',
    linux: 'ICMPv6 4/0',
    rule: 'RFC 2675 §3',
    why: 'Jumbograms are not implemented, so the option is not recognised; its high bits ask for that report.',
  },
  {
    vectors: ['v6 extension first fragment without the upper header'],
    count: 1,
    ours: 'nothing',
    linux: 'ICMPv6 4/3',
    rule: 'RFC 4443 §2.4 (e.1)',
    why: 'What is missing might be an ICMPv6 error, about which none may be sent.',
  },
  {
    vectors: ['v6 extension fragment inside a fragment'],
    count: 1,
    ours: 'nothing',
    linux: 'ICMPv6 4/0',
    rule: 'RFC 8200 §4.1',
    why: 'Each extension header occurs once; what reassembly made is no fragment, and is dropped in silence.',
  },
  // Ethernet
  {
    vectors: ['arp request, group MAC inside'],
    count: 1,
    ours: 'nothing',
    linux: 'ARP 2',
    rule: 'RFC 1812 §3.3.2',
    why: 'No station has a group address; who answers would send frames to many.',
  },
  {
    vectors: ['arp hardware type 6'],
    count: 1,
    ours: 'nothing',
    linux: 'ARP 2',
    rule: 'RFC 826',
    why: 'The hardware type of this link is 1.',
  },
  {
    vectors: ['nd solicitation, unicast*'],
    count: 2,
    ours: 'ICMPv6 136/0, word 60000000, body *',
    linux: 'ICMPv6 136/0, word 40000000, body *',
    rule: 'RFC 4861 §7.2.4',
    why: 'The link-layer address may be left out of such an answer, and overrides where it is told.',
  },
  {
    vectors: ['nd ipv4 echo, * MAC'],
    count: 2,
    ours: 'nothing',
    linux: 'ICMP 0/0',
    rule: 'RFC 1122 §3.3.6',
    why: 'A unicast datagram in a broadcast or group frame is not to be believed.',
  },
];

/** The same of vectors that are generated, of which at least one must differ so. */
export const GENERATED: readonly Omit<Row, 'vectors' | 'count'>[] = [
  {
    ours: 'nothing',
    linux: 'ICMPv6 1/0',
    rule: 'RFC 4443 §3.1',
    why: 'No route is what a router says; a host drops what is not for it.',
  },
  {
    ours: 'nothing',
    linux: 'ICMPv6 4/*',
    rule: 'RFC 8200 §4',
    why: 'Hop-by-hop options are looked at where the packet is for us; Linux looks first. Or a fragment in a fragment.',
  },
  {
    ours: 'ICMP 12/0*, word *',
    linux: 'ICMP 12/0*, word *',
    rule: 'RFC 792, p. 8',
    why: 'The pointer names the octet where the error was found, in the first option that is wrong.',
  },
  {
    ours: 'ICMP *',
    linux: 'ICMP 12/0',
    rule: 'RFC 1122 §3.2.1.8 (d), (e)',
    why: 'The insides of options that are optional and not implemented are not judged.',
  },
  {
    ours: 'nothing',
    linux: 'ICMP 12/0',
    rule: 'RFC 1122 §3.2.1.8 (d), (e), RFC 7126 §4.3',
    why: 'The same where the datagram is dropped for another reason, or for its source route.',
  },
  {
    ours: 'ICMP *, options empty*',
    linux: 'ICMP *, options *',
    rule: 'RFC 1122 §3.2.1.8 (d), (e)',
    why: 'Record route and timestamp are not in our answers.',
  },
  {
    ours: 'ICMP*, tos *',
    linux: 'ICMP*, tos *',
    rule: 'RFC 1122 §3.2.2, RFC 4443 §4.2',
    why: 'An error of a host has a TOS of zero, an ICMPv6 reply traffic class 0; Linux repeats bits that came.',
  },
  {
    ours: 'TCP R*, tos 0',
    linux: 'TCP R*, tos *',
    rule: 'RFC 9293 §3.9.2',
    why: 'A reset for no connection has the default TOS; Linux repeats what came.',
  },
  {
    ours: 'nothing',
    linux: 'TCP *',
    rule: 'RFC 9293 §3.1, MUST-7',
    why: 'An option of impossible length makes the segment void.',
  },
  {
    ours: 'TCP SA',
    linux: 'nothing',
    rule: 'RFC 9293 §3.10.7.2',
    why: 'In LISTEN a SYN is taken whatever other control bits stand beside it.',
  },
  {
    ours: 'ICMP 3/2',
    linux: 'nothing',
    rule: 'RFC 1122 §3.2.2.1',
    why: 'Linux has IGMP, PIM and UDP-Lite, and drops what is malformed.',
  },
  {
    ours: 'ICMP 12/0',
    linux: 'nothing',
    rule: 'RFC 791, p. 19, p. 22',
    why: 'Options that are malformed are reported; Linux drops a source route, and some datagrams, before it has looked.',
  },
  {
    ours: 'ICMP *',
    linux: 'nothing',
    rule: 'RFC 3927 §2.6.2',
    why: 'A link-local sender is on the link, whatever address the host has itself.',
  },
  {
    ours: 'ICMPv6 4/1',
    linux: 'nothing',
    rule: 'RFC 8200 §4',
    why: 'Linux has PIM and UDP-Lite, and drops what is malformed.',
  },
  {
    ours: 'ICMPv6 *',
    linux: 'nothing',
    rule: 'RFC 8200 §4.2, §4.4',
    why: 'Padding is skipped whatever it holds, and so is a routing header with no segments left; Linux drops both.',
  },
  {
    ours: 'nothing',
    linux: 'nothing, delivered *',
    rule: 'RFC 1122 §3.2.1.3',
    why: 'An address of network 0 is the source of nobody who has one.',
  },
  {
    ours: 'ICMPv6 4/2',
    linux: 'ICMPv6 4/0',
    rule: 'RFC 2675 §3',
    why: 'The jumbo payload option is not recognised.',
  },
  {
    ours: 'nothing',
    linux: 'ICMPv6 1/4',
    rule: 'RFC 2675 §4',
    why: 'UDP length 0 is for jumbograms alone.',
  },
  {
    ours: 'nothing',
    linux: 'ICMP 14/0',
    rule: 'RFC 1122 §3.2.2.8',
    why: 'Our host does not tell its clock.',
  },
  {
    ours: 'nothing',
    linux: 'ICMP *',
    rule: 'RFC 1122 §3.2.1.3',
    why: 'A broadcast address is no source.',
  },
  {
    ours: 'ICMP*/0',
    linux: 'ICMP*/*',
    rule: 'RFC 792, p. 14, RFC 4443 §4.2',
    why: 'The code of an echo reply is 0; Linux repeats what came.',
  },
  {
    ours: 'ICMP 3/*, body *',
    linux: 'ICMP 3/*, body *',
    rule: 'RFC 792, p. 4, RFC 1812 §4.3.2.3',
    why: 'The quotation is the packet as it came; Linux has cleared or cut parts of it.',
  },
];
