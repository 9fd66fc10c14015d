import { z } from 'zod';
import type { World } from '../../sim/index.ts';
import { commandName, rcOfName, responseCodes, TPM_RC } from '../../tpm/wire/index.ts';
import { type Backend, BackendError } from '../../tpmrm/index.ts';

/** What goes wrong with a TPM, a guest's machine or a host without anybody's malice. */
export const FAULT = z.strictObject({
  host: z.string().optional().describe('Only with this host.'),
  command: z.string().optional().describe('Only at this TPM command, such as `TPM2_RSA_Decrypt`.'),
  occurrence: z.int().positive().optional().describe('At the how-manieth of them it begins; default: the first. Host boot does not count.'),
  times: z.int().positive().optional().describe('How many commands it strikes; default 1.'),
  fault: z
    .enum(['dies', 'silent', 'garbage', 'short', 'slow', 'code', 'machine-reset', 'power-loss'])
    .describe(
      '`dies`: the TPM is gone in mid-command, until it is reset. `silent`: it gives no response in time. `garbage`: what it gives is no response. ' +
        '`short`: half of the response is lost. `slow`: it takes its time. `code`: it answers with a response code. ' +
        '`machine-reset`: a guest is reset at an event, as soon as the hypervisor has control. `power-loss`: a host loses its power at an event.',
    ),
  event: z
    .int()
    .min(0)
    .optional()
    .describe('Of `machine-reset` and `power-loss`: number of the event from which on it may strike; default 0.'),
  guest: z.string().optional().describe('Of `machine-reset`: which guest; may be left out when there is only one.'),
  code: z
    .enum(responseCodes.map(({ name }) => `TPM_RC_${name}`))
    .optional()
    .describe('Of `code`: which one, such as TPM_RC_RETRY.'),
  ms: z.int().positive().optional().describe('Of `slow`: how long, in virtual milliseconds; default 30 000.'),
});
export type Fault = z.infer<typeof FAULT>;

/** Those that strike the TPM of a host. */
export const tpmFaultsOf = (faults: readonly Fault[] | undefined, host: string): readonly Fault[] =>
  (faults ?? []).filter(
    one => one.fault !== 'machine-reset' && one.fault !== 'power-loss' && (one.host === undefined || one.host === host),
  );

/** The TPM with faults, at the place where the kernel's driver meets it. */
export function withFaults(inner: Backend, faults: readonly Fault[], world: World, host: string): Backend {
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
      const name = commandName(new DataView(command.buffer, command.byteOffset).getUint32(6));
      const struck = counted.find(entry => {
        if (entry.fault.command !== undefined && entry.fault.command !== name) return false;
        entry.seen++;
        const first = entry.fault.occurrence ?? 1;
        return entry.seen >= first && entry.seen < first + (entry.fault.times ?? 1);
      });
      if (!struck) return inner.transmit(command);
      world.bus.emit('note', 'tpm', { text: `fault: ${struck.fault.fault} at ${name}` }, { place: { host } });
      if (struck.fault.fault === 'dies') dead = true;
      return strike(struck.fault, inner, command, world);
    },
  };
}

async function strike(fault: Fault, inner: Backend, command: Uint8Array, world: World): Promise<Uint8Array> {
  switch (fault.fault) {
    case 'dies':
      throw new BackendError('dead', 'the TPM died in mid-command');
    case 'silent':
      throw new BackendError('timeout', 'the TPM gave no response in time');
    case 'garbage':
      throw new BackendError('garbage', 'the TPM gave something that is no response');
    case 'slow':
      world.clock.advanceMs(fault.ms ?? 30_000);
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
