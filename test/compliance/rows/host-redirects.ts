/** Redirects in a host: RFC 4861 §8.3. */
import { type Bench, MINUTE, SECOND } from '../bench/bench.ts';
import { type Bytes, data } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok } from '../bench/check.ts';
import { redirectedHeader, sourceLink, targetLink } from '../bench/ipv6-packet.ts';
import { Topic } from '../table.ts';

export const hostRedirects: Topic = new Topic('host', 'Redirects');
const { v6 } = hostRedirects;

const hop = (b: Bench, to: string = b.far): string =>
  b.sendFrom(b.bind(0), to, data(1)).find(({ kind }) => kind === 'udp')?.toMac ?? 'none';

function redirect(b: Bench, target: string, about: string, options: readonly Bytes[] = []): void {
  b.send(b.redirect6(target, about, { with: options }), { from: b.router });
}

v6(
  '4861 §8.3 SHOULD',
  'A redirect to a better router sends that destination there.',
  (b) => {
    equal(hop(b), b.router.mac);
    redirect(b, b.other.local, b.far);
    equal(hop(b), b.other.mac);
  },
  { logo: 'Redirected to Alternate Router; Valid' },
);
v6(
  '4861 §8.3 SHOULD',
  'A redirect to the destination itself: it is on the link.',
  (b) => {
    redirect(b, b.far, b.far, [targetLink('02:00:00:00:09:99')]);
    equal(hop(b), '02:00:00:00:09:99');
  },
  { logo: 'Redirected On-link: Valid' },
);
v6(
  '4861 §8.3 MUST',
  'Other destinations still go to the router that they went to.',
  (b) => {
    redirect(b, b.other.local, b.far);
    equal(hop(b, '2001:db8:9::10'), b.router.mac);
  },
  { logo: 'Redirected to Alternate Router; Valid' },
);
for (const [what, options] of [
  ['no option', []],
  ['a target link-layer address', ['target']],
  ['a redirected header', ['header']],
  ['both options', ['target', 'header']],
] as const) {
  v6(
    '4861 §8.3 SHOULD',
    `A redirect with ${what} is acted upon.`,
    (b) => {
      const sent = b.sendFrom(b.bind(0), b.far, data(40))[0]!;
      const all = options.map((each) =>
        each === 'target' ? targetLink(b.other.mac) : redirectedHeader(sent.bytes),
      );
      redirect(b, b.other.local, b.far, all);
      equal(hop(b), b.other.mac);
    },
    { logo: 'Redirected to Alternate Router; Valid' },
  );
}
v6(
  '4861 §8.3 MUST',
  'The target link-layer address makes a stale entry.',
  (b) => {
    b.other.answers = false;
    redirect(b, b.other.local, b.far, [targetLink(b.other.mac)]);
    deepEqual([b.macOf(b.other.local), b.state(b.other.local)], [b.other.mac, 'stale']);
  },
  { logo: 'Neighbor Cache Updated, No Entry' },
);
v6(
  '4861 §8.3 MUST',
  'Another link-layer address than the known one makes the entry stale.',
  (b) => {
    b.other.answers = false;
    redirect(b, b.other.local, b.far, [targetLink(b.other.mac)]);
    b.send(
      b.na(b.other.local, 'RSO', {
        source: b.other.local,
        destination: b.myLocal(),
        with: [targetLink(b.other.mac)],
      }),
    );
    equal(b.state(b.other.local), 'reachable');
    redirect(b, b.other.local, '2001:db8:9::44', [targetLink('02:00:00:00:09:99')]);
    deepEqual([b.macOf(b.other.local), b.state(b.other.local)], ['02:00:00:00:09:99', 'stale']);
  },
  { logo: 'Neighbor Cache Updated from State REACHABLE' },
);
v6(
  '4861 §8.3 MUST',
  'The known link-layer address leaves the state of the entry as it is.',
  (b) => {
    b.other.answers = false;
    redirect(b, b.other.local, b.far, [targetLink(b.other.mac)]);
    b.send(
      b.na(b.other.local, 'RSO', {
        source: b.other.local,
        destination: b.myLocal(),
        with: [targetLink(b.other.mac)],
      }),
    );
    redirect(b, b.other.local, '2001:db8:9::44', [targetLink(b.other.mac)]);
    equal(b.state(b.other.local), 'reachable');
  },
  { logo: 'Neighbor Cache Updated from State REACHABLE' },
);
v6(
  '4861 §8.3 MUST',
  'An incomplete entry is resolved by the option of a redirect.',
  (b) => {
    b.other.answers = false;
    b.sendFrom(b.bind(0), b.other.local, data(1), 9, 1);
    equal(b.state(b.other.local), 'incomplete');
    redirect(b, b.other.local, b.far, [targetLink(b.other.mac)]);
    equal(b.macOf(b.other.local), b.other.mac);
  },
  { logo: 'Neighbor Cache Updated from State INCOMPLETE' },
);
v6('4861 §8.3 MUST', 'A target that is not the destination is a router.', (b) => {
  redirect(b, b.other.local, b.far, [targetLink(b.other.mac)]);
  equal(b.neighbour(b.other.local)?.isRouter, true);
});
v6(
  '4861 §7.3.3 MUST',
  'When the target of a redirect stops answering, its destination goes to the router again.',
  (b) => {
    redirect(b, b.other.local, b.far, [targetLink(b.other.mac)]);
    equal(hop(b), b.other.mac);
    b.other.answers = false;
    b.wait(MINUTE);
    hop(b);
    b.wait(10 * SECOND);
    equal(hop(b), b.router.mac);
  },
);
v6('4861 §8.3 MUST', 'A later redirect takes the place of the one before.', (b) => {
  redirect(b, b.other.local, b.far);
  equal(hop(b), b.other.mac);
  b.send(b.redirect6(b.peer.local, b.far, { source: b.other.local }), { from: b.other });
  equal(hop(b), b.peer.mac);
});
v6('4861 §8.3 MUST', 'A flood of redirects does not grow without bound.', (b) => {
  for (let i = 0; i < 2_000; i++) redirect(b, b.other.local, `2001:db8:9::1:${i.toString(16)}`);
  ok([...b.stack.routes()].length < 1_100);
});
v6('4861 §8.1 MUST', 'A redirect about an own address is discarded.', (b) => {
  redirect(b, b.other.local, b.me);
  none(b.all());
  equal(b.send(b.echo()).length, 1);
});
v6('4861 §8.3 MUST', 'A source link-layer address option in a redirect is ignored.', (b) => {
  b.other.answers = false;
  redirect(b, b.other.local, b.far, [sourceLink('02:00:00:00:09:99')]);
  equal(b.macOf(b.other.local), 'none');
});
