import { type AttackClass, attack } from './attack.ts';

export const neighbours: AttackClass = {
  kind: 'Neighbours',
  attacks: [
    attack('answers that nobody asked for', 'no entry is made (RFC 826, RFC 4861 §7.2.5)', {
      drops: ['neighbour-unsolicited'],
      tests: [
        'stacks/hostile/neighbours.test.ts: answers that nobody asked for make no entry',
        'stacks/ipv4/arp.test.ts: learns nothing from what it did not ask',
        'stacks/ipv6/nd.test.ts: nobody asked about make no entry',
      ],
    }),
    attack(
      'a group, all ones or all zeros as the MAC of a station',
      'silence (RFC 1812 §3.3.2, RFC 4861 §4.6.1)',
      {
        drops: ['bad-arp', 'bad-neighbour-message'],
        tests: [
          'stacks/hostile/neighbours.test.ts: nobody is at %s',
          'stacks/ipv4/arp.test.ts: a group as the sender',
          'stacks/ipv6/nd.test.ts: solicitation that names a group MAC',
        ],
      },
    ),
    attack(
      'ARP of other sizes, spaces and operations, from senders that cannot be',
      'silence (RFC 826, RFC 1122 §3.2.1.3)',
      {
        drops: ['bad-arp', 'runt'],
        tests: ['stacks/ipv4/arp.test.ts: impossible: %s', 'stacks/ipv4/arp.test.ts: is too short'],
      },
    ),
    attack(
      'a hop limit other than 255, a code, a source that may not say it',
      'silence (RFC 4861 §6.1, §7.1, §8.1)',
      {
        drops: ['bad-neighbour-message'],
        bounds: ['stacks/ipv6/nd-sender ND_HOP_LIMIT'],
        tests: [
          'stacks/ipv6/nd.test.ts: solicitation with hop limit 254',
          'stacks/ipv6/nd.test.ts: router advertisement from no router',
          'compliance/rows/host-nd-validation.ts: a hop limit other than 255',
        ],
      },
    ),
    attack(
      'a unicast packet in a frame to all',
      'silence (RFC 1122 §3.3.6); in IPv6 no error (RFC 4443 §2.4(e))',
      {
        drops: ['bad-destination'],
        tests: [
          'stacks/ipv4/input.test.ts: unicast inside a broadcast',
          'compliance/rows/host-icmp-errors.ts: No error about a packet in a multicast frame',
        ],
      },
    ),
    attack(
      'a flood of those who ask',
      'the cache stays within its bound, the reachable stay (RFC 6583 §7.1)',
      {
        bounds: [
          'stacks/forward/neighbour-table MAX_NEIGHBOURS',
          'stacks/forward/neighbour-table EVICTION_STEPS',
        ],
        tests: [
          'stacks/forward/neighbours.test.ts: leaves the reachable alone',
          'stacks/ipv4/arp.test.ts: a flood of senders stays within the bound of the cache',
          'stacks/ipv6/nd.test.ts: learnt from a flood of solicitations stay bounded',
        ],
      },
    ),
    attack(
      'a scan of the subnet behind a router',
      'so many resolutions at once, known hosts go on (RFC 6583 §7.1)',
      {
        drops: ['neighbour-queue', 'neighbour-unresolved'],
        bounds: [
          'stacks/forward/neighbours MAX_RESOLVING',
          'stacks/forward/neighbours GROUP_SOLICITS_PER_SECOND',
          'stacks/forward/neighbours FAILED_TIME',
        ],
        tests: [
          'stacks/hostile/neighbours.test.ts: a scan through a router is held to so many resolutions',
          'stacks/ipv6/nd.test.ts: are asked for at a bounded rate by a router whose subnet is scanned',
          'stacks/forward/neighbours.test.ts: a scan evicts only others like itself',
        ],
      },
    ),
    attack('packets for hosts that do not answer', 'so many wait (RFC 1122 §2.3.2.2, RFC 4861 §7.2.2)', {
      drops: ['neighbour-queue', 'neighbour-unresolved'],
      bounds: ['stacks/forward/neighbours QUEUE_PER_NEIGHBOUR', 'stacks/forward/neighbours MAX_WAITING'],
      tests: [
        'stacks/hostile/neighbours.test.ts: packets for one host that does not answer',
        'stacks/forward/neighbours.test.ts: packets that wait are bounded in all',
      ],
    }),
    attack(
      'somebody claims our address',
      'one defence in ten seconds; it stays ours (RFC 5227 §2.4, RFC 4862 §5.4.4)',
      {
        drops: ['address-conflict'],
        bounds: ['stacks/ipv4/acd DEFEND_INTERVAL'],
        tests: [
          'stacks/hostile/neighbours.test.ts: who claims our address while we use it',
          'stacks/ipv4/arp.test.ts: defends its address, once in ten seconds',
          'stacks/ipv6/addresses.test.ts: keeps an address that was proven unique',
        ],
      },
    ),
    attack(
      'every address that is tried is claimed',
      'it is given up, and after so many tries it waits (RFC 3927 §2.2.1, RFC 7217 §6)',
      {
        drops: ['address-conflict'],
        bounds: [
          'stacks/ipv4/acd MAX_CONFLICTS',
          'stacks/ipv4/acd RATE_LIMIT_INTERVAL',
          'stacks/ipv6/slaac IDGEN_RETRIES',
          'stacks/ipv6/temporary TEMP_IDGEN_RETRIES',
        ],
        tests: [
          'stacks/ipv4/acd.test.ts: waits a minute after ten conflicts',
          'stacks/ipv4/acd.test.ts: is not used after %s',
          'stacks/ipv6/addresses.test.ts: gives in to a solicitation or an advertisement',
          'stacks/ipv6/identifiers.test.ts: give way to a duplicate three times',
          'stacks/ipv6/identifiers.test.ts: give way to duplicates three times',
        ],
      },
    ),
    attack(
      'our own probe, brought back by the link',
      'it is not a duplicate (RFC 5227 §2.1.1, RFC 7527 §4.2)',
      {
        drops: ['icmp-ignored'],
        tests: [
          'stacks/ipv4/acd.test.ts: survives its own probe',
          'stacks/ipv6/addresses.test.ts: does not take its own solicitation',
        ],
      },
    ),
    attack('something for an address that is not ours yet', 'silence (RFC 5227 §2.1, RFC 4862 §5.4)', {
      drops: ['address-tentative'],
      tests: [
        'stacks/ipv4/acd.test.ts: used in between only',
        'stacks/ipv6/addresses.test.ts: lets nobody use a tentative address',
      ],
    }),
    attack('a flood of router advertisements', 'the lists stay within their bounds (RFC 6104 §2)', {
      bounds: [
        'stacks/ipv6/routers MAX_ROUTERS',
        'stacks/ipv6/routers MAX_NETWORKS',
        'stacks/ipv6/routers MAX_PREFIXES',
        'stacks/ipv6/on-link MAX_PREFIXES',
        'stacks/ipv6/slaac MAX_ADDRESSES',
      ],
      tests: [
        'stacks/ipv6/slaac.test.ts: floods the lists up to 16 routers, prefixes and addresses',
        'stacks/ipv6/routers.test.ts: are bounded, and ask again',
        'compliance/rows/host-routers.ts: The number of routers is bounded',
      ],
    }),
    attack(
      'advertisements of nonsense: MTU, times, prefixes',
      'what is out of bounds is ignored (RFC 4861 §6.3.4, RFC 4862 §5.5.3)',
      {
        bounds: [
          'stacks/wire/ipv6 MINIMUM_MTU',
          'stacks/ipv6/routers MAX_REACHABLE',
          'stacks/ipv6/routers MIN_RETRANS',
          'stacks/ipv6/routers MAX_RETRANS',
        ],
        tests: [
          'stacks/ipv6/slaac.test.ts: sets hop limit and MTU within bounds',
          'stacks/ipv6/slaac.test.ts: gives no address',
          'stacks/ipv6/routers.test.ts: choose times, and what they leave open',
        ],
      },
    ),
    attack('an advertisement that ends our address', 'not within two hours (RFC 4862 §5.5.3(e))', {
      bounds: ['stacks/ipv6/slaac TWO_HOURS'],
      tests: ['stacks/ipv6/slaac.test.ts: cannot end an address within two hours'],
    }),
    attack('a flood of router solicitations', 'one advertisement in three seconds (RFC 4861 §6.2.6)', {
      bounds: ['stacks/ipv6/advertise MIN_DELAY_BETWEEN'],
      tests: ['stacks/ipv6/slaac.test.ts: answers a flood of solicitations with one advertisement'],
    }),
    attack('a flood that asks for an anycast address', 'so many answers wait (RFC 4861 §7.2.7)', {
      drops: ['no-buffer'],
      bounds: ['stacks/ipv6/nd MAX_ANYCAST_ANSWERS'],
      tests: ['stacks/ipv6/redirector.test.ts: has so many answers in waiting'],
    }),
  ],
};
