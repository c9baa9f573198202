/** Two ends and a wire between them, or one end and a peer played by the test; all on one clock, all from one seed. */
export { End, families, pattern, Seeded } from './ends.ts';
export { mssOption, sackOption, sackPermitted, scaleOption, timestampOption } from './option-bytes.ts';
export { dial, must, Owner, serve } from './owner.ts';
export { type Crafted, Peer } from './peer.ts';
export { decode, type Sent } from './sent.ts';
export { pair, Wire, type WireOptions } from './wire.ts';
