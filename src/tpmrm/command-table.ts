import { TPM_CC } from '../tpm/wire/index.ts';

/** What a TPMA_CC (Part 2 §8.9) tells the kernel of a command. */
export interface CommandShape {
  /** How many words after the header are handles of the command. */
  readonly handles: number;
  /** Whether the first word of a response is a new handle. */
  readonly returnsHandle: boolean;
  /** Whether objects that are loaded may be gone afterwards (extensive, flushed). */
  readonly mayFlush: boolean;
}

const VENDOR_AND_INDEX = 0x2000_ffff;

/** The commands that the TPM says it has. The kernel knows no others. */
export class CommandTable {
  /** As the TPM gave them, 32-bit TPMA_CC. */
  readonly attributes: readonly number[];
  readonly #shapes: ReadonlyMap<number, CommandShape>;

  constructor(attributes: readonly number[]) {
    this.attributes = attributes;
    this.#shapes = new Map(attributes.map(word => [(word & VENDOR_AND_INDEX) >>> 0, shapeOf(word)]));
  }

  /** All 32 bits of the code must match (`command_unknown`). */
  find(code: number): CommandShape | undefined {
    return this.#shapes.get(code);
  }
}

function shapeOf(word: number): CommandShape {
  const code = word & 0xffff;
  // Linux tpm2_get_cc_attrs_tbl: FlushContext's handle is a parameter, and ContextSave's is translated whatever the TPM says.
  const handles = code === TPM_CC.FlushContext || code === TPM_CC.ContextSave ? 1 : (word >>> 25) & 7;
  return { handles, returnsHandle: (word & (1 << 28)) !== 0, mayFlush: (word & (3 << 23)) !== 0 };
}
