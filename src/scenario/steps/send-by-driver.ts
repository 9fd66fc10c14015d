import { TpmDriverError } from '../../svm/guest/index.ts';
import { TpmClient, TransportError } from '../../tpm/client/index.ts';
import { type OwnCommand, sendOwn } from '../adversary/index.ts';
import type { Run } from '../run/run-state.ts';
import { OK } from '../run/step-outcome.ts';

/** Sends the commands of a step by a driver of the caller's; `client` names who sends, for its chance. `bytes`: the last response. */
export async function sendByDriver(
  run: Run,
  client: string,
  driver: (command: Uint8Array) => Promise<Uint8Array>,
  commands: readonly OwnCommand[],
) {
  const random = run.world.random.fork(`TPM client of ${client} ${run.world.bus.snapshot()}`);
  let bytes = new Uint8Array(0);
  const transport = {
    async transmit(command: Uint8Array): Promise<Uint8Array> {
      try {
        bytes = Uint8Array.from(await driver(command));
        return bytes;
      } catch (error) {
        if (error instanceof TpmDriverError) throw new TransportError('TSS_RC_BAD_CONNECTION', error.message);
        throw error;
      }
    },
  };
  const done = await sendOwn(new TpmClient(transport, count => random.bytes(count)), commands);
  const failed = done.find(({ fault }) => fault !== undefined);
  return {
    result: failed ? ({ kind: 'refused', why: failed.fault ?? '' } as const) : OK,
    responses: done.map(({ said }) => said),
    bytes,
  };
}
