/** Hosts among routers of older versions: RFC 3376 §7.2, RFC 3810 §8.2. */
import { MINUTE, SECOND } from '../bench/bench.ts';
import { address, type Bytes, get16, join, u16 } from '../bench/bytes.ts';
import { deepEqual, equal, none } from '../bench/check.ts';
import { hopByHop, icmp6Message, ROUTER_ALERT } from '../bench/ipv6-packet.ts';
import { Topic, unseen } from '../table.ts';
import { group, member, query, reports, told } from './host-multicast.ts';

export const hostOlderQueriers: Topic = new Topic('host', 'Multicast: older routers');
const { v4, both } = hostOlderQueriers;

// Older routers
both(
  '3376 §7.2.1 MUST',
  '3810 §8.2.1 MUST',
  'A query of the version before makes the host report in that version.',
  (b) => {
    member(b);
    b.wait(10 * SECOND);
    query(b, { version: 2 });
    b.wait(3 * SECOND);
    const report = reports(b)[0]!;
    deepEqual(
      [report.destination, b.is6 ? report.kind : report.payload[0]],
      [group(b), b.is6 ? 'mld1-report' : 0x16],
    );
  },
);
v4(
  '3376 §7.2.1 MUST',
  'A query of version 1 makes the host report in version 1, within ten seconds.',
  (b) => {
    member(b);
    b.wait(10 * SECOND);
    query(b, { version: 1 });
    b.wait(11 * SECOND);
    equal(reports(b)[0]!.payload[0], 0x12);
  },
);
both(
  '3376 §7.2.1 MUST',
  '3810 §8.2.1 MUST',
  'To leave a group among older routers is told with a leave or done message to all routers.',
  (b) => {
    const inbox = member(b);
    b.wait(10 * SECOND);
    query(b, { version: 2 });
    b.wait(3 * SECOND);
    b.forget();
    inbox.socket.leave(b.at(group(b)), 1);
    b.wait(SECOND);
    const left = b.all().find((each) => each.kind === 'igmp' || each.kind === 'mld1-done')!;
    deepEqual(
      [left.destination, b.is6 ? left.kind : left.payload[0]],
      [b.is6 ? 'ff02::2' : '224.0.0.2', b.is6 ? 'mld1-done' : 0x17],
    );
  },
);
both(
  '3376 §7.2.2 MAY',
  '3810 §8.2.2 MAY',
  "Among older routers the report of another member makes one's own needless.",
  (b) => {
    member(b);
    b.wait(10 * SECOND);
    query(b, { version: 2, response: b.is6 ? 5_000 : 50 });
    const report = b.is6
      ? b.packet({
          source: b.peer.local,
          destination: group(b),
          hopLimit: 1,
          chain: [hopByHop(ROUTER_ALERT)],
          protocol: 58,
          payload: icmp6Message(b.peer.local, group(b), 131, 0, 0, address(group(b))),
        })
      : b.packet({
          destination: group(b),
          hopLimit: 1,
          protocol: 2,
          options: [148, 4, 0, 0],
          payload: v2Report(group(b)),
        });
    b.forget();
    b.inject(report);
    b.wait(6 * SECOND);
    none(reports(b));
  },
);
both(
  '3376 §7.2.1 MUST',
  '3810 §8.2.1 MUST',
  'After the older querier was silent long enough, the host reports in the newest version again.',
  (b) => {
    member(b);
    query(b, { version: 2 });
    b.wait(10 * MINUTE);
    query(b);
    b.wait(3 * SECOND);
    deepEqual(told(b), [`is-exclude ${group(b)}`]);
  },
);
both(
  '3376 §5.1 MAY',
  '3810 §6.1 MAY',
  'Source filters of sockets.',
  unseen('sockets join whole groups; source-specific membership is not offered'),
);
function v2Report(of: string): Bytes {
  const bare = join([0x16, 0, 0, 0], address(of));
  let sum = 0;
  for (let i = 0; i < bare.length; i += 2) sum += get16(bare, i);
  sum = (sum & 0xffff) + (sum >>> 16);
  bare.set(u16(~sum & 0xffff), 2);
  return bare;
}
