import { hcall } from '../call.ts';
import { H } from '../codes.ts';
import { Halt } from '../halt.ts';
import { r } from '../registers.ts';

const HEADER_BYTES = 12;
const LARGEST_COUNT = 16;
/** RTAS status (PAPR): success, and a parameter that is not valid. */
const RTAS_OK = 0;
const RTAS_PARAM_ERROR = -3;
const NS_PER_SECOND = 1_000_000_000n;

/** RTAS tokens of QEMU (include/hw/ppc/spapr.h RTAS_*) that have a meaning here. */
const TOKEN = {
  DISPLAY_CHARACTER: 0x2000,
  GET_TIME_OF_DAY: 0x2001,
  POWER_OFF: 0x2003,
  SYSTEM_REBOOT: 0x2004,
  IBM_OS_TERM: 0x201f,
} as const;

export const H_RTAS = hcall({
  number: 0xf000,
  name: 'H_RTAS',
  provider: 'qemu',
  source: 'QEMU hw/ppc/spapr_hcall.c h_rtas, hw/ppc/spapr_rtas.c',
  about: 'Runs a service of RTAS: the block at r4 holds token, counts, arguments and results, 32 bits each.',
  in: { block: r(4, 'gpa') },
  out: {},
  returns: { H_PARAMETER: 'the block is not in RAM, counts more than 16 arguments and results, or names no service' },
  async handle({ world, hypervisor, partition }, { block }) {
    const header = new DataView(partition.read(block, HEADER_BYTES, 'hypervisor').buffer);
    const [token, nargs, nret] = [header.getUint32(0), header.getUint32(4), header.getUint32(8)];
    if (!partition.hasRam(block) || nargs + nret > LARGEST_COUNT) return { r3: H.PARAMETER };
    const answer = (...results: readonly number[]): void => {
      const bytes = new DataView(new ArrayBuffer(4 * Math.min(results.length, nret)));
      for (let i = 0; 4 * i < bytes.byteLength; i++) bytes.setInt32(4 * i, results[i] ?? 0);
      partition.write(block + BigInt(HEADER_BYTES + 4 * nargs), new Uint8Array(bytes.buffer), 'hypervisor');
    };
    switch (token) {
      case TOKEN.DISPLAY_CHARACTER:
        answer(RTAS_OK);
        return { r3: H.SUCCESS };
      case TOKEN.GET_TIME_OF_DAY: {
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
      case TOKEN.POWER_OFF:
      case TOKEN.SYSTEM_REBOOT:
      case TOKEN.IBM_OS_TERM: {
        // QEMU ends with its guest; the vCPU never comes back.
        await hypervisor.endGuest(partition);
        throw new Halt('guest', token === TOKEN.IBM_OS_TERM ? 'ibm,os-term' : token === TOKEN.POWER_OFF ? 'power-off' : 'system-reboot');
      }
      default:
        answer(RTAS_PARAM_ERROR);
        return { r3: H.PARAMETER };
    }
  },
});
