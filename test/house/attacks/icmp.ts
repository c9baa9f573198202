import { type AttackClass, attack } from './attack.ts';

export const icmp: AttackClass = {
  kind: 'ICMP',
  attacks: [
    attack('a message of fewer than eight bytes', 'silence (RFC 792, RFC 4443 §2.1)', {
      drops: ['runt'],
      tests: [
        'stacks/hostile/lengths.test.ts: an ICMP message of fewer than eight bytes',
        'stacks/ipv4/input.test.ts: a message of 7 bytes',
        'stacks/ipv6/errors.test.ts: shorter than a message',
      ],
    }),
    attack(
      'an error that quotes nothing, half a header, or ends anywhere before the ports are whole',
      'silence (RFC 1122 §3.2.2, RFC 4443 §2.4(d))',
      {
        drops: ['icmp-unmatched'],
        tests: [
          'stacks/hostile/icmp.test.ts: a quotation that ends anywhere',
          'stacks/ipv4/input.test.ts: an error with nothing inside',
          'stacks/ipv6/errors.test.ts: are ignored when the quote is not ours',
        ],
      },
    ),
    attack('a quotation whose headers lead past its end', 'silence (RFC 1122 §3.2.2, RFC 4443 §2.4(d))', {
      drops: ['icmp-unmatched'],
      tests: [
        'stacks/hostile/icmp.test.ts: so is one whose headers lead past its end',
        'stacks/ipv4/input.test.ts: an error whose inner header is too long',
      ],
    }),
    attack('an error about what was never sent, or about another host', 'silence (RFC 5927 §4)', {
      drops: ['icmp-unmatched'],
      tests: [
        'stacks/ipv4/input.test.ts: an error about another host',
        'stacks/ipv6/errors.test.ts: are ignored when the quote is not ours',
        'compliance/rows/host-icmp-received.ts: An error about a packet that was never sent',
      ],
    }),
    attack(
      'packet too big about what was never sent, in floods',
      'nothing is learnt (RFC 5927 §4, RFC 8201 §4)',
      {
        drops: ['icmp-unmatched'],
        bounds: ['stacks/forward/path-mtu MAX_PATH_MTUS', 'stacks/ipv6/answered REMEMBERED'],
        tests: [
          'stacks/hostile/icmp.test.ts: a flood of packets too big',
          'stacks/ipv6/errors.test.ts: believes a router about an echo reply that was sent, and about no other',
          'stacks/forward/tables.test.ts: the oldest when it is full',
        ],
      },
    ),
    attack(
      'packet too big below the floor',
      'ignored below 68 and 1,280; from there to the floor, without DF (RFC 1191 §3, RFC 5927 §7.2, RFC 8201 §4)',
      {
        drops: ['icmp-ignored'],
        bounds: ['stacks/ipv4/icmp PATH_MTU_FLOOR', 'stacks/wire/ipv6 MINIMUM_MTU'],
        tests: [
          'stacks/ipv4/input.test.ts: an MTU under 68',
          'stacks/ipv4/input.test.ts: below the floor packets go without DF',
          'stacks/ipv6/errors.test.ts: cannot push the path MTU below 1,280',
        ],
      },
    ),
    attack(
      'a redirect from a stranger, or to where it may not lead',
      'silence (RFC 1122 §3.2.2.2, RFC 4861 §8.1)',
      {
        drops: ['icmp-unmatched', 'bad-neighbour-message'],
        tests: [
          'stacks/ipv4/redirects.test.ts: from somebody who is not our first hop',
          'stacks/ipv4/redirects.test.ts: to a gateway of another subnet',
          'stacks/ipv6/nd.test.ts: from anybody else change nothing',
          'stacks/ipv6/nd.test.ts: redirect to a stranger',
        ],
      },
    ),
    attack('a flood of redirects from the router in use', 'so many are kept (RFC 4861 §8.3)', {
      bounds: [
        'stacks/ipv4/redirects MAX_REDIRECTS',
        'stacks/ipv4/redirects REDIRECT_LIFETIME',
        'stacks/ipv6/redirects MAX_REDIRECTS',
      ],
      tests: [
        'stacks/ipv4/redirects.test.ts: 64 of them at most are kept',
        "stacks/ipv6/nd.test.ts: it('are bounded'",
      ],
    }),
    attack(
      'packets that make a router send redirects',
      'so many a second (RFC 1812 §4.3.2.8, RFC 4861 §8.2)',
      {
        bounds: [
          'stacks/ipv4/redirects REDIRECTS_PER_SECOND',
          'stacks/ipv4/redirects REDIRECT_BURST',
          'stacks/ipv6/redirector REDIRECTS_PER_SECOND',
          'stacks/ipv6/redirector REDIRECT_BURST',
        ],
        tests: [
          'stacks/ipv4/redirects.test.ts: are limited in number',
          'stacks/ipv6/redirector.test.ts: are rare, fit 1,280 bytes',
        ],
      },
    ),
    attack(
      'a flood that asks for errors',
      'a burst, then so many a second (RFC 1812 §4.3.2.8, RFC 4443 §2.4(f))',
      {
        drops: ['port-unreachable'],
        bounds: [
          'stacks/ipv4/icmp ERRORS_PER_SECOND',
          'stacks/ipv4/icmp ERROR_BURST',
          'stacks/ipv6/icmp-errors ERRORS_PER_SECOND',
          'stacks/ipv6/icmp-errors ERROR_BURST',
        ],
        tests: [
          'stacks/hostile/icmp.test.ts: errors about a flood are bounded by a rate',
          'stacks/ipv4/input.test.ts: errors are limited to a burst',
          'stacks/ipv6/errors.test.ts: are limited to a burst of 50',
        ],
      },
    ),
    attack(
      'errors that are to be amplified',
      'no more than 576 and 1,280 bytes (RFC 1812 §4.3.2.3, RFC 4443 §2.4(c))',
      {
        bounds: ['stacks/ipv4/icmp ERROR_BYTES', 'stacks/ipv6/icmp-errors MAX_QUOTE'],
        tests: [
          'stacks/ipv4/input.test.ts: quotes what fits 576 bytes',
          'stacks/ipv6/errors.test.ts: quote as much as fits into 1,280 bytes',
        ],
      },
    ),
    attack(
      'what must not be answered: errors, groups, broadcasts, later fragments, senders that are nobody',
      'silence (RFC 1122 §3.2.2, RFC 4443 §2.4(e))',
      {
        drops: ['bad-source', 'port-unreachable', 'reassembly-timeout'],
        tests: [
          'stacks/ipv4/forward.test.ts: says nothing about ICMP errors, fragments, and broken senders',
          'stacks/ipv4/input.test.ts: a later fragment',
          'stacks/ipv6/errors.test.ts: are never about errors, redirects, groups, or what nobody sent',
          'compliance/rows/host-icmp-errors.ts: No error about a packet in a broadcast frame',
        ],
      },
    ),
    attack('an echo request to a broadcast or an IPv4 group', 'silence (RFC 1122 §3.2.2.6)', {
      drops: ['icmp-ignored'],
      tests: [
        'stacks/ipv4/input.test.ts: a datagram to %s reaches sockets',
        'compliance/rows/host-echo.ts: A request to a broadcast address may be silently discarded',
      ],
    }),
    attack('a directed broadcast through a router', 'it goes no further (RFC 2644 §2)', {
      drops: ['directed-broadcast'],
      tests: ['stacks/ipv4/redirects.test.ts: goes no further'],
    }),
    attack('echo replies that nobody asked for', 'silence (RFC 1122 §3.2.2.6, RFC 4443 §4.2)', {
      drops: ['icmp-unmatched'],
      tests: [
        'stacks/ipv4/echo.test.ts: ignores replies that nobody asked for',
        'stacks/ipv6/echo.test.ts: ignores replies that nobody asked for',
      ],
    }),
    attack(
      'source quench, masks, timestamps, unknown types',
      'silence (RFC 6633 §3, RFC 6918 §2, RFC 4443 §2.4(b))',
      {
        drops: ['icmp-ignored'],
        tests: [
          'stacks/ipv4/input.test.ts: source quench',
          'stacks/ipv4/input.test.ts: an address mask request',
          'compliance/rows/host-icmp-errors.ts: An informational message of an unknown type',
        ],
      },
    ),
    attack(
      'a packet that runs in a circle',
      'time exceeded when its hops are used up (RFC 1812 §5.3.1, RFC 4443 §3.3)',
      {
        drops: ['hop-limit', 'no-route'],
        tests: [
          'stacks/ipv4/forward.test.ts: reports an expired time to live',
          'stacks/ipv6/forward.test.ts: does not loop on a point-to-point link',
        ],
      },
    ),
  ],
};
