/** `Packet.words` hold what the wire holds in the byte order of this machine. */
export const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
