/** What must hold whatever arrives, as far as TCP is concerned: each attack, and what plays it. */

/** `folder/name` of a script, or `file.test.ts: part of a title` below test/. */
export type Evidence = string;

export interface HostileRow {
  readonly attack: string;
  readonly evidence: readonly Evidence[];
}

const row = (attack: string, ...evidence: readonly Evidence[]): HostileRow => ({ attack, evidence });

export const HOSTILE: readonly (readonly [kind: string, rows: readonly HostileRow[]])[] = [
  [
    'lengths that lie',
    [
      row('IP length greater than the bytes', 'attack/ip-length-too-long'),
      row('IP length less than the bytes', 'attack/ip-length-too-short'),
      row('segment shorter than a header', 'attack/runt', 'stacks/tcp/hostile.test.ts: runt'),
      row('data offset beyond the segment', 'attack/data-offset-beyond-segment', 'attack/runt-options'),
      row('data offset below five words', 'attack/data-offset-below-five'),
      row('data offset that reaches into the data', 'attack/data-offset-into-data'),
      row('wrong checksum', 'attack/bad-checksum', 'stacks/tcp/hostile.test.ts: checksum'),
    ],
  ],
  [
    'options',
    [
      row('length 0', 'attack/option-length-zero'),
      row('length 1', 'attack/option-length-one'),
      row('past the end of the header', 'attack/option-past-the-end', 'attack/option-without-length'),
      row('hidden behind the end of options', 'attack/eol-hides-options'),
      row('of a size that its kind cannot have', 'attack/option-of-odd-length'),
      row('MSS of the wrong size', 'attack/mss-too-short', 'attack/mss-too-long'),
      row('MSS 0 and 1', 'attack/mss-zero', 'attack/mss-of-one', 'open/mss-tiny', 'open/mss-huge'),
      row('window scale of the wrong size, above 14', 'attack/wscale-too-long', 'timestamps/scale-above-14'),
      row('timestamps of the wrong size', 'attack/timestamps-too-short', 'attack/timestamps-not-agreed'),
      row('SACK permitted of the wrong size', 'attack/sack-permitted-too-long', 'attack/sack-not-agreed'),
      row('SACK of the wrong size', 'attack/sack-of-odd-size'),
      row('SACK that wraps', 'attack/sack-wraps', 'stacks/tcp/hostile.test.ts: invented SACK blocks'),
      row('SACK of nonsense, of single bytes', 'attack/sack-of-nonsense', 'attack/sack-one-byte-blocks'),
      row('options of a SYN on later segments', 'attack/options-of-syn-later'),
      row(
        'user timeout of zero, of the wrong size, too small, too large, unasked',
        'user-timeout/zero-ignored',
        'user-timeout/wrong-size-ignored',
        'user-timeout/lower-limit',
        'user-timeout/upper-limit',
        'user-timeout/off-ignores',
      ),
    ],
  ],
  [
    'ICMP',
    [
      row(
        'shorter than 8 bytes, without the inner packet',
        'stacks/ipv4/input.test.ts: a message of 7 bytes',
        'stacks/ipv4/input.test.ts: an error with nothing inside',
        'stacks/ipv6/errors.test.ts: shorter than a message',
      ),
      row('packet too big below the floor', 'pmtu/below-68', 'pmtu/below-1280', 'pmtu/plateau'),
      row('spoofed, for what is not in flight', 'pmtu/not-in-flight', 'pmtu/already-acknowledged'),
      row('for no connection of ours', 'open/icmp-about-another-syn', 'pmtu/syn-foreign-error'),
      row('that would end a connection', 'attack/icmp-port-unreachable', 'pmtu/established-port-unreachable'),
      row('source quench', 'attack/source-quench', 'pmtu/source-quench'),
      row('redirect from a stranger', 'stacks/ipv4/input.test.ts: a redirect'),
    ],
  ],
  [
    'TCP',
    [
      row(
        'SYN flood',
        'stacks/tcp/backlog.test.ts: takes honest connections in a flood of 100,000 SYNs a second',
        'stacks/tcp/hostile.test.ts: a SYN flood fills the backlog',
        'limits/syn-cookie',
        'limits/syn-cookie-forged',
        'open/backlog-full',
      ),
      row('land', 'attack/land', 'attack/land-closed-port', 'attack/land-after-a-handshake'),
      row('to or from a group', 'stacks/tcp/handshake.test.ts: opens nothing to or from a group'),
      row(
        'blind RST',
        'attack/reset-in-window',
        'attack/reset-outside-window',
        'attack/reset-at-window-edges',
        'attack/reset-with-ack-in-window',
        'attack/reset-after-gap',
      ),
      row('blind SYN', 'attack/syn-in-window', 'attack/syn-outside-window', 'attack/syn-exact'),
      row('blind data', 'attack/data-with-future-ack', 'attack/data-with-old-ack'),
      row(
        'challenge ACKs, limited per connection',
        'attack/ack-storm',
        'attack/challenge-again-later',
        'stacks/tcp/blind.test.ts: challenges at most ten times a second, each connection for itself',
      ),
      row('PAWS', 'timestamps/paws-drops-old', 'timestamps/paws-wraps', 'timestamps/paws-not-for-rst'),
      row('zero-window peer', 'attack/zero-window-from-the-start', 'window/probes-for-ever'),
      row('tiny-window peer', 'attack/tiny-window', 'window/sender-silly-window', 'attack/shrunk-window'),
      row(
        'overlap with different bytes',
        'attack/overlap-in-gap',
        'attack/overlap-resent',
        'attack/tiny-overlaps',
        'stacks/tcp/receiving.test.ts: keeps the first bytes it got when segments overlap',
      ),
      row('urgent pointer 0', 'attack/urgent-pointer-zero', 'attack/urgent-pointer-without-flag'),
      row('urgent pointer beyond data', 'attack/urgent-pointer-beyond-data', 'attack/urgent-without-data'),
      row('simultaneous open', 'open/simultaneous', 'open/simultaneous-syn-acks'),
      row('simultaneous close', 'close/simultaneous'),
      row('TIME-WAIT assassination', 'close/time-wait-ignores-reset', 'close/time-wait-old-duplicate'),
      row('ACK of unsent data', 'arrives/established-ack-of-unsent', 'arrives/fin-wait-1-ack-of-unsent'),
      row('all flags at once', 'attack/christmas-tree'),
      row(
        'a byte here and a byte there',
        'stacks/tcp/hostile.test.ts: a byte here and a byte there costs no more',
      ),
      row(
        'whatever comes to mind',
        'stacks/tcp/hostile.test.ts: random bytes: one verdict each',
        'stacks/tcp/hostile.test.ts: random segments near the window',
        'stacks/transfers/state-space.test.ts: never hang, never take a wrong byte',
      ),
    ],
  ],
  [
    'keys and randomness',
    [
      row(
        'keys chosen by the peer',
        'stacks/packet/packet.test.ts: spreads keys that an attacker has found to collide',
      ),
      row(
        'initial sequence numbers, ports',
        'stacks/tcp/handshake.test.ts: ephemeral ports are random and differ; sequence numbers grow with time',
      ),
    ],
  ],
  [
    'promises',
    [
      row(
        'loss, reordering, duplication, corruption, delay',
        'stacks/transfers/loss-matrix.test.ts: 256 KiB over every path',
      ),
      row(
        '100,000 connections opened and closed, TIME-WAIT exhausted',
        'stacks/tcp/connection.test.ts: opens and closes 100,000 connections',
        'stacks/tcp/closing.test.ts: bounds TIME-WAIT: the oldest goes first',
      ),
      row('100 stalled consumers', 'stacks/tcp/buffers.test.ts: stalled consumers hold no more'),
      row('fairness', 'stacks/transfers/fairness.test.ts: %i of them'),
    ],
  ],
];
