import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError, sameBytes } from '../../../src/bytes/index.ts';
import {
  EsmError,
  type EsmPrivateKey,
  openAttachment,
  openDigests,
  openEsmBlob,
  readEsmBlob,
  writeEsmBlob,
} from '../../../src/svm/format/index.ts';
import { inspectBlob, RTAS_CODE, verifyBlob } from '../../../src/svm/owner/index.ts';
import { profiles } from '../../../src/ultravisor/index.ts';
import { recorded } from '../vectors.ts';

const real = recorded('02-three-recipients');
const bootargs = Buffer.from(real.read('bootargs.txt')).toString();
const measured = { kernel: real.read('kernel.bin'), initrd: real.read('initrd.img'), bootargs, rtas: RTAS_CODE };

const mutations = fc.array(
  fc.record({
    at: fc.nat(real.bytes.length - 1),
    how: fc.constantFrom('flip', 'zero', 'cut', 'insert', 'copy', 'word'),
    value: fc.nat(0xffff_ffff),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutate(list: readonly { readonly at: number; readonly how: string; readonly value: number }[]): Uint8Array {
  let bytes = Buffer.from(real.bytes);
  for (const { at, how, value } of list) {
    const place = at % Math.max(1, bytes.length);
    if (how === 'flip') bytes[place] = (bytes[place] ?? 0) ^ (1 << (value % 8));
    else if (how === 'zero') bytes.fill(0, place, Math.min(bytes.length, place + (value % 64)));
    else if (how === 'cut') bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + (value % 16))]);
    else if (how === 'insert') bytes = Buffer.concat([bytes.subarray(0, place), Buffer.alloc(value % 16, value), bytes.subarray(place)]);
    else if (how === 'copy') bytes.copy(bytes, place, value % bytes.length, (value % bytes.length) + 32);
    else if (place + 4 <= bytes.length) bytes.writeUInt32BE(value, place);
  }
  return new Uint8Array(bytes);
}

/** The result, or undefined when the bytes are refused as they may be. */
function unlessRefused<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (error instanceof EsmError || error instanceof DecodeError) return undefined;
    throw error;
  }
}

describe('a blob with random changes', () => {
  let key: EsmPrivateKey;
  before(async () => {
    key = await real.privateKey('tpm1.pem');
  });

  it('is refused with a place, or gives what its owner put in', () => {
    const symmetricKey = openEsmBlob(real.blob, key.privateKey);
    const digests = openDigests(real.blob, symmetricKey);
    const rootd = openAttachment(real.blob, 'rootd', symmetricKey);
    fc.assert(
      fc.property(mutations, list => {
        const bytes = mutate(list);
        const blob = unlessRefused(() => readEsmBlob(bytes));
        if (!blob) return;
        writeEsmBlob(blob);
        inspectBlob(blob);
        const opened = unlessRefused(() => openEsmBlob(blob, key.privateKey));
        if (!opened) return;
        expect(sameBytes(opened, symmetricKey)).to.equal(true);
        const found = unlessRefused(() => openDigests(blob, opened));
        if (found) expect(found).to.deep.equal(digests);
        const file = unlessRefused(() => openAttachment(blob, 'rootd', opened));
        if (file) expect(file).to.deep.equal(rootd);
      }),
      { numRuns: 1500 },
    );
  }).timeout(60_000);

  it('is never verified when its digests are not those of its owner', () => {
    const symmetricKey = openEsmBlob(real.blob, key.privateKey);
    const strict = Object.values(profiles).filter(({ digestMismatch }) => digestMismatch === 'refused');
    expect(strict).to.have.lengthOf(3); // published-as-built only warns
    const other = { ...measured, bootargs: `${bootargs} init=/bin/sh` };
    fc.assert(
      fc.property(mutations, fc.constantFrom(...strict), (list, profile) => {
        const bytes = mutate(list);
        const blob = unlessRefused(() => readEsmBlob(bytes));
        if (!blob) return;
        const { stops } = verifyBlob({ blob, bytes, measured: other, host: key, symmetricKey, profile });
        expect(stops).to.not.equal(undefined);
      }),
      { numRuns: 300 },
    );
  }).timeout(60_000);
});
