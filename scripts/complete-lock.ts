/**
 * Adds to package-lock.json the packages of other platforms that npm left out because the registry it asked did not have them. Without
 * them `npm ci` refuses the file ("Missing: @esbuild/aix-ppc64@ from lock file"), here and on the platforms in question.
 * To be run after a change of the dependencies: `npm run lock`. With `--check` it writes nothing and fails if something is missing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './layers.ts';

interface Entry {
  version?: string;
  dev?: boolean;
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const OS = 'aix android darwin freebsd linux netbsd openbsd openharmony sunos win32'.split(' ');
const CPU = 'arm arm64 ia32 loong64 mips64el ppc64 riscv64 s390x wasm32 x64'.split(' ');

/** npm's conditions on a platform, read off a name such as `@oxlint/binding-linux-arm-musleabihf`. */
function platformOf(name: string): { os?: string[]; cpu?: string[]; libc?: string[] } {
  if (name === 'fsevents') return { os: ['darwin'] };
  const words = name.split(/[/-]/);
  const os = words.filter(word => OS.includes(word));
  const cpu = words.filter(word => CPU.includes(word));
  const libc = words.flatMap(word => (word.startsWith('musl') ? ['musl'] : word.startsWith('gnu') || word === 'glibc' ? ['glibc'] : []));
  if (os.length === 0 && cpu.length === 0) throw new Error(`${name}: which platform is it for?`);
  return { ...(cpu.length > 0 ? { cpu } : {}), ...(os.length > 0 ? { os } : {}), ...(libc.length > 0 ? { libc } : {}) };
}

const file = join(ROOT, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> };
const added: string[] = [];

for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(optionalDependencies)) {
    const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
    if (places.some(place => lock.packages[place])) continue;
    const version = range.replace(/^[~^]/, '');
    const entry = { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true };
    lock.packages[`node_modules/${name}`] = entry;
    added.push(`${name}@${version}`);
  }
}

const hosts = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined);
const [root = ['', {}], ...others] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([root, ...others.sort(([a], [b]) => (a < b ? -1 : 1))]);

if (process.argv.includes('--check')) {
  for (const what of added) console.error(`package-lock.json: ${what} is missing; run npm run lock`);
  for (const [path] of hosts) console.error(`package-lock.json: ${path} names the registry's host`);
  console.log(`lock: ${others.length} packages, ${added.length} missing, ${hosts.length} with a host`);
  process.exitCode = added.length + hosts.length > 0 || others.length < 50 ? 1 : 0;
} else {
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`lock: added ${added.length} of ${others.length} packages`);
}
