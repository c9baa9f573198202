import { afterEach, describe, expect, it } from 'vitest';
import { isFailure } from '../../../stacks/address/network.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  dial,
  families,
  mssOption,
  must,
  Owner,
  Peer,
  pair,
  sackPermitted,
  scaleOption,
  serve,
  timestampOption,
  Wire,
} from './network.ts';

describe.each(families)('opening, $name', (family) => {
  let peer = new Peer(family);
  const begin = (options = {}) => {
    peer = new Peer(family, options);
    return peer;
  };
  afterEach(() => expect(peer.environment.pool.live).toBe(0));

  it('offers MSS, SACK, timestamps and window scale (RFC 9293 §3.7.1, RFC 7323, RFC 2018)', () => {
    begin();
    dial(peer.end, peer.address, 4_000);
    const [syn] = peer.take();
    expect(syn).toMatchObject({ flags: 'S', ack: 0, window: 65_535, sackPermitted: true, shift: 7 });
    expect(syn!.mss).toBe(1_500 - family.headerBytes - 20); // RFC 6691: no options subtracted
    expect(syn!.timestamp![1]).toBe(0);
  });

  it('answers a SYN without options without options but MSS, and sends the default MSS', () => {
    begin();
    const owner = new Owner();
    serve(peer.end, 80, () => owner);
    expect(peer.inject({ seq: 100, flags: 'S' })).toBe('delivered');
    const [synAck] = peer.take();
    expect(synAck).toMatchObject({ flags: 'S.', ack: 101, shift: undefined, timestamp: undefined });
    expect(synAck!.sackPermitted).toBe(false);
    peer.inject({ seq: 101, ack: synAck!.seq + 1, flags: '.' });
    owner.connection.send(new Uint8Array(3_000));
    expect(peer.take()[0]!.data.length).toBe(family.defaultMss);
    expect(owner.connection.info()).toMatchObject({ windowScaling: false, timestamps: false, sack: false });
  });

  it('takes the options of a SYN and echoes its timestamp', () => {
    begin();
    serve(peer.end, 80, () => new Owner());
    const options = [...mssOption(1_000), ...sackPermitted(), ...timestampOption(777, 0), ...scaleOption(14)];
    peer.inject({ seq: 100, flags: 'S', options });
    const [synAck] = peer.take();
    expect(synAck).toMatchObject({ sackPermitted: true, shift: 7 });
    expect(synAck!.timestamp![1]).toBe(777);
  });

  it('opens simultaneously (RFC 9293 §3.5, figure 7)', () => {
    begin();
    const owner = new Owner();
    owner.connection = must(peer.tcp.connect(peer.address, 4_000, { handler: owner, localPort: 80 }));
    const [syn] = peer.take();
    expect(peer.inject({ seq: 500, flags: 'S' })).toBe('delivered');
    const [synAck] = peer.take();
    expect(synAck).toMatchObject({ flags: 'S.', seq: syn!.seq, ack: 501 });
    expect(owner.connection.state).toBe('SYN-RECEIVED');
    expect(peer.inject({ seq: 500, ack: syn!.seq + 1, flags: 'S.' })).toBe('delivered');
    expect(owner.connection.state).toBe('ESTABLISHED');
    expect(owner.events).toEqual(['connected']);
    owner.connection.abort();
  });

  it('two ends that call each other meet in one connection', () => {
    const wire = new Wire(family);
    const owners = [new Owner(), new Owner()];
    owners[0]!.connection = must(
      wire.a.tcp.connect(wire.b.address, 9, { handler: owners[0]!, localPort: 8 }),
    );
    owners[1]!.connection = must(
      wire.b.tcp.connect(wire.a.address, 8, { handler: owners[1]!, localPort: 9 }),
    );
    wire.settle();
    expect(owners.map((o) => o.connection.state)).toEqual(['ESTABLISHED', 'ESTABLISHED']);
    owners[0]!.connection.send(Buffer.from('over'));
    owners[1]!.connection.send(Buffer.from('cross'));
    wire.settle();
    expect(owners.map((o) => o.text)).toEqual(['cross', 'over']);
    expect(wire.environment.pool.live).toBe(0);
  });

  it('repeats a SYN after 1, 2, 4 s ... and gives up after three minutes (RFC 6298, RFC 9293 §3.8.3)', () => {
    begin();
    const owner = dial(peer.end, peer.address, 4_000);
    while (peer.clock.step());
    expect(peer.sent.map((s) => s.flags)).toEqual(new Array(8).fill('S'));
    const gaps = peer.sent.slice(1).map((s, i) => (s.time - peer.sent[i]!.time) / SECOND);
    expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 60]);
    expect(owner.events).toEqual(['closed ETIMEDOUT']);
    expect(owner.failure!.cause).toContain('did not answer SYN');
    expect(peer.clock.now).toBeGreaterThanOrEqual(180 * SECOND);
    expect(peer.tcp.connectionCount).toBe(0);
  });

  it('starts with one segment and 3 s after a lost SYN (RFC 5681 §3.1, RFC 6298 §5.7)', () => {
    begin();
    const owner = dial(peer.end, peer.address, 4_000);
    peer.clock.advance(1_500_000);
    const [syn] = peer.take();
    peer.local = syn!.sourcePort;
    peer.inject({ seq: 1, ack: syn!.seq + 1, flags: 'S.' });
    expect(owner.connection.info()).toMatchObject({ rto: 3 * SECOND, srtt: 0 });
    peer.take();
    owner.connection.send(new Uint8Array(10_000));
    expect(peer.take().length).toBe(1);
    owner.connection.abort();
  });

  it('is refused by a reset, and not by one that acknowledges nothing of ours', () => {
    begin();
    const owner = dial(peer.end, peer.address, 4_000);
    const [syn] = peer.take();
    peer.local = syn!.sourcePort;
    expect(peer.inject({ seq: 0, flags: 'R' })).toBe('blind-reset');
    expect(peer.inject({ seq: 0, ack: syn!.seq, flags: 'R.' })).toBe('blind-reset');
    expect(peer.inject({ seq: 0, ack: syn!.seq + 7, flags: '.' })).toBe('answered');
    expect(peer.take()).toMatchObject([{ flags: 'R', seq: syn!.seq + 7 }]);
    expect(owner.connection.state).toBe('SYN-SENT');
    expect(peer.inject({ seq: 0, ack: syn!.seq + 1, flags: 'R.' })).toBe('delivered');
    expect(owner.events).toEqual(['closed ECONNREFUSED']);
    expect(peer.tcp.connectionCount).toBe(0);
    expect(peer.clock.foreground).toBe(0);
  });

  it('ends at once on an ICMP error for its SYN, and only for its SYN (RFC 5927 §4.1)', () => {
    begin();
    for (const [kind, code] of [
      ['port-unreachable', 'ECONNREFUSED'],
      ['protocol-unreachable', 'ECONNREFUSED'],
      ['prohibited', 'EHOSTUNREACH'],
    ] as const) {
      const owner = dial(peer.end, peer.address, 4_000);
      const [syn] = peer.take();
      const error = {
        kind,
        mtu: 0,
        reporter: 'r1',
        local: peer.end.address,
        remote: peer.address,
        localPort: syn!.sourcePort,
        remotePort: 4_000,
        sequence: syn!.seq,
      };
      expect(peer.tcp.networkError({ ...error, sequence: syn!.seq + 1 })).toBe(false);
      expect(peer.tcp.networkError({ ...error, remotePort: 4_001 })).toBe(false);
      expect(owner.isClosed).toBe(false);
      expect(peer.tcp.networkError(error)).toBe(true);
      expect(owner.failure).toMatchObject({ code, cause: `ICMP ${kind} from r1` });
    }
    const owner = dial(peer.end, peer.address, 4_000);
    const [syn] = peer.take();
    peer.tcp.networkError({
      kind: 'time-exceeded',
      mtu: 0,
      reporter: 'r2',
      local: peer.end.address,
      remote: peer.address,
      localPort: syn!.sourcePort,
      remotePort: 4_000,
      sequence: syn!.seq,
    });
    while (peer.clock.step());
    expect(owner.failure!.code).toBe('EHOSTUNREACH');
    expect(owner.failure!.cause).toContain('ICMP time-exceeded from r2');
  });

  it('resets what belongs to no connection (RFC 9293 §3.10.7.1)', () => {
    begin();
    expect(peer.inject({ seq: 7, ack: 99, flags: '.', data: 'x' })).toBe('answered');
    expect(peer.inject({ seq: 7, flags: 'SF', data: 'abc' })).toBe('answered');
    expect(peer.inject({ seq: 7, flags: 'R' })).toBe('no-connection');
    expect(peer.take()).toMatchObject([
      { flags: 'R', seq: 99 },
      { flags: 'R.', seq: 0, ack: 12 },
    ]);
  });

  it('as a listener ignores resets, resets ACKs and drops what has neither (RFC 9293 §3.10.7.2)', () => {
    begin();
    serve(peer.end, 80, () => new Owner());
    expect(peer.inject({ seq: 7, flags: 'R' })).toBe('no-connection');
    expect(peer.inject({ seq: 7, ack: 50, flags: 'S.' })).toBe('answered');
    expect(peer.inject({ seq: 7, flags: 'F' })).toBe('no-ack-flag');
    expect(peer.take()).toMatchObject([{ flags: 'R', seq: 50 }]);
  });

  it('opens nothing to or from a group (RFC 9293 §3.9.2.3)', () => {
    begin();
    serve(peer.end, 80, () => new Owner());
    const group = must(family.parse(family.addressBytes === 4 ? '224.0.0.1' : 'ff02::1')!);
    expect(peer.inject({ seq: 7, flags: 'S' }, group)).toBe('bad-destination');
    expect(peer.inject({ seq: 7, flags: 'S' }, peer.end.address, group)).toBe('bad-source');
    expect(peer.inject({ seq: 7, flags: 'S' }, peer.end.address, family.any)).toBe('bad-source');
    expect(isFailure(peer.tcp.connect(group, 80, { handler: new Owner() }))).toBe(true);
    expect(peer.take()).toEqual([]);
  });

  it('answers a repeated SYN with the same SYN-ACK', () => {
    begin();
    serve(peer.end, 80, () => new Owner());
    peer.inject({ seq: 1, flags: 'S' });
    peer.inject({ seq: 1, flags: 'S' });
    const [one, two] = peer.take();
    expect(two).toMatchObject({ flags: 'S.', seq: one!.seq, ack: 2 });
    expect(peer.tcp.connectionCount).toBe(1);
    expect(peer.inject({ seq: 2, flags: 'R' })).toBe('delivered');
    expect(peer.tcp.connectionCount).toBe(0);
  });

  it('keeps its limit of connections, either way', () => {
    begin({ maxConnections: 2 });
    serve(peer.end, 80, () => new Owner());
    for (peer.port = 1; peer.port <= 2; peer.port++) {
      expect(peer.inject({ seq: 1, flags: 'S' })).toBe('delivered');
    }
    expect(peer.inject({ seq: 1, flags: 'S' })).toBe('connection-limit');
    expect(peer.tcp.connect(peer.address, 9, { handler: new Owner() })).toMatchObject({ code: 'ENOBUFS' });
    expect(peer.take().length).toBe(2);
  });

  it('takes no new connection at a suspended port', () => {
    begin();
    serve(peer.end, 80, () => new Owner());
    peer.tcp.suspend(80, true);
    expect(peer.inject({ seq: 1, flags: 'S' })).toBe('port-suspended');
    peer.tcp.suspend(80, false);
    expect(peer.inject({ seq: 1, flags: 'S' })).toBe('delivered');
  });

  it('refuses what cannot be opened', () => {
    begin();
    const accept = () => {};
    const handler = new Owner();
    serve(peer.end, 80, () => new Owner());
    expect(peer.tcp.listen(family.any, 80, { accept })).toMatchObject({ code: 'EADDRINUSE' });
    expect(peer.tcp.listen(peer.end.address, 80, { accept })).toMatchObject({ code: 'EADDRINUSE' });
    expect(peer.tcp.listen(peer.address, 81, { accept })).toMatchObject({ code: 'EADDRNOTAVAIL' });
    expect(peer.tcp.connect(peer.address, 0, { handler })).toMatchObject({ code: 'EINVAL' });
    peer.end.failure = { code: 'ENETDOWN', cause: 'the link is down' };
    expect(peer.tcp.connect(peer.address, 9, { handler })).toMatchObject({ code: 'ENETDOWN' });
    expect(peer.tcp.connectionCount).toBe(0);
    expect(handler.events).toEqual([]);
  });

  it('ephemeral ports are random and differ; sequence numbers grow with time (RFC 6056, RFC 6528)', () => {
    begin();
    for (let i = 0; i < 50; i++) dial(peer.end, peer.address, 4_000);
    const ports = peer.take().map((s) => s.sourcePort);
    expect(new Set(ports).size).toBe(50);
    expect(ports.every((p) => p >= 32_768 && p <= 60_999)).toBe(true);
    expect(ports.some((p, i) => i > 0 && Math.abs(p - ports[i - 1]!) > 1_000)).toBe(true);
    peer.tcp.stop();
    const isns: number[] = [];
    for (let i = 0; i < 2; i++) {
      const owner = new Owner();
      owner.connection = must(peer.tcp.connect(peer.address, 7, { handler: owner, localPort: 7 }));
      isns.push(peer.sent.at(-1)!.seq);
      owner.connection.abort();
      peer.clock.advance(peer.clock.now + SECOND);
    }
    expect((isns[1]! - isns[0]!) | 0).toBe(250_000); // one tick every 4 µs
  });

  it('stop resets every connection and keeps the listeners', () => {
    const wire = new Wire(family);
    const { client, server } = pair(wire);
    wire.b.tcp.stop();
    expect(server.failure).toMatchObject({ code: 'ECONNABORTED', cause: 'stack stopped' });
    wire.settle();
    expect(client.failure!.code).toBe('ECONNRESET');
    expect([...wire.b.tcp.listeners()].length).toBe(1);
    expect(wire.clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it('a closed listener resets those it has not announced', () => {
    begin();
    const listener = serve(peer.end, 80, () => new Owner());
    peer.inject({ seq: 1, flags: 'S' });
    peer.take();
    listener.close();
    expect(peer.take()).toMatchObject([{ flags: 'R.' }]);
    expect([...peer.tcp.listeners()]).toEqual([]);
    expect(peer.inject({ seq: 1, flags: 'S' })).toBe('answered');
    expect(peer.clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });
});
