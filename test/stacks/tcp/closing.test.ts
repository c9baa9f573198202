import { describe, expect, it } from 'vitest';
import { MAX_TIME_WAIT } from '../../../stacks/tcp/settings.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { dial, families, Owner, Peer, pair, serve, timestampOption, Wire } from './network.ts';

describe.each(families)('closing, $name', (family) => {
  it('closes simultaneously (RFC 9293 §3.6, figure 13)', () => {
    const wire = new Wire(family);
    const { client, server } = pair(wire);
    client.connection.close();
    server.connection.close();
    wire.run(1_500);
    expect([client.connection.state, server.connection.state]).toEqual(['CLOSING', 'CLOSING']);
    wire.run(1_500);
    expect([client.connection.state, server.connection.state]).toEqual(['TIME-WAIT', 'TIME-WAIT']);
    expect(client.events.at(-1)).toBe('closed');
    wire.drain();
    expect([...wire.a.tcp.connections(), ...wire.b.tcp.connections()]).toEqual([]);
    expect(wire.environment.pool.live).toBe(0);
  });

  it('takes a FIN that comes before the data it follows', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    peer.inject({ seq: 1_004, ack: iss + 1, flags: 'F.', data: 'def' });
    expect(owner.events).toEqual([]);
    expect(peer.take()).toMatchObject([{ flags: '.', ack: 1_001 }]);
    peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', data: 'abc' });
    expect(owner.text).toBe('abcdef');
    expect(owner.events).toEqual(['readable', 'ended']);
    expect(peer.take()).toMatchObject([{ flags: '.', ack: 1_008 }]);
    // What a peer sends behind its own FIN does not exist.
    peer.inject({ seq: 1_008, ack: iss + 1, flags: '.', data: 'ghost' });
    expect(owner.text).toBe('abcdef');
    owner.connection.abort();
  });

  it('resets when data comes after close (RFC 9293 §3.6.1) and when data is unread at close (RFC 2525)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    owner.connection.close();
    expect(peer.take()).toMatchObject([{ flags: 'F.' }]);
    peer.inject({ seq: 1_001, ack: iss + 2, flags: '.' });
    expect(owner.connection.state).toBe('FIN-WAIT-2');
    expect(peer.inject({ seq: 1_001, ack: iss + 2, flags: '.', data: 'late' })).toBe('answered');
    expect(peer.take()).toMatchObject([{ flags: 'R', seq: iss + 2 }]);
    expect(owner.events).toEqual(['closed']);

    const other = new Peer(family);
    const second = other.accept();
    second.owner.reading = false;
    other.inject({ seq: 1_001, ack: second.iss + 1, flags: '.', data: 'never read' });
    other.take();
    second.owner.connection.close();
    expect(other.take()).toMatchObject([{ flags: 'R.' }]);
    expect(second.owner.events).toEqual(['readable', 'closed']);
    expect(other.clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not wait in FIN-WAIT-2 for ever once nobody is left', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    owner.connection.close();
    peer.inject({ seq: 1_001, ack: iss + 2, flags: '.' });
    expect(peer.clock.foreground).toBe(0);
    while (peer.clock.step());
    expect(peer.clock.now).toBe(60 * SECOND);
    expect(owner.events).toEqual(['closed']);
    expect(peer.tcp.connectionCount).toBe(0);
  });

  it('waits in FIN-WAIT-2 as long as the owner reads (half-close)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    owner.connection.shutdown();
    expect(owner.connection.send(new Uint8Array(1))).toMatchObject({ code: 'EPIPE' });
    peer.inject({ seq: 1_001, ack: iss + 2, flags: '.' });
    peer.clock.advance(3_600 * SECOND);
    peer.inject({ seq: 1_001, ack: iss + 2, flags: '.', data: 'still here' });
    expect(owner.text).toBe('still here');
    expect(owner.connection.state).toBe('FIN-WAIT-2');
    owner.connection.abort();
    expect(owner.connection.send(new Uint8Array(1))).toMatchObject({ code: 'ENOTCONN' });
  });

  it('acknowledges a repeated FIN in TIME-WAIT and waits anew; a reset does not end it (RFC 1337)', () => {
    const peer = new Peer(family);
    const { owner, iss } = peer.accept();
    owner.connection.shutdown();
    peer.inject({ seq: 1_001, ack: iss + 2, flags: 'F.' });
    expect(owner.connection.state).toBe('TIME-WAIT');
    expect(owner.events).toEqual(['ended', 'closed']);
    peer.take();
    peer.clock.advance(50 * SECOND);
    peer.inject({ seq: 1_001, ack: iss + 2, flags: 'F.' });
    expect(peer.take()).toMatchObject([{ flags: '.', seq: iss + 2, ack: 1_002 }]);
    expect(peer.inject({ seq: 1_002, flags: 'R' })).toBe('blind-reset');
    peer.clock.advance(109 * SECOND);
    expect(owner.connection.state).toBe('TIME-WAIT');
    peer.clock.advance(111 * SECOND);
    expect(owner.connection.state).toBe('CLOSED');
    expect([...peer.tcp.connections()]).toEqual([]);
  });

  it.each([
    ['a higher sequence number', 5_000, undefined, true],
    ['a lower one', 900, undefined, false],
    ['a lower one but a later timestamp (RFC 6191)', 900, 20, true],
    ['a higher one but an earlier timestamp', 5_000, 5, false],
  ])('reuses TIME-WAIT for a SYN with %s', (_, seq, tsVal, reused) => {
    const peer = new Peer(family);
    const owner = new Owner();
    serve(peer.end, 80, () => owner);
    const ts = (value: number) => (tsVal === undefined ? [] : timestampOption(value, 0));
    peer.inject({ seq: 1_000, flags: 'S', options: ts(10) });
    const iss = peer.take()[0]!.seq;
    peer.inject({ seq: 1_001, ack: iss + 1, flags: '.', options: ts(10) });
    owner.connection.shutdown();
    peer.inject({ seq: 1_001, ack: iss + 2, flags: 'F.', options: ts(10) });
    expect(owner.connection.state).toBe('TIME-WAIT');
    peer.take();
    peer.inject({ seq, flags: 'S', options: ts(tsVal ?? 0) });
    const [answer] = peer.take();
    expect(answer!.flags).toBe(reused ? 'S.' : '.');
    if (reused) expect((answer!.seq - (iss + 2)) | 0).toBeGreaterThan(0);
    expect(peer.tcp.connectionCount).toBe(reused ? 1 : 0);
  });

  it('bounds TIME-WAIT: the oldest goes first', () => {
    const peer = new Peer(family);
    let owner = new Owner();
    serve(peer.end, 80, () => owner);
    const close = (port: number) => {
      peer.port = port;
      owner = new Owner();
      peer.take();
      peer.inject({ seq: 1, flags: 'S' });
      const iss = peer.take()[0]!.seq;
      peer.inject({ seq: 2, ack: (iss + 1) | 0, flags: '.' });
      owner.connection.shutdown();
      peer.inject({ seq: 2, ack: (iss + 2) | 0, flags: 'F.' });
      expect(owner.connection.state).toBe('TIME-WAIT');
      return owner;
    };
    const first = close(1_024);
    const second = close(1_025);
    for (let i = 2; i < MAX_TIME_WAIT; i++) close(1_024 + i);
    expect(first.connection.state).toBe('TIME-WAIT');
    close(60_000);
    expect(first.connection.state).toBe('CLOSED');
    expect(second.connection.state).toBe('TIME-WAIT');
    expect([...peer.tcp.connections()].length).toBe(MAX_TIME_WAIT);
    while (peer.clock.step());
    expect([...peer.tcp.connections()]).toEqual([]);
    expect(peer.environment.pool.live).toBe(0);
  });

  it('holds back a clean end until the owner has read', () => {
    const wire = new Wire(family);
    const { client, server } = pair(wire);
    server.reading = false;
    client.connection.send(Buffer.from('slow reader'));
    client.connection.shutdown();
    server.connection.shutdown();
    wire.settle();
    expect(server.events).toEqual(['readable', 'ended']);
    expect(server.connection.state).not.toBe('ESTABLISHED');
    server.read();
    expect(server.text).toBe('slow reader');
    expect(server.events).toEqual(['readable', 'ended', 'closed']);
  });

  it('tells an owner who aborts from inside a call', () => {
    const wire = new Wire(family);
    const { client, server } = pair(wire);
    server.onReadable = () => server.connection.abort();
    client.connection.send(Buffer.from('x'));
    client.connection.shutdown();
    wire.settle();
    expect(server.events).toEqual(['readable', 'closed']);
    expect(client.failure!.code).toBe('ECONNRESET');
    expect(wire.clock.foreground).toBe(0);
    expect(wire.environment.pool.live).toBe(0);
  });

  it('close before the connection is made withdraws the SYN', () => {
    const peer = new Peer(family);
    const owner = dial(peer.end, peer.address, 4_000);
    owner.connection.close();
    expect(owner.events).toEqual(['closed']);
    expect(peer.clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
    expect(peer.tcp.connectionCount).toBe(0);
  });

  it('data and FIN queued before the connection is made follow it', () => {
    const wire = new Wire(family);
    const server = new Owner();
    serve(wire.b, 80, () => server);
    const client = dial(wire.a, wire.b.address, 80);
    client.connection.send(Buffer.from('early'));
    client.connection.shutdown();
    wire.settle();
    expect(server.text).toBe('early');
    expect(server.events).toEqual(['readable', 'ended']);
    server.connection.shutdown();
    wire.settle();
    expect(client.events).toEqual(['connected', 'ended', 'closed']);
  });
});
