/** Lengths, options and extension headers that lie. */
import { type AttackClass, attack } from './attack.ts';

export const lengths: AttackClass = {
  kind: 'Lengths that lie',
  attacks: [
    attack('a packet of either family cut anywhere', 'silence (RFC 791 §3.1, RFC 8200 §3)', {
      drops: ['runt', 'bad-length'],
      tests: [
        'stacks/hostile/lengths.test.ts: a packet that is cut anywhere',
        'stacks/ipv4/input.test.ts: total length beyond the packet',
        "stacks/ipv6/extension-headers.test.ts: it('is checked'",
      ],
    }),
    attack('a frame cut anywhere', 'silence (RFC 894, RFC 2464 §3)', {
      drops: ['runt', 'bad-length'],
      tests: ['stacks/hostile/lengths.test.ts: a frame that is cut anywhere'],
    }),
    attack('a total or payload length of any other value', 'silence (RFC 791 §3.1, RFC 8200 §3)', {
      drops: ['runt', 'bad-length', 'bad-checksum'],
      tests: ['stacks/hostile/lengths.test.ts: every other value of the length field'],
    }),
    attack('bytes behind the length', 'they are padding: the packet is taken (RFC 1122 §2.3.1)', {
      tests: [
        'stacks/ipv4/input.test.ts: ignores link padding',
        'compliance/rows/host-ipv6.ts: is the length of the packet',
      ],
    }),
    attack('an IPv4 header below five words, or longer than the packet', 'silence (RFC 791 §3.1)', {
      drops: ['bad-length'],
      tests: [
        'stacks/ipv4/input.test.ts: header of 16 bytes',
        'stacks/ipv4/input.test.ts: header beyond the packet',
      ],
    }),
    attack('another version than the stack is of', 'silence (RFC 1122 §3.2.1.1, RFC 8200 §3)', {
      drops: ['bad-version'],
      tests: ['stacks/ipv4/input.test.ts: version 6', 'compliance/rows/host-ipv6.ts: whose version is not 6'],
    }),
    attack('a wrong checksum of IPv4, ICMP or UDP', 'silence (RFC 1122 §3.2.1.2, RFC 4443 §2.3)', {
      drops: ['bad-checksum'],
      tests: [
        "stacks/ipv4/input.test.ts: ['checksum'",
        'stacks/ipv4/input.test.ts: a broken checksum',
        'stacks/ipv6/errors.test.ts: with a wrong checksum',
        'compliance/rows/host-udp.ts: A datagram with a wrong checksum',
      ],
    }),
    attack('UDP over IPv6 without a checksum', 'silence (RFC 8200 §8.1)', {
      drops: ['bad-checksum'],
      tests: ['stacks/ipv6/transports.test.ts: drop UDP without a checksum'],
    }),
    attack('a UDP length below eight, or beyond the packet', 'silence (RFC 768)', {
      drops: ['bad-length', 'runt'],
      tests: [
        'stacks/hostile/lengths.test.ts: a length of UDP',
        "stacks/udp/udp.test.ts: 'bad-length'",
        'compliance/rows/host-udp.ts: A length below eight is discarded.',
      ],
    }),
    attack('a UDP length short of the packet', 'no byte behind it is delivered (RFC 768)', {
      tests: ['stacks/udp/udp.test.ts: gives no more than the length says'],
    }),
    attack(
      'an IGMP message of an odd length, or with sources that are not there',
      'silence (RFC 3376 §4.1)',
      {
        drops: ['runt', 'bad-length'],
        tests: [
          'stacks/ipv4/igmp.test.ts: a query of 10 bytes',
          'stacks/ipv4/igmp.test.ts: sources that are not there',
        ],
      },
    ),
    attack('an MLD message of an odd length, or with sources that are not there', 'silence (RFC 3810 §8.1)', {
      drops: ['icmp-ignored'],
      tests: [
        'stacks/ipv6/mld.test.ts: a length of no version',
        'stacks/ipv6/mld.test.ts: sources that are not there',
      ],
    }),
    attack('an offload header of the host that lies about its packet', 'silence (virtio 1.2 §5.1.6)', {
      tests: ['devices/tun/vnet-header.test.ts: is refused with %s'],
    }),
  ],
};

export const options: AttackClass = {
  kind: 'Options',
  attacks: [
    attack(
      'an IPv4 option of length 0 or 1, or past its header; every type with each of these lengths',
      'a parameter problem that points at it (RFC 1122 §3.2.2.5)',
      {
        drops: ['bad-option'],
        tests: [
          'stacks/hostile/options.test.ts: of IPv4: one that is too short',
          'stacks/ipv4/input.test.ts: name the octet that is wrong',
          'compliance/rows/host-ipv4-addresses.ts: not in an endless loop',
        ],
      },
    ),
    attack('what stands behind the end of options', 'it is not looked at (RFC 791 §3.1)', {
      tests: ['compliance/rows/host-ipv4-addresses.ts: Nothing behind the end of the option list'],
    }),
    attack(
      'recorded routes and timestamps with pointers that lead astray',
      'a parameter problem that points at it (RFC 1812 §5.2.4)',
      {
        drops: ['bad-option'],
        tests: ['stacks/ipv4/options.test.ts: names the octet: %s'],
      },
    ),
    attack('a source route, loose or strict', 'silence (RFC 7126 §4.3)', {
      drops: ['source-routed'],
      tests: [
        'stacks/ipv4/input.test.ts: loose source route',
        'stacks/ipv4/options.test.ts: is dropped unless the operator wants it',
      ],
    }),
    attack(
      'a source route to a group, a broadcast or nowhere, where the operator allows them',
      'source route failed (RFC 1812 §5.3.13.3)',
      {
        drops: ['source-route-failed'],
        tests: ['stacks/ipv4/options.test.ts: %s cannot be followed'],
      },
    ),
    attack(
      'an IPv6 option past its header; every type with each length, hop-by-hop and destination',
      'silence; of an unknown one what its high bits ask for (RFC 8200 §4.2)',
      {
        drops: ['bad-option', 'unknown-option'],
        tests: [
          'stacks/hostile/options.test.ts: of IPv6 %s options',
          'stacks/ipv6/extension-headers.test.ts: asks for its own treatment',
        ],
      },
    ),
    attack('an unknown option in a packet to a group', 'told for high bits 10 only (RFC 4443 §2.4(e.3))', {
      drops: ['unknown-option'],
      bounds: ['stacks/ipv6/icmp-errors ERRORS_PER_SECOND'],
      tests: [
        'stacks/ipv6/extension-headers.test.ts: sent to a group, option %i',
        'compliance/rows/host-ipv6.ts: is limited in rate',
      ],
    }),
    attack('more options than anybody needs', 'silence (RFC 8504 §5.3)', {
      drops: ['bad-extension-header'],
      bounds: ['stacks/ipv6/extension-headers MAX_OPTIONS'],
      tests: ['stacks/ipv6/extension-headers.test.ts: more options than anybody needs'],
    }),
    attack('a neighbour discovery option of length 0, or past its message', 'silence (RFC 4861 §4.6, §7.1)', {
      drops: ['bad-neighbour-message'],
      tests: [
        'stacks/ipv6/nd.test.ts: solicitation with an empty option',
        'stacks/ipv6/nd.test.ts: solicitation with an option past its end',
        'compliance/rows/host-nd-validation.ts: an option of length zero',
      ],
    }),
    attack('an advertisement full of options of one kind', 'so many are read (RFC 6104 §2)', {
      bounds: ['stacks/wire/ndp MAX_OPTIONS_OF_A_KIND'],
      tests: ['stacks/ipv6/routers.test.ts: are read from so many options of one advertisement'],
    }),
    attack(
      'names of search domains that run past their option, loop, or hold what a terminal obeys',
      'they are not taken (RFC 8106 §5.3, RFC 1035 §3.1)',
      {
        bounds: [
          'stacks/ipv6/name-servers MAX_NAME',
          'stacks/ipv6/name-servers MAX_LABEL',
          'stacks/ipv6/name-servers MAX_SERVERS',
          'stacks/ipv6/name-servers MAX_DOMAINS',
        ],
        tests: ['stacks/ipv6/advertisement.test.ts: are bounded and judged'],
      },
    ),
    attack('IGMP or MLD queries without router alert', 'silence (RFC 3376 §9.1, RFC 3810 §6.2)', {
      drops: ['icmp-ignored'],
      tests: [
        'stacks/ipv4/igmp.test.ts: a query without router alert',
        'stacks/ipv6/mld.test.ts: are not given without a router alert',
      ],
    }),
    attack(
      'queries for more sources than are remembered',
      'a report of the whole group (RFC 3376 §5.2, RFC 3810 §6.2)',
      {
        bounds: ['stacks/ipv4/igmp MAX_SOURCES', 'stacks/ipv6/mld-listener MAX_SOURCES'],
        tests: [
          'stacks/ipv4/igmp.test.ts: names more sources than are remembered',
          'stacks/ipv6/mld.test.ts: one source more',
        ],
      },
    ),
  ],
};

export const extensionHeaders: AttackClass = {
  kind: 'Extension headers',
  attacks: [
    attack('a header that runs past the packet, or of which a part came', 'silence (RFC 8200 §4)', {
      drops: ['bad-extension-header'],
      tests: [
        'stacks/ipv6/extension-headers.test.ts: a header past the end',
        'stacks/ipv6/extension-headers.test.ts: a header cut short',
      ],
    }),
    attack('the longest header there is, all of it padding', 'it is walked once (RFC 8200 §4.2)', {
      tests: ['stacks/ipv6/extension-headers.test.ts: a chain of pads as long as a packet can be'],
    }),
    attack('hop-by-hop options anywhere but first', 'parameter problem, code 1 (RFC 8200 §4)', {
      drops: ['bad-extension-header'],
      tests: ['stacks/ipv6/extension-headers.test.ts: anywhere but first, hop-by-hop'],
    }),
    attack('a chain of many headers', 'each is walked, as far as the packet goes (RFC 8200 §4.1)', {
      tests: ['compliance/rows/host-ipv6.ts: A chain of many headers ends in a verdict'],
    }),
    attack(
      'a routing header with segments left, type 0 above all',
      'parameter problem at its type (RFC 5095 §3)',
      {
        drops: ['source-routed'],
        tests: [
          'stacks/ipv6/extension-headers.test.ts: with segments left is refused',
          'compliance/rows/host-ipv6.ts: A routing header of type 0 is never followed',
        ],
      },
    ),
    attack('an unknown next header', 'parameter problem where it is named (RFC 8200 §4)', {
      drops: ['unknown-protocol'],
      tests: ['stacks/ipv6/extension-headers.test.ts: an unknown next header is reported'],
    }),
    attack('something behind Next Header 59', 'silence (RFC 8200 §4.7)', {
      drops: ['no-next-header'],
      tests: ['stacks/ipv6/extension-headers.test.ts: no next header ends in silence'],
    }),
    attack('a jumbo payload', 'its option is an unknown one (RFC 2675 §3, RFC 8200 §4.2)', {
      drops: ['unknown-option'],
      tests: [
        'compliance/rows/host-ipv6.ts: Jumbo payloads are not supported',
        'stacks/hostile/options.test.ts: of IPv6 %s options',
      ],
    }),
  ],
};
