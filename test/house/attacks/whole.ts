/** What concerns no single packet: keys, randomness, the two families together, and what is promised of the whole. */
import { type AttackClass, attack } from './attack.ts';

export const keys: AttackClass = {
  kind: 'Keys and randomness',
  attacks: [
    attack(
      'keys that are chosen to collide',
      'tables with keys of peers are keyed by a secret (RFC 6528 §3 has the same need)',
      {
        tests: [
          'stacks/packet/packet.test.ts: spreads keys that an attacker has found to collide',
          'stacks/packet/packet.test.ts: is HalfSipHash-2-4',
          'house/hostile-page.test.ts: every table with plain keys says whose they are',
        ],
      },
    ),
    attack(
      'initial sequence numbers and ports that are guessed',
      'they are random (RFC 6528 §3, RFC 6056 §3.3)',
      {
        tests: [
          'stacks/tcp/handshake.test.ts: ephemeral ports are random and differ; sequence numbers grow with time',
          'stacks/udp/udp.test.ts: draws ephemeral ports from the dynamic range',
          'compliance/rows/host-udp.ts: Ephemeral ports are drawn from a wide range, at random',
        ],
      },
    ),
    attack(
      'identifications that are guessed',
      'they differ by a secret for each pair of hosts (RFC 7739 §5)',
      {
        bounds: ['stacks/ipv4/identification COUNTERS'],
        tests: [
          'compliance/rows/host-ipv4.ts: Identifications cannot be predicted',
          'compliance/rows/host-ipv6-fragments.ts: Fragment identifications cannot be predicted',
          'stacks/ipv4/fragment.test.ts: gives consecutive datagrams different identifications',
        ],
      },
    ),
    attack(
      'interface identifiers that are followed from net to net',
      'they are opaque (RFC 7217 §5, RFC 8981 §3.3)',
      {
        tests: [
          'stacks/ipv6/identifiers.test.ts: depend on prefix, interface, attempt and secret',
          'stacks/ipv6/identifiers.test.ts: stand beside the stable one',
        ],
      },
    ),
    attack(
      'a source of randomness beside the injected one',
      'there is none in the stacks (RFC 4086 §1 when live, a seed in a lab)',
      {
        tests: [
          'house/purity.test.ts: no file under stacks/ uses a clock, randomness',
          'src/lab/virtual-time.test.ts: gives the same numbers for the same seed',
          'src/lab/live-random.test.ts: is the operating system',
        ],
      },
    ),
  ],
};

export const families: AttackClass = {
  kind: 'Families',
  attacks: [
    attack('an IPv4-mapped address on a wire, from or to', 'silence (RFC 4291 §2.5.5.2, RFC 4942 §2.2)', {
      drops: ['bad-source', 'bad-destination'],
      tests: [
        "stacks/ipv6/extension-headers.test.ts: ['::ffff:192.0.2.1', B, 'bad-source']",
        'compliance/rows/host-addresses.ts: An IPv4-mapped address never appears on a link',
      ],
    }),
    attack(
      'an IPv4 peer of a listener that takes both',
      'the list of the IPv4 stack judges it (RFC 4942 §2.2)',
      {
        drops: ['filtered'],
        tests: [
          'src/couple/couple.test.ts: although one listener takes both',
          'src/couple/couple.test.ts: goes by the family of the destination, mapped addresses to IPv4',
        ],
      },
    ),
    attack(
      'a translated ICMPv6 error that is shorter than the header inside',
      'silence (RFC 4443 §2.4(d), RFC 7915 §5.3)',
      {
        drops: ['icmp-unmatched'],
        tests: ['stacks/hostile/icmp.test.ts: a quotation that ends anywhere'],
      },
    ),
    attack('loopback, class E and zero on a wire', 'silence (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3)', {
      drops: ['bad-source', 'bad-destination'],
      tests: [
        "stacks/ipv4/input.test.ts: [{ source: '127.0.0.1' }, 'bad-source']",
        "stacks/ipv6/extension-headers.test.ts: ['::1', B, 'bad-source']",
      ],
    }),
    attack(
      'a link-local address that wants to leave its link',
      'not forwarded (RFC 3927 §2.7, RFC 4007 §9)',
      {
        drops: ['beyond-scope'],
        tests: ["stacks/ipv4/forward.test.ts: 'beyond-scope'", "stacks/ipv6/forward.test.ts: 'beyond-scope'"],
      },
    ),
    attack('a frame of the other family, or of none', 'silence (RFC 894, RFC 2464 §3)', {
      drops: ['unknown-ethertype', 'not-for-me'],
      tests: [
        "stacks/ipv4/input.test.ts: ['IPv6', frame(",
        'stacks/ipv6/nd.test.ts: on other networks and Ethernet types',
      ],
    }),
  ],
};

export const promises: AttackClass = {
  kind: 'Promises',
  attacks: [
    attack('whatever comes', 'one verdict each, and the next honest client is served (RFC 1122 §1.2.2)', {
      tests: [
        'stacks/ipv4/fuzz.test.ts: costs a counter and nothing else',
        'stacks/ipv6/fuzz.test.ts: bent packets cost a counter',
        'stacks/ipv6/fuzz.test.ts: answers at most one packet for each',
        'fuzz/campaign.test.ts: seconds of fuzzing find nothing',
      ],
    }),
    attack('100,000 SYNs a virtual second', 'honest connects within one retry (RFC 4987 §3.6)', {
      bounds: ['stacks/tcp/settings DEFAULT_BACKLOG', 'stacks/tcp/settings MAX_BACKLOG'],
      tests: ['stacks/tcp/backlog.test.ts: takes honest connections in a flood of 100,000 SYNs a second'],
    }),
    attack('100,000 connections opened and closed', 'nothing is left of them (RFC 9293 §3.6)', {
      bounds: ['stacks/stack MAX_CONNECTIONS', 'stacks/tcp/settings MAX_TIME_WAIT'],
      tests: [
        'stacks/tcp/connection.test.ts: opens and closes 100,000 connections',
        'stacks/tcp/closing.test.ts: bounds TIME-WAIT: the oldest goes first',
      ],
    }),
    attack('100 consumers that read nothing', 'they hold no more than the bound (RFC 9293 §3.8.6)', {
      drops: ['buffers-full'],
      tests: ['stacks/tcp/buffers.test.ts: stalled consumers hold no more than their bound'],
    }),
    attack('no packet buffer is free', 'what cannot be answered is counted (RFC 1122 §3.3.8)', {
      drops: ['no-buffer'],
      bounds: ['stacks/packet/pool POOL_BYTES'],
      tests: [
        'stacks/ipv4/input.test.ts: errors count as unsent when no buffer is free',
        'stacks/ipv6/errors.test.ts: count as unsent when no buffer is free',
        'devices/segment/segment.test.ts: counts a copy that finds no buffer',
      ],
    }),
    attack('a flood to oneself', 'so many packets wait (RFC 1122 §3.2.1.3(g))', {
      bounds: ['stacks/ipv4/output LOOPBACK_QUEUE', 'stacks/ipv6/later MAX_WAITING'],
      tests: ['stacks/ipv4/stack.test.ts: bounds what waits on the loopback'],
    }),
    attack('another locale, time zone, JIT or heap', 'one seed is one trace', {
      tests: [
        'src/cli/same-trace.test.ts: --jitless',
        'src/cli/same-trace.test.ts: --stress-compaction',
        'src/cli/same-trace.test.ts: tr_TR.UTF-8',
        'src/cli/same-trace.test.ts: Pacific/Kiritimati',
      ],
    }),
    attack('SIGKILL while a capture is written', 'what is in the file can be read', {
      tests: ['src/capture/pcapng.test.ts: a process that is killed leaves a capture that can be read'],
    }),
    attack('eight virtual hours of full stacks', 'a flat heap', {
      bounds: ['stacks/stack MAX_CONNECTIONS'],
      tests: [
        'src/lab/eight-hours.test.ts: sessions take eight hours',
        'src/lab/connections.test.ts: leave nothing behind',
      ],
    }),
    attack('a statement to a running lab that is wrong', 'nothing of it is carried out', {
      tests: ['src/lab/routing.test.ts: what is wrong with one is found as in a deck'],
    }),
  ],
};
