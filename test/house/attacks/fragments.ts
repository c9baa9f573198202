import { type AttackClass, attack } from './attack.ts';

export const fragments: AttackClass = {
  kind: 'Fragments',
  attacks: [
    attack('fragments that overlap, in any of six ways', 'silence; all of it is dropped (RFC 5722 §4)', {
      drops: ['fragment-overlap'],
      tests: [
        'stacks/hostile/fragments.test.ts: costs the datagram, and what is yet to come',
        'compliance/rows/host-fragments.ts: Fragments that overlap end the whole datagram',
      ],
    }),
    attack(
      'fragments of one datagram with and without congestion marks',
      'silence; all of it is dropped (RFC 3168 §5.3)',
      {
        drops: ['fragment-ecn'],
        tests: ['stacks/ipv6/fragments.test.ts: not a datagram that knows nothing of congestion'],
      },
    ),
    attack('the same fragment again', 'the second is dropped, the datagram becomes whole (RFC 815 §3)', {
      drops: ['fragment-duplicate'],
      tests: [
        'stacks/ipv4/fragment.test.ts: takes any order, and exact duplicates',
        'compliance/rows/host-fragments.ts: A duplicate of a fragment does no harm',
      ],
    }),
    attack(
      'offset and length beyond 65,535',
      'silence in IPv4 (RFC 791 §3.2); parameter problem at the offset (RFC 8200 §4.5)',
      {
        drops: ['fragment-bounds'],
        tests: [
          'stacks/ipv4/fragment.test.ts: beyond 65,535',
          'stacks/ipv6/fragments.test.ts: end past 65,535',
          'compliance/rows/host-ipv6-fragments.ts: longer than a payload length can say',
        ],
      },
    ),
    attack(
      'more to come, and a length that is no multiple of eight',
      'silence in IPv4 (RFC 791 §3.2); parameter problem at the payload length (RFC 8200 §4.5)',
      {
        drops: ['bad-length'],
        tests: [
          'stacks/ipv4/fragment.test.ts: not a multiple of 8',
          'stacks/ipv6/fragments.test.ts: length that is no multiple of 8',
        ],
      },
    ),
    attack('fragments of nothing', 'silence (RFC 791 §3.2, RFC 8200 §4.5)', {
      drops: ['fragment-bounds', 'bad-extension-header'],
      tests: [
        'stacks/ipv4/fragment.test.ts: without payload',
        'stacks/ipv6/fragments.test.ts: drops empty fragments',
      ],
    }),
    attack('a fragment header inside a whole datagram', 'silence (RFC 8200 §4.5)', {
      drops: ['bad-extension-header'],
      tests: ['stacks/ipv6/fragments.test.ts: fragment headers inside a whole datagram'],
    }),
    attack('an atomic fragment in the way of others', 'it is taken by itself (RFC 6946 §4)', {
      tests: ['stacks/ipv6/fragments.test.ts: treats an atomic fragment alone'],
    }),
    attack('a first fragment without the upper header', 'parameter problem, code 3 (RFC 7112 §5)', {
      drops: ['fragment-chain'],
      tests: ['stacks/ipv6/fragments.test.ts: reports a first fragment that does not hold its headers'],
    }),
    attack(
      'a header in crumbs, to get past a filter',
      'the filter sees the whole (RFC 1858 §3, RFC 3128 §3)',
      {
        drops: ['filtered'],
        tests: ['stacks/ipv4/fragment.test.ts: a header in crumbs does not pass it'],
      },
    ),
    attack('no first fragment', 'silence when time is up (RFC 1122 §3.3.2, RFC 8200 §4.5)', {
      drops: ['reassembly-timeout'],
      bounds: ['stacks/ipv4/reassemble REASSEMBLY_TIMEOUT', 'stacks/ipv6/reassemble REASSEMBLY_TIME'],
      tests: [
        'stacks/hostile/fragments.test.ts: what never becomes whole goes when its time is up',
        'stacks/ipv4/fragment.test.ts: gives up after a minute',
        'stacks/ipv6/fragments.test.ts: gives up after 60 seconds',
      ],
    }),
    attack('a flood of datagrams that never become whole', 'silence, the oldest goes (RFC 1122 §3.3.2)', {
      drops: ['reassembly-full'],
      bounds: ['stacks/forward/reassembly MAX_DATAGRAMS', 'stacks/forward/reassembly REASSEMBLY_BYTES'],
      tests: [
        'stacks/hostile/fragments.test.ts: as many datagrams wait as may',
        'compliance/rows/host-fragments.ts: Reassembly is bounded',
      ],
    }),
    attack(
      'one source that wants all of the budget',
      'it pays for it, not the others (RFC 1122 §3.3.2 leaves it open)',
      {
        drops: ['reassembly-full'],
        bounds: ['stacks/forward/reassembly ACCOUNTS'],
        tests: ['stacks/hostile/fragments.test.ts: a flood from one source'],
      },
    ),
    attack('one datagram in crumbs without end', 'silence (RFC 791 §3.2, RFC 8200 §4.5)', {
      drops: ['reassembly-full'],
      bounds: ['stacks/forward/reassembly MAX_FRAGMENTS'],
      tests: ['stacks/hostile/fragments.test.ts: a datagram in more pieces than any link makes'],
    }),
    attack('neighbour discovery in fragments', 'silence (RFC 6980 §5)', {
      drops: ['bad-neighbour-message'],
      tests: [
        'stacks/ipv6/fragments.test.ts: takes no neighbour discovery out of fragments',
        'compliance/rows/host-nd-validation.ts: a fragment header',
      ],
    }),
  ],
};
