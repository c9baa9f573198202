/** The deck of two IPv4 hosts on one segment, 192.0.2.1 (ID 01) and 192.0.2.2 (ID 02): the lab of every measurement. */
export function twoHosts(maxConnections?: number): string {
  const limit = maxConnections === undefined ? '' : `MAXCONN ${maxConnections}\n`;
  const host = (n: number): string =>
    `// EXEC BSTTINET
ID 0${n}
${limit}DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.${n} 255.255.255.0 1500
ATTACH TCP/IP
/*
`;
  return host(1) + host(2);
}
