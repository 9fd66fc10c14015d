/** A list of edits of a device tree, a blob or an archive: name of the edit, then its arguments. */
export type Edit = readonly [name: string, ...args: readonly unknown[]];

/** What an adversary changes: at which hypercall, the how many-th of its kind, and what. */
export interface Fault {
  readonly at: string;
  readonly nth: number;
  /** The result. 0 is success without anything done, unless `also` says that it is done all the same. */
  readonly r3?: number;
  readonly also?: boolean;
  /** Of UV_RETURN. */
  readonly cookie?: string;
  /** Frames that the hypervisor moves while it answers. */
  readonly pagein?: number;
  readonly pageout?: number;
  readonly inval?: boolean;
  /** The TPM's answer: another code, shorter, longer, other bytes, that of another command, of an earlier unwrap, of another key. */
  readonly rc?: number;
  readonly cut?: number;
  readonly append?: string;
  readonly fix?: boolean;
  readonly patch?: readonly (readonly [offset: number, hex: string])[];
  readonly flip?: number;
  readonly nameflip?: boolean;
  readonly attr?: number;
  readonly late?: number;
  readonly replay?: number;
  readonly replace?: string;
  readonly other?: number;
  readonly forge?: string;
  /** What R4 says. */
  readonly length?: number;
}

export interface EsmInput {
  readonly dtb?: readonly Edit[];
  readonly blob?: readonly Edit[];
  readonly uvfdt?: readonly Edit[];
  readonly cpio?: readonly Edit[];
  readonly filesTree?: readonly Edit[];
  readonly mem?: readonly (readonly [what: string, byte: number])[];
  readonly faults?: readonly Fault[];
  readonly entry?: {
    readonly kbase?: number;
    readonly fdt?: number;
    readonly msr?: string;
    readonly twice?: boolean;
    readonly fdtmove?: number;
  };
  /** `warn`: the build with ESM_BLOB_CHK_WARN_ONLY. */
  readonly img?: string;
  readonly key?: string;
  /** bytes of secure memory */
  readonly secure?: number;
  readonly slots?: readonly (readonly [id: number, start: number, bytes: number])[];
}

/** The untouched input of cases. */
export interface Base {
  readonly folder: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly rtas: string;
  readonly blob: string | null;
  readonly tpmKey: string;
  readonly ram: string;
  readonly at: {
    readonly rtas: string;
    readonly kernel: string;
    readonly initrd: string;
    readonly esmBlob: string | null;
    readonly fdt: string;
  };
  readonly tree: string;
  readonly roomBehindTree: number;
  readonly handover: Readonly<Record<string, string>>;
}

export type Mask = readonly [offset: number, length: number, what: string];

export interface RecordedHypercall {
  readonly call: string;
  readonly in: readonly string[];
  readonly ultracalls?: readonly (readonly [name: string, args: string, r3: number])[];
  readonly r3?: number;
  readonly out?: readonly string[];
  /** Of a run of page-ins: the last address, and how many. */
  readonly to?: string;
  readonly count?: number;
  readonly tpm?: string;
  readonly command?: string;
  readonly response?: string;
  readonly masks?: { readonly command: readonly Mask[]; readonly response: readonly Mask[] };
}

export interface Outcome {
  readonly how: string;
  /** Of an interrupt that reached the hypervisor. */
  readonly vector?: string;
  readonly r3?: number;
  readonly r4?: string;
  readonly r5?: string;
  readonly pc?: string;
  readonly msr?: string;
  readonly secure?: boolean;
}

/** Registers as the hypervisor, or the SVM, finds them. */
export interface RecordedFrame {
  readonly [register: string]: string | readonly string[];
}

interface Named {
  readonly id: string;
  readonly about?: string;
}

export interface EsmCase extends Named {
  readonly kind: `esm-${string}`;
  readonly base: string;
  readonly input: EsmInput;
  readonly hypercalls: readonly RecordedHypercall[];
  readonly outcome: Outcome;
  readonly svmState: string | null;
  readonly frames?: readonly (readonly [gfn: number, state: number])[];
  readonly places?: Readonly<Record<string, string>>;
  readonly treeAfter?: { readonly totalsize: number; readonly reservations: readonly (readonly [string, string])[] };
  readonly firstFrame?: RecordedFrame;
  readonly finalFrame?: RecordedFrame;
  readonly second?: { readonly outcome: Outcome; readonly hypercalls: readonly RecordedHypercall[] };
}

/** An operation on a frame in one of its states. */
export interface PageTableCase extends Named {
  readonly kind: 'page-table';
  readonly state: number;
  readonly op: string;
  readonly result: Outcome & { readonly args?: readonly string[]; readonly hcalls?: readonly RecordedHypercall[] };
  readonly next: number | null;
}

/** One call with its arguments, or by a caller that may not make it. */
export interface PageCallCase extends Named {
  readonly kind: 'page-call';
  readonly call?: string;
  readonly args?: Readonly<Record<string, string | number>>;
  readonly result?: Outcome & { readonly hcalls?: readonly RecordedHypercall[] };
  readonly next?: readonly number[] | number;
}

/** A hypercall, or an interrupt, of the SVM: what the hypervisor sees, what the SVM gets. */
export interface ReflectionCase extends Named {
  readonly kind: 'reflection';
  readonly number?: string;
  readonly vector?: string;
  readonly how?: string;
  readonly answer?: { readonly r3: number; readonly out: readonly string[] };
  readonly outcome: Outcome;
  readonly hvSees?: RecordedFrame | null;
  readonly svmGets?: readonly string[];
  readonly svmOther?: Readonly<Record<string, string>>;
  readonly reached?: boolean;
}

/** One computation of the program's own. */
export interface CryptoCase extends Named {
  readonly kind: 'crypto';
  readonly what: string;
  readonly data: Readonly<Record<string, string | number>>;
}

interface FileCall {
  readonly name: string;
  readonly offset: string;
  readonly pid: number;
  readonly msr: string;
  readonly lpid: number;
  readonly r3?: number;
  readonly r4to12?: readonly string[];
  readonly stops?: string;
}

/** Calls of UV_ESMB_GET_FILE on one SVM. */
export interface FileCase extends Named {
  readonly kind: 'get-file';
  readonly base: string;
  readonly calls: readonly FileCall[];
  readonly filesTree?: readonly Edit[];
  readonly fileBytes?: number | null;
}

/** A kind that a player of its own reads. */
export interface OtherCase extends Named {
  readonly kind: string;
}

export type AnyCase = EsmCase | PageTableCase | PageCallCase | FileCase | ReflectionCase | CryptoCase | OtherCase;

export interface Recording {
  readonly format: string;
  readonly bases: Readonly<Record<string, Base>>;
  readonly cases: readonly AnyCase[];
}

const FORMAT = 'ultravisor observations, ';

export function isUltravisorRecording(json: unknown): json is Recording {
  if (typeof json !== 'object' || json === null) return false;
  const { format, bases, cases } = json as Partial<Record<string, unknown>>;
  return typeof format === 'string' && format.startsWith(FORMAT) && typeof bases === 'object' && Array.isArray(cases);
}
