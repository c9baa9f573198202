/**
 * The layer laws (stacks/README.md). `npm run laws` fails when one is broken.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed },
});

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'law-1-the-families-never-meet',
      comment: 'stacks/ipv4 and stacks/ipv6 meet only in src/couple.',
      severity: 'error',
      from: { path: '^stacks/(ipv[46])/' },
      to: { path: '^stacks/ipv[46]/', pathNot: '^stacks/$1/' },
    },
    {
      name: 'law-2-stacks-are-pure',
      comment: 'No node:* module, no package and no driver under stacks/, not even as a type.',
      severity: 'error',
      from: { path: '^stacks/' },
      to: { pathNot: '^stacks/' },
    },
    {
      name: 'law-3-protocol-and-drivers-never-look-up',
      severity: 'error',
      from: { path: '^(stacks|devices)/' },
      to: { path: '^src/' },
    },
    {
      name: 'law-3-services-see-sockets-only',
      severity: 'error',
      from: { path: '^src/services/' },
      to: { path: '^(stacks|devices|src)/', pathNot: '^src/(services|sockets)/' },
    },
    only('layers-packet', '^stacks/packet/', '^stacks/(packet|time)/'),
    only('layers-time', '^stacks/time/', '^stacks/time/'),
    only('layers-address', '^stacks/address/', '^stacks/(address|packet|time)/'),
    only('layers-wire', '^stacks/wire/', '^stacks/(wire|address|packet)/'),
    only('layers-forward', '^stacks/forward/', '^stacks/(forward|wire|address|packet|time)/'),
    only('layers-transport', '^stacks/(tcp|udp)/', '^stacks/(tcp|udp|wire|address|packet|time)/'),
    {
      name: 'layers-tcp-udp-apart',
      severity: 'error',
      from: { path: '^stacks/(tcp|udp)/' },
      to: { path: '^stacks/(tcp|udp)/', pathNot: '^stacks/$1/' },
    },
    {
      name: 'devices-know-no-protocol',
      comment: 'A device sees packets, time and the Device port; never addresses, wire formats or stacks.',
      severity: 'error',
      from: { path: '^devices/' },
      to: { path: '^stacks/', pathNot: '^stacks/(packet|time)/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
