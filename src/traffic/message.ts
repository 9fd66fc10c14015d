export type Direction = 'command' | 'response';

/** Bytes that are a TPM message, or begin like one, and where they were found. */
export interface Sighting {
  /** `line 4`; `packet 12, 10.0.0.9:40000 → 10.0.0.8:2321`; nothing for bytes by themselves. */
  readonly where: string;
  readonly bytes: Uint8Array;
  /** As far as the source says it. */
  readonly direction?: Direction;
  /** Messages of one conversation have the same one; responses answer commands of their own. */
  readonly conversation: string;
  /** What is wrong with how it was found: cut off, a size that is none. */
  readonly broken?: string;
  /** Put together from pieces that were read one by one. */
  readonly pieces?: true;
  readonly timeNs?: bigint;
}

export const HEADER_BYTES = 10;
/** No TPM takes longer messages: a larger size is no size. TPM_PT_MAX_COMMAND_SIZE is 4096 with most. */
export const MOST_BYTES = 0x1_0000;

export const TPM2_TAGS: ReadonlySet<number> = new Set([0x8001, 0x8002, 0x00c4]);
/** TPM 1.2 Part 2 §6: requests and responses with none, one or two authorizations. 0x00c4 is TPM 2.0's too. */
export const TPM12_REQUESTS: ReadonlySet<number> = new Set([0x00c1, 0x00c2, 0x00c3]);
export const TPM12_RESPONSES: ReadonlySet<number> = new Set([0x00c4, 0x00c5, 0x00c6]);

export const u16 = (bytes: ArrayLike<number>, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
export const u32 = (bytes: ArrayLike<number>, at: number): number => u16(bytes, at) * 0x1_0000 + u16(bytes, at + 2);

export const isTag = (tag: number): boolean => TPM2_TAGS.has(tag) || TPM12_REQUESTS.has(tag) || TPM12_RESPONSES.has(tag);
export const isSize = (size: number): boolean => size >= HEADER_BYTES && size <= MOST_BYTES;
/** Whether bytes begin with the tag and a possible size of a message; of those that are there. */
export const beginsMessage = (bytes: ArrayLike<number>): boolean => bytes.length >= 6 && isTag(u16(bytes, 0)) && isSize(u32(bytes, 2));
