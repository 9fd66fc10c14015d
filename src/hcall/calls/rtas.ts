import * as spec from '../../spec/index.ts';
import { H, RTAS_HEADER_BYTES, RTAS_MOST_CELLS, RTAS_TOKEN, rtasHeaderOf, rtasResultsAt } from '../../spec/index.ts';
import { Halt } from '../hardware/halt.ts';
import { hcall } from './hcall.ts';

/** RTAS status (PAPR): success, and a parameter that is not valid. */
const RTAS_OK = 0;
const RTAS_PARAM_ERROR = -3;
const NS_PER_SECOND = 1_000_000_000n;

export const H_RTAS = hcall(spec.H_RTAS, async ({ world, hypervisor, partition }, { block }) => {
  const { token, nargs, nret } = rtasHeaderOf(partition.read(block, RTAS_HEADER_BYTES, 'hypervisor'));
  if (!partition.hasRam(block) || nargs + nret > RTAS_MOST_CELLS) return { r3: H.PARAMETER };
  const answer = (...results: readonly number[]): void => {
    const bytes = new DataView(new ArrayBuffer(4 * Math.min(results.length, nret)));
    for (let i = 0; 4 * i < bytes.byteLength; i++) bytes.setInt32(4 * i, results[i] ?? 0);
    partition.write(block + BigInt(rtasResultsAt(nargs)), new Uint8Array(bytes.buffer), 'hypervisor');
  };
  switch (token) {
    case RTAS_TOKEN.DISPLAY_CHARACTER:
      answer(RTAS_OK);
      return { r3: H.SUCCESS };
    case RTAS_TOKEN.GET_TIME_OF_DAY: {
      const seconds = Number(world.clock.nowNs / NS_PER_SECOND); // since power on: there is no wall clock
      answer(
        RTAS_OK,
        1970,
        1,
        1 + Math.floor(seconds / 86_400),
        Math.floor(seconds / 3600) % 24,
        Math.floor(seconds / 60) % 60,
        seconds % 60,
        0,
      );
      return { r3: H.SUCCESS };
    }
    case RTAS_TOKEN.POWER_OFF:
    case RTAS_TOKEN.SYSTEM_REBOOT:
    case RTAS_TOKEN.IBM_OS_TERM: {
      // QEMU ends with its guest; the vCPU never comes back.
      await hypervisor.endGuest(partition);
      throw new Halt(
        'guest',
        token === RTAS_TOKEN.IBM_OS_TERM ? 'ibm,os-term' : token === RTAS_TOKEN.POWER_OFF ? 'power-off' : 'system-reboot',
      );
    }
    default:
      answer(RTAS_PARAM_ERROR);
      return { r3: H.PARAMETER };
  }
});
