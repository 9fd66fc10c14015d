import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Host } from '../src/machine/index.ts';
import type { Bench } from './harness.ts';
import { bootedHost, startedGuest } from './secure-guest.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** One transition must not cost more because others are secure already; the rest is for noise. */
const GROWTH = 1.5;
const LAST = 200;

async function becomeSecure(host: Host, lpid: number) {
  const guest = await startedGuest(host, lpid);
  const outcome = await guest.enterSecureMode();
  if (!('secure' in outcome && outcome.secure)) throw new Error(`guest ${lpid} did not become secure`);
  return guest;
}

/** Bytes that this process holds, garbage aside. */
function held(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** One guest becomes secure and is reset, again and again, while others are idle. */
async function transitions(alive: number): Promise<Bench> {
  const host = await bootedHost('published');
  const guest = await becomeSecure(host, LAST);
  const before = held();
  for (let lpid = 1; lpid < alive; lpid++) await becomeSecure(host, lpid);
  const each = (held() - before) / (alive - 1);
  return {
    name: `transition, ${alive} SVM${alive > 1 ? 's' : ''} alive`,
    async run() {
      await guest.reboot();
      await guest.enterSecureMode();
    },
    note: () => (guest.state === 'secure' ? (alive > 1 ? `${(each / 1024).toFixed(0)} KiB for each idle SVM` : '') : 'FAILED'),
    ...(alive > 1 ? { limit: { times: GROWTH, of: 'transition, 1 SVM alive' } } : {}),
  };
}

export const benches: readonly Bench[] = [await transitions(1), await transitions(10), await transitions(100)];
