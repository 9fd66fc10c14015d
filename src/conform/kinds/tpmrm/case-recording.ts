/** The recordings of Linux's resource manager: fixtures/observed/tpmrm.json, described in fixtures/observed/tpmrm.README.md. */
export interface Recording {
  readonly format: string;
  readonly kernel: string;
  readonly cases: readonly RecordedCase[];
}

export interface RecordedCase {
  readonly name: string;
  readonly about: string;
  readonly runs: number;
  readonly steps: readonly RecordedStep[];
}

/** Part of a `subst`: where bytes come from. */
export type BytesFrom =
  | { readonly var: string }
  | { readonly hex: string }
  | { readonly sha256: readonly BytesFrom[] }
  | { readonly hmacSha256: { readonly key: readonly BytesFrom[]; readonly data: readonly BytesFrom[] } };

export interface Expectation {
  readonly return?: number;
  readonly errno?: string;
  readonly response?: string;
  readonly varies?: readonly (readonly [offset: number, length: number])[];
  readonly revents?: readonly string[];
  /** Of `repeat`: the errno that ended it. */
  readonly failed?: string;
}

export interface RecordedStep {
  readonly op: string;
  readonly space: string;
  readonly path?: string;
  readonly flags?: readonly string[];
  readonly request?: string;
  readonly segments?: readonly string[];
  readonly count?: number;
  readonly offset?: number;
  readonly events?: readonly string[];
  readonly timeoutMs?: number;
  readonly times?: number;
  readonly parallel?: boolean;
  readonly ms?: number;
  readonly new?: string;
  readonly about?: string;
  readonly expect?: Expectation;
  readonly capture?: Readonly<Record<string, readonly [offset: number, length: number]>>;
  readonly subst?: readonly { readonly at: number; readonly len: number; readonly from: BytesFrom }[];
  /** What the kernel sent to the TPM in this step, and what it got. */
  readonly tpm?: readonly (readonly [request: string, response: string])[];
  readonly kernelLog?: readonly string[];
}

/** Whether parsed JSON is such a recording. */
export function isTpmrmRecording(json: unknown): json is Recording {
  if (typeof json !== 'object' || json === null || !('cases' in json) || !Array.isArray(json.cases)) return false;
  const [first] = json.cases as readonly Partial<RecordedCase>[];
  return Array.isArray(first?.steps) && first.steps.some(({ path }) => path === '/dev/tpmrm0' || path === '/dev/tpm0');
}

/** Whether the recording has what the kernel sent to its TPM. */
export const hasTraffic = ({ cases }: Recording): boolean => cases.some(({ steps }) => steps.some(({ tpm }) => tpm !== undefined));
