import { spawnSync } from 'node:child_process';

/** Rooms whose tests must see every change of the code. Each takes from minutes to hours: for the night, not for CI. */
const ROOMS = ['bytes', 'hcall', 'ultravisor', 'tpmrm', 'scenario/expect', 'scenario/invariants'];

const [, , ...asked] = process.argv;
const unknown = asked.find(room => !ROOMS.includes(room));
if (unknown !== undefined) {
  console.error(`mutation: there is no room ${unknown}; rooms: ${ROOMS.join(', ')}`);
  process.exit(2);
}
for (const room of asked.length > 0 ? asked : ROOMS) {
  const env = { ...process.env, MUTATED: room };
  const { status } = spawnSync('npx', ['stryker', 'run', 'scripts/stryker.config.mjs'], { stdio: 'inherit', env });
  if (status !== 0) process.exitCode = 1;
}
