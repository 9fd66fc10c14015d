/** Where a hostile hypervisor can touch something, and what lies there. */
export const POINTS = {
  'tpm-request': 'the bytes of a command of the Ultravisor on their way to the TPM (H_TPM_COMM)',
  'tpm-response': "the TPM's response on its way back",
  memory: 'what was loaded into the guest, still in normal memory, when H_SVM_INIT_START is made',
  page: 'a page in normal memory that is about to move into secure memory (H_SVM_PAGE_IN)',
  hypercall: 'a hypercall of the guest or of the Ultravisor, as a whole',
  result: 'what a hypercall gives back: r3 and the registers behind it',
  ultracall: "an ultracall of the hypervisor's own: its arguments, or the call as a whole",
  return: 'the registers of UV_RETURN',
} as const;
export type Point = keyof typeof POINTS;

/** What lies in the memory of a guest that has just been started. */
export const REGIONS = ['kernel', 'initrd', 'rtas', 'device-tree', 'bootargs', 'blob', 'other'] as const;
export type Region = (typeof REGIONS)[number];

/** One time that something passed a point: selectors look at it, and `explore` goes through all of them. */
export interface Moment {
  readonly point: Point;
  readonly guest: string | undefined;
  /** Hypercall or ultracall. */
  readonly call: string;
  /** TPM command. */
  readonly command?: string;
  readonly region?: Region;
  /** Length of what passes. */
  readonly bytes?: number;
  /** Of a TPM message, when moments are noted for a search: the names of its fields. */
  readonly fields?: readonly string[];
}
