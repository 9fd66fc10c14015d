import type { World } from '../../sim/index.ts';
import { codeOf } from '../../spec/index.ts';
import { commandName, rcOfName, TPM_RC } from '../../tpm/wire/index.ts';
import { type Backend, BackendError } from '../../tpmrm/index.ts';
import type { Fault } from '../language/fault-entry.ts';

/** Those that strike the TPM of a host. */
export const tpmFaultsOf = (faults: readonly Fault[] | undefined, host: string): readonly Fault[] =>
  (faults ?? []).filter(
    one => one.fault !== 'machine-reset' && one.fault !== 'power-loss' && (one.host === undefined || one.host === host),
  );

/** Who is told what comes to the TPM, and what becomes of it. */
export interface FaultWatch {
  command(host: string, name: string): void;
  strike(fault: Fault, deed: string, event: number): void;
}

/** The TPM with faults, at the place where the kernel's driver meets it. */
export function withFaults(inner: Backend, faults: readonly Fault[], world: World, host: string, watch: FaultWatch): Backend {
  const counted = faults.map(fault => ({ fault, seen: 0 }));
  let dead = false;
  return {
    name: inner.name,
    close: () => inner.close(),
    ...(inner.pause ? { pause: (ms: number) => inner.pause?.(ms) ?? Promise.resolve() } : {}),
    async reset() {
      dead = false;
      await inner.reset?.();
    },
    async transmit(command) {
      if (dead) throw new BackendError('dead', 'the TPM is gone');
      const name = commandName(codeOf(command));
      watch.command(host, name);
      const struck = counted.find(entry => {
        if (entry.fault.command !== undefined && entry.fault.command !== name) return false;
        entry.seen++;
        const first = entry.fault.occurrence ?? 1;
        return entry.seen >= first && entry.seen < first + (entry.fault.times ?? 1);
      });
      if (!struck) return inner.transmit(command);
      const event = world.bus.emit('note', 'tpm', { text: `fault: ${struck.fault.fault} at ${name}` }, { place: { host } });
      watch.strike(struck.fault, `${ABOUT[struck.fault.fault]?.(struck.fault) ?? struck.fault.fault} at ${name}`, event);
      if (struck.fault.fault === 'dies') dead = true;
      return strike(struck.fault, inner, command, world);
    },
  };
}

/** What the TPM was made to do. */
const ABOUT: Partial<Record<Fault['fault'], (fault: Fault) => string>> = {
  dies: () => 'die',
  silent: () => 'be silent',
  garbage: () => 'give what is no response',
  short: () => 'lose half of its response',
  slow: ({ ms = SLOW_MS }) => `take ${ms} ms`,
  code: ({ code = 'TPM_RC_FAILURE' }) => `answer ${code}`,
};
const SLOW_MS = 30_000;

async function strike(fault: Fault, inner: Backend, command: Uint8Array, world: World): Promise<Uint8Array> {
  switch (fault.fault) {
    case 'dies':
      throw new BackendError('dead', 'the TPM died in mid-command');
    case 'silent':
      throw new BackendError('timeout', 'the TPM gave no response in time');
    case 'garbage':
      throw new BackendError('garbage', 'the TPM gave something that is no response');
    case 'slow':
      world.clock.advanceMs(fault.ms ?? SLOW_MS);
      return inner.transmit(command);
    case 'short': {
      const response = await inner.transmit(command);
      return response.slice(0, Math.max(10, response.length >> 1));
    }
    default: {
      const out = Buffer.from('80010000000a00000000', 'hex');
      out.writeUInt32BE(rcOfName(fault.code ?? 'TPM_RC_FAILURE') ?? TPM_RC.FAILURE, 6);
      return new Uint8Array(out);
    }
  }
}
