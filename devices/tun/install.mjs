/**
 * `npm install` runs this: builds the TUN addon with node-gyp. Live mode needs it; virtual time does not, so a machine
 * without a compiler gets one line of explanation and an installation that works.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** node-gyp's main file: as npm names it, else the one inside the npm next to Node or on the PATH. */
function findNodeGyp() {
  const inside = (npm) => join(npm, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const candidates = [process.env['npm_config_node_gyp']];
  candidates.push(inside(join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm')));
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const npm = join(folder, 'npm');
    if (existsSync(npm)) candidates.push(inside(join(dirname(realpathSync(npm)), '..')));
    if (existsSync(join(folder, 'node-gyp'))) candidates.push(realpathSync(join(folder, 'node-gyp')));
  }
  return candidates.find((path) => path?.endsWith('.js') && existsSync(path));
}

/** Node's headers where Node itself brought them: nothing to download then. */
function localHeaders() {
  const prefix = join(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

/** Undefined when the addon stands, else why it does not. */
function build() {
  if (process.platform !== 'linux') return `TUN and TAP are interfaces of Linux, this is ${process.platform}`;
  const nodeGyp = findNodeGyp();
  if (nodeGyp === undefined) return 'node-gyp was not found (it comes with npm)';
  if (!['cc', 'gcc', 'clang'].some((name) => spawnSync(name, ['--version']).status === 0)) {
    return 'there is no C compiler (cc, gcc or clang); with one: npm rebuild twinstack';
  }
  const result = spawnSync(process.execPath, [nodeGyp, 'rebuild', ...localHeaders()], {
    cwd: here,
    encoding: 'utf8',
  });
  if (result.status === 0) return undefined;
  const said = `${result.stdout ?? ''}${result.stderr ?? ''}`.split('\n');
  const line =
    said.find((text) => /error:|not found|gyp ERR! stack Error/i.test(text)) ?? 'see `npx node-gyp rebuild`';
  return `node-gyp failed: ${line.replace(/^gyp ERR! (stack )?/, '').trim()}`;
}

const reason = build();
if (reason !== undefined) {
  console.log(`twinstack: live mode (TUN/TAP) is not available: ${reason}. Virtual time works.`);
}
