/** What an attacker who sees nothing must not achieve: RFC 5961, RFC 7323 §5, RFC 5927. */
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../stacks/time/clock.ts';
import { families, mssOption, Owner, Peer, serve, timestampOption } from './network.ts';

describe.each(families)('blind attacks, $name', (family) => {
  it('RST: exact resets, in window is challenged, outside is dropped (RFC 5961 §3.2)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    expect(peer.inject({ seq: 1_000, flags: 'R' })).toBe('blind-reset');
    expect(peer.inject({ seq: 1_001 + 65_535, flags: 'R' })).toBe('blind-reset');
    expect(peer.take()).toEqual([]);
    expect(peer.inject({ seq: 1_002, flags: 'R' })).toBe('answered');
    expect(peer.take()).toMatchObject([{ flags: '.', seq: iss + 1, ack: 1_001 }]);
    expect(owner.isClosed).toBe(false);
    expect(peer.inject({ seq: 1_001, flags: 'R' })).toBe('delivered');
    expect(owner.events).toEqual(['closed ECONNRESET']);
    expect(owner.failure!.cause).toContain('RST');
  });

  it('SYN in a synchronised state is challenged wherever it lies (RFC 5961 §4.2)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    expect(peer.inject({ seq: 1_001, flags: 'S' })).toBe('answered');
    expect(peer.inject({ seq: 900_000, flags: 'S' })).toBe('outside-window');
    expect(peer.take()).toMatchObject([
      { flags: '.', seq: iss + 1, ack: 1_001 },
      { flags: '.', seq: iss + 1, ack: 1_001 },
    ]);
    expect(owner.connection.state).toBe('ESTABLISHED');
  });

  it('ACK of the never sent, or too old, is challenged and its data not taken (RFC 5961 §5.2)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    expect(peer.inject({ seq: 1_001, ack: iss + 2, flags: '.', data: 'evil' })).toBe('answered');
    expect(peer.inject({ seq: 1_001, ack: iss - 65_535, flags: '.', data: 'evil' })).toBe('answered');
    expect(peer.take().map((s) => s.flags)).toEqual(['.', '.']);
    expect(owner.received).toBe(0);
    expect(peer.inject({ seq: 1_001, ack: iss - 60_000, flags: '.', data: 'old ack' })).toBe('delivered');
    expect(owner.text).toBe('old ack');
    owner.connection.abort();
  });

  it('challenges at most ten times a second, each connection for itself (RFC 5961 §7)', () => {
    const peer = new Peer(family);
    const owners = [peer.accept()];
    for (let i = 0; i < 50; i++) peer.inject({ seq: 1_005, flags: 'R' });
    expect(peer.take().length).toBe(10);
    expect(peer.inject({ seq: 1_005, flags: 'R' })).toBe('blind-reset');
    peer.port++;
    peer.inject({ seq: 5, flags: 'S' });
    const iss = peer.take()[0]!.seq;
    peer.inject({ seq: 6, ack: iss + 1, flags: '.' });
    expect(peer.inject({ seq: 10, flags: 'R' })).toBe('answered');
    peer.port--;
    peer.take();
    peer.clock.advance(SECOND);
    peer.inject({ seq: 1_005, flags: 'R' });
    expect(peer.take().length).toBe(1);
    expect(owners[0]!.owner.isClosed).toBe(false);
  });

  it('a segment without ACK, or out of window, does nothing', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    expect(peer.inject({ seq: 1_001, flags: 'P', data: 'x' })).toBe('no-ack-flag');
    expect(peer.inject({ seq: 70_000, ack: iss + 1, flags: '.', data: 'x' })).toBe('outside-window');
    expect(peer.take()).toMatchObject([{ flags: '.', ack: 1_001 }]);
    expect(owner.received).toBe(0);
  });

  it('PAWS: an older timestamp is acknowledged and dropped, none at all is dropped (RFC 7323 §5.3, §3.2)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept(timestampOption(100, 0));
    const ts = (value: number) => timestampOption(value, 0);
    peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', data: 'a', options: ts(101) });
    peer.take();
    expect(peer.inject({ seq: 1_002, ack: iss + 1, flags: '.', data: 'b', options: ts(99) })).toBe(
      'old-timestamp',
    );
    expect(peer.take()).toMatchObject([{ ack: 1_002 }]);
    expect(peer.inject({ seq: 1_002, ack: iss + 1, flags: '.', data: 'b' })).toBe('old-timestamp');
    expect(peer.take()).toEqual([]);
    expect(peer.inject({ seq: 1_002, ack: iss + 1, flags: '.', data: 'c', options: ts(101) })).toBe(
      'delivered',
    );
    expect(owner.text).toBe('ac');
    // §5.5: after 24 days the old value says nothing.
    peer.clock.advance(25 * 86_400 * SECOND);
    expect(peer.inject({ seq: 1_003, ack: iss + 1, flags: '.', data: 'd', options: ts(7) })).toBe(
      'delivered',
    );
    // A reset is not subject to it.
    expect(peer.inject({ seq: 1_004, flags: 'R', options: ts(1) })).toBe('delivered');
  });

  it('TS.Recent follows the segment at the left edge only (RFC 7323 §4.3)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept(timestampOption(100, 0));
    peer.inject({ seq: 1_005, ack: iss + 1, flags: '.', data: 'later', options: timestampOption(120, 0) });
    expect(peer.take()[0]!.timestamp![1]).toBe(100);
    peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', data: 'abcd', options: timestampOption(110, 0) });
    expect(peer.take()[0]!.timestamp![1]).toBe(110);
    expect(owner.text).toBe('abcdlater');
    owner.connection.abort();
  });

  it('ICMP in a synchronised state is soft, and believed only for what is in flight', () => {
    const peer = new Peer(family, { maxRetransmits: 3 });
    const { owner, iss } = peer.accept(mssOption(1_000));
    owner.connection.send(new Uint8Array(500));
    const error = {
      kind: 'port-unreachable' as const,
      mtu: 0,
      reporter: 'gw',
      local: peer.end.address,
      remote: peer.address,
      localPort: 80,
      remotePort: 4_000,
      sequence: iss + 1,
    };
    expect(peer.tcp.networkError({ ...error, sequence: iss })).toBe(false);
    expect(peer.tcp.networkError({ ...error, sequence: iss + 501 })).toBe(false);
    expect(peer.tcp.networkError(error)).toBe(true);
    expect(owner.isClosed).toBe(false);
    while (peer.clock.step());
    // The soft error is what the application is told when the connection times out (RFC 9293 §3.9.2.2).
    expect(owner.failure!.code).toBe('ECONNREFUSED');
    expect(owner.failure!.cause).toContain('ICMP port-unreachable from gw');
    expect(peer.environment.pool.live).toBe(0);
  });

  it('a SYN in the window of a half-open connection returns it to LISTEN (RFC 9293 §3.10.7.4)', () => {
    const peer = new Peer(family);
    serve(peer.end, 80, () => new Owner());
    peer.inject({ seq: 100, flags: 'S' });
    expect(peer.tcp.connectionCount).toBe(1);
    peer.inject({ seq: 150, flags: 'S' });
    expect(peer.tcp.connectionCount).toBe(0);
    expect(peer.clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });
});
