import { r } from '../registers.ts';
import { ultracall } from '../ultracall.ts';

const SOURCE = 'open-power/ultravisor core/uvcall.c';
const SCOM_SOURCE = 'open-power/ultravisor core/uvcall.c, core/xscom.c; the deny list is not built in';
const SBE_SOURCE = 'open-power/ultravisor core/uvcall.c, platforms/p9/sbe-p9.c send_sbe_command';

/** Special purpose registers that only the Ultravisor writes (open-power/ultravisor core/uvcall.c uv_restricted_spr_write). */
export const RESTRICTED_SPRS = { DAWR: 0xb4, CIABR: 0xbb, DAWRX: 0xbc, IMC: 0x31f, LDBAR: 0x352 } as const;

export const UV_WRITE_PATE = ultracall({
  number: 0xf104,
  name: 'UV_WRITE_PATE',
  caller: 'hypervisor',
  source: `${SOURCE} uv_write_pate, core/svm_host.c svm_setup_partition_table`,
  about: 'Writes the entry of a partition in the partition table.',
  in: { lpid: r(4, 'lpid'), dw0: r(5, 'double word'), dw1: r(6, 'double word') },
  out: {},
  returns: {},
});

export const UV_RESTRICTED_SPR_WRITE = ultracall({
  number: 0xf108,
  name: 'UV_RESTRICTED_SPR_WRITE',
  caller: 'hypervisor',
  source: `${SOURCE} uv_restricted_spr_write; not in the document`,
  about: 'Writes a special purpose register that belongs to the Ultravisor.',
  in: { spr: r(4, RESTRICTED_SPRS), value: r(5, 'register') },
  out: {},
  returns: { U_PARAMETER: 'spr is not DAWR, DAWRX, CIABR, LDBAR or IMC' },
});

export const UV_RESTRICTED_SPR_READ = ultracall({
  number: 0xf10c,
  name: 'UV_RESTRICTED_SPR_READ',
  caller: 'hypervisor',
  source: `${SOURCE} uv_restricted_spr_read; not in the document`,
  about: 'Reads a special purpose register that belongs to the Ultravisor.',
  in: { spr: r(4, RESTRICTED_SPRS) },
  out: { value: r(5, 'register') },
  returns: { U_PARAMETER: 'spr is not DAWR, DAWRX or CIABR' },
});

const SCOM_RETURNS = {
  U_WRONG_STATE: 'the chip is off or not there',
  U_XSCOM_PARTIAL_GOOD: 'the chip is partly good',
  U_XSCOM_ADDR_ERROR: 'the chip has no such address',
  U_XSCOM_CLOCK_ERROR: 'the clock of the chiplet is stopped',
  U_XSCOM_PARITY_ERROR: 'parity error on the way',
  U_XSCOM_TIMEOUT: 'the chiplet does not answer',
} as const;

export const UV_READ_SCOM = ultracall({
  number: 0xf114,
  name: 'UV_READ_SCOM',
  caller: 'hypervisor',
  source: SCOM_SOURCE,
  about: 'Reads a SCOM register of a chip.',
  in: { chip: r(4, 'chip'), address: r(5, 'SCOM address') },
  out: { value: r(4, 'register') },
  returns: SCOM_RETURNS,
});

export const UV_WRITE_SCOM = ultracall({
  number: 0xf118,
  name: 'UV_WRITE_SCOM',
  caller: 'hypervisor',
  source: SCOM_SOURCE,
  about: 'Writes a SCOM register of a chip.',
  in: { chip: r(4, 'chip'), address: r(5, 'SCOM address'), value: r(6, 'register') },
  out: {},
  returns: SCOM_RETURNS,
});

const MEM_IN = { buffer: r(4, 'ra'), handle: r(5, 'handle'), offset: r(6, 'bytes'), size: r(7, 'bytes') } as const;
const MEM_RETURNS = { U_PARAMETER: 'buffer or size is 0', U_PERMISSION: 'the range is not on the list that firmware gave' } as const;

export const UV_READ_MEM = ultracall({
  number: 0xf144,
  name: 'UV_READ_MEM',
  caller: 'hypervisor',
  source: `${SOURCE} memory_read`,
  about: 'Copies from memory of the Ultravisor that firmware listed, such as a log. The handle is type (low 4 bits) and id (high 32 bits).',
  in: MEM_IN,
  out: {},
  returns: MEM_RETURNS,
});

export const UV_WRITE_MEM = ultracall({
  number: 0xf148,
  name: 'UV_WRITE_MEM',
  caller: 'hypervisor',
  source: `${SOURCE} memory_write`,
  about:
    'Copies to memory of the Ultravisor that firmware listed. The handle is id (low 32 bits) and type (high 32 bits): swapped against UV_READ_MEM.',
  in: MEM_IN,
  out: {},
  returns: MEM_RETURNS,
});

/** What UV_SEND_SBE_COMMAND can ask for. */
export const SBE_OPCODE = { TIMER: 0, HANDLE_INTERRUPT: 1, START_MPIPL: 2 } as const;

export const UV_SEND_SBE_COMMAND = ultracall({
  number: 0xf150,
  name: 'UV_SEND_SBE_COMMAND',
  caller: 'hypervisor',
  source: SBE_SOURCE,
  about: 'A chip operation of the self-boot engine: set its timer, handle its interrupt, start a memory preserving restart.',
  in: { chip: r(4, 'chip'), opcode: r(5, SBE_OPCODE), input: r(6, 'register') },
  out: { output: r(4, 'register') },
  returns: { U_PARAMETER: 'no such chip or opcode, or input is not 0 where it must be' },
});
