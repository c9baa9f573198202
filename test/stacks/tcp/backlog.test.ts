import { afterEach, describe, expect, it } from 'vitest';
import { addBytes, finish } from '../../../stacks/packet/checksum.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { CHECKSUM, TCP, writeHeader } from '../../../stacks/wire/tcp.ts';
import {
  dial,
  families,
  mssOption,
  must,
  Owner,
  Peer,
  sackPermitted,
  scaleOption,
  serve,
  timestampOption,
  Wire,
} from './network.ts';

describe.each(families)('a listener under load, $name', (family) => {
  let peer = new Peer(family);
  const begin = (options = {}) => {
    peer = new Peer(family, options);
    return peer;
  };
  afterEach(() => expect(peer.environment.pool.live).toBe(0));

  it('keeps nothing of a SYN when the backlog is full, and lets go of half-open connections', () => {
    begin();
    const accepted: Owner[] = [];
    must(
      peer.tcp.listen(family.any, 80, {
        backlog: 2,
        accept: (connection) => {
          const owner = new Owner();
          owner.connection = connection;
          connection.handler = owner;
          accepted.push(owner);
        },
      }),
    );
    for (peer.port = 1; peer.port <= 2; peer.port++) peer.inject({ seq: 1, flags: 'S' });
    const [first] = peer.take();
    expect(peer.inject({ seq: 1, flags: 'S' })).toBe('answered');
    expect(peer.take()).toMatchObject([{ flags: 'S.', ack: 2, shift: undefined, timestamp: undefined }]);
    expect(peer.tcp.connectionCount).toBe(2);
    peer.port = 1;
    peer.inject({ seq: 2, ack: first!.seq + 1, flags: '.' });
    expect(accepted.length).toBe(1);
    peer.port = 3;
    expect(peer.inject({ seq: 1, flags: 'S' })).toBe('delivered');
    while (peer.clock.step());
    expect(peer.tcp.connectionCount).toBe(1);
    expect(peer.clock.now).toBeGreaterThan(60 * SECOND);
  });

  it('takes the ACK of a cookie for the SYN that it kept nothing of (RFC 4987 §3.6), once it is its own', () => {
    begin();
    const accepted: Owner[] = [];
    must(
      peer.tcp.listen(family.any, 80, {
        backlog: 1,
        accept: (connection) => {
          const owner = new Owner();
          owner.connection = connection;
          connection.handler = owner;
          accepted.push(owner);
        },
      }),
    );
    peer.port = 1;
    peer.inject({ seq: 1, flags: 'S' });
    peer.take();
    peer.port = 2;
    expect(peer.inject({ seq: 100, flags: 'S', options: [2, 4, 5, 200] })).toBe('answered'); // MSS 1,480
    const [cookie] = peer.take();
    const ack = cookie!.seq + 1;
    // Of another port, of another SYN, guessed: a reset each.
    peer.port = 3;
    expect(peer.inject({ seq: 101, ack, flags: '.' })).toBe('answered');
    peer.port = 2;
    expect(peer.inject({ seq: 102, ack, flags: '.' })).toBe('answered');
    expect(peer.inject({ seq: 101, ack: ack + 1, flags: '.' })).toBe('answered');
    expect(peer.take().map((sent) => sent.flags)).toEqual(['R', 'R', 'R']);
    expect(accepted.length).toBe(0);
    expect(peer.inject({ seq: 101, ack, flags: '.', data: 'hello' })).toBe('delivered');
    expect(accepted.length).toBe(1);
    expect(accepted[0]!.text).toBe('hello');
    const { connection } = accepted[0]!;
    expect(connection.info()).toMatchObject({
      state: 'ESTABLISHED',
      mss: 1_440 + (family.version === 4 ? 20 : 0),
    });
    connection.send(Uint8Array.of(1));
    expect(peer.take().at(-1)).toMatchObject({ seq: cookie!.seq + 1, ack: 106, data: { length: 1 } });
    expect(connection.info().rto).toBe(SECOND); // no SYN of ours was lost
    // Too old: the period of the cookie and the next have passed.
    peer.port = 4;
    peer.inject({ seq: 100, flags: 'S' });
    const old = peer.take().at(-1)!;
    peer.clock.now += 130 * SECOND;
    expect(peer.inject({ seq: 101, ack: old.seq + 1, flags: '.' })).toBe('answered');
    expect(peer.take()).toMatchObject([{ flags: 'R' }]);
  });

  it.each([
    [
      [...sackPermitted(), ...scaleOption(3)],
      'SEW',
      { sack: true, windowScaling: true, sendWindowScale: 3, ecn: true },
    ],
    [sackPermitted(), 'S', { sack: true, windowScaling: false, receiveWindowScale: 0, ecn: false }],
    [scaleOption(0), 'S', { sack: false, windowScaling: true, sendWindowScale: 0, ecn: false }],
  ])('a cookie keeps options in its timestamp, if the peer has them: %j', (options, flags, agreed) => {
    begin();
    const owner = new Owner();
    serve(peer.end, 80, () => owner, { backlog: 1 });
    peer.port = 1;
    peer.inject({ seq: 1, flags: 'S' });
    peer.port = 2;
    const offered = [...mssOption(1_000), ...timestampOption(-5, 0), ...options];
    expect(peer.inject({ seq: 100, flags, options: offered })).toBe('answered');
    const cookie = peer.take().at(-1)!;
    expect(cookie.flags).toBe(agreed.ecn === true ? 'SE.' : 'S.');
    expect(cookie.timestamp![1]).toBe(-5);
    expect(cookie.sackPermitted).toBe(agreed.sack);
    expect(cookie.shift === undefined).toBe(agreed.windowScaling === false);
    const stamp = timestampOption(-4, cookie.timestamp![0]);
    const answer = { seq: 101, ack: (cookie.seq + 1) | 0, flags: '.', window: 500, options: stamp };
    expect(peer.inject(answer)).toBe('delivered');
    const info = owner.connection.info();
    expect(info).toMatchObject({ ...agreed, timestamps: true, state: 'ESTABLISHED' });
    expect(info.sndWnd).toBe(500 << info.sendWindowScale);
    owner.connection.send(new Uint8Array(10));
    const [data] = peer.take();
    expect(data!.timestamp![1]).toBe(-4);
    expect((data!.timestamp![0] - cookie.timestamp![0]) | 0).toBeGreaterThanOrEqual(0);
  });

  it('takes honest connections in a flood of 100,000 SYNs a second, at the first try and in bounded memory', () => {
    const wire = new Wire(family, { delay: 5_000 });
    let accepted = 0;
    must(
      wire.b.tcp.listen(family.any, 80, {
        accept: (connection) => {
          connection.handler = new Owner();
          accepted++;
        },
      }),
    );
    const forged = wire.a.address.clone();
    const owners: Owner[] = [];
    for (let ms = 0; ms < 200; ms++) {
      for (let i = 0; i < 100; i++) {
        forged.w3 = (0x0a01_0000 + ms * 100 + i) | 0;
        const packet = wire.environment.pool.take(20)!;
        writeHeader(packet, 1_000 + i, 80, ms, 0, 20, 2, 1_024);
        const pseudo = family.pseudoHeader(forged, wire.b.address, TCP, packet.length);
        packet.setU16(packet.start + CHECKSUM, finish(addBytes(packet, packet.start, packet.end, pseudo)));
        wire.b.take(packet, forged, wire.b.address);
      }
      if (ms % 20 === 0) owners.push(dial(wire.a, wire.b.address, 80));
      wire.run(1_000);
    }
    wire.run(50_000);
    expect(owners.map((owner) => owner.events)).toEqual(owners.map(() => ['connected']));
    expect(accepted).toBe(owners.length);
    expect(wire.b.tcp.connectionCount).toBeLessThanOrEqual(owners.length + 128);
  });

  it('forgets the last ACK of a handshake while the owner has no room (admit)', () => {
    begin();
    let room = true;
    const owner = new Owner();
    must(
      peer.tcp.listen(family.any, 80, {
        admit: () => room,
        accept: (connection) => {
          owner.connection = connection;
          connection.handler = owner;
        },
      }),
    );
    peer.inject({ seq: 1, flags: 'S' });
    const [synAck] = peer.take();
    room = false;
    expect(peer.inject({ seq: 2, ack: synAck!.seq + 1, flags: '.' })).toBe('backlog-full');
    peer.port++;
    expect(peer.inject({ seq: 2, flags: 'S' })).toBe('backlog-full');
    peer.port--;
    room = true;
    peer.clock.advance(1_200_000);
    expect(peer.take()).toMatchObject([{ flags: 'S.' }]);
    expect(peer.inject({ seq: 2, ack: synAck!.seq + 1, flags: '.' })).toBe('delivered');
    expect(owner.connection.state).toBe('ESTABLISHED');
  });
});
