import { ACTORS, type AnyEvent, type EventData, type EventKind, type Sight, type SimEvent } from '../../src/sim/index.ts';

const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i & 0xff);

/** One event of every kind; a kind without one does not compile. */
const samples: { readonly [K in EventKind]: EventData[K] } = {
  'step.start': { step: 'secure', text: 'vm asks to become secure' },
  'step.end': { step: 'secure', ok: true, text: 'vm asks to become secure' },
  'hcall.call': {
    number: 0xef10,
    name: 'H_TPM_COMM',
    issuer: 'ultravisor',
    args: { op: 1n, in_buffer: 0x3_0000n, in_size: 353n, out_buffer: 0x3_0000n, out_size: 4096n },
  },
  'hcall.return': { number: 0xef10, name: 'H_TPM_COMM', outcome: 'returns', r3: -58n, r3Name: 'H_P5', out: {} },
  'ultracall.call': { number: 0xf110, name: 'UV_ESM', issuer: 'guest', args: { kbase: 0x40_0000n, fdt: 0x200_0000n } },
  'ultracall.return': { number: 0xf110, name: 'UV_ESM', outcome: 'goes on elsewhere', out: {} },
  'proxy.file': { call: 'write', path: '/dev/tpmrm0', result: 'EIO' },
  'tpm.command': { name: 'TPM2_GetRandom', code: 0x17b, via: 'space 1' },
  'tpm.response': { name: 'TPM2_GetRandom', code: 0x17b, via: 'space 1', rc: 0x1c4, rcName: 'TPM_RC_VALUE' },
  'tpmrm.space': { space: 1, what: 'ruined', detail: 'a context did not load' },
  page: { gpa: 0x3_0000n, from: 'SECURE', to: 'SHARED', why: 'UV_SHARE_PAGE', digest: 'aa'.repeat(32) },
  state: { of: 'svm', from: 'INIT', to: 'SECURE', why: 'committed' },
  key: { name: 'wrapping key', what: 'made' },
  secret: { id: 0, name: 'wrapping-key-passwd', bytes: 16, knownBy: ['firmware', 'tpm'] },
  check: { name: 'digest-kernel', ok: false, detail: 'the kernel is another', source: 'docs/reference/pef.md#digests' },
  adversary: { action: 'flip', target: 'response', detail: 'byte 12' },
  note: { text: 'the boot wrapper placed the blob' },
};

export function event<K extends EventKind>(kind: K, over: Partial<SimEvent<K>> = {}): AnyEvent {
  const sights: readonly Sight[] =
    kind === 'secret'
      ? [{ what: 'wrapping-key-passwd', bytes: bytes(16), seenBy: ['firmware'] }]
      : [{ what: 'bytes', bytes: bytes(20), seenBy: ACTORS }];
  return {
    seq: 7,
    virtualTimeNs: 1_234_567n,
    kind,
    actor: 'ultravisor',
    cause: null,
    host: 'host',
    lpid: 1,
    data: samples[kind],
    sights,
    ...over,
  } as AnyEvent;
}

export const everyKind: readonly AnyEvent[] = (Object.keys(samples) as EventKind[]).map((kind, seq) => event(kind, { seq }));
