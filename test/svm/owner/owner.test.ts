import { expect } from 'chai';
import { fromHex, sameBytes, toHex, utf8 } from '../../../src/bytes/index.ts';
import { digest } from '../../../src/crypto/index.ts';
import { Random, SimulatorError } from '../../../src/sim/index.ts';
import {
  type EsmBlob,
  EsmError,
  type EsmPrivateKey,
  findEsmBlob,
  loadPrivateKey,
  openAttachment,
  openDigests,
  openEsmBlob,
  readEsmBlob,
  writeEsmBlob,
} from '../../../src/svm/format/index.ts';
import {
  attach,
  authorize,
  createBlob,
  detach,
  display,
  explained,
  extract,
  generateKey,
  makeBlob,
  measure,
  RTAS_CODE,
  revoke,
  rotate,
  setDigests,
  svmAdd,
} from '../../../src/svm/owner/index.ts';
import { recorded, thrownBy } from '../vectors.ts';

const { privateKey } = recorded('02-three-recipients');
const measured = { kernel: utf8('a flat kernel'), initrd: utf8('an initrd'), bootargs: 'ro svm=on ' };

let origin: EsmPrivateKey;
let tpm1: EsmPrivateKey;
let tpm2: EsmPrivateKey;
let stranger: EsmPrivateKey;
before(async () => {
  origin = await privateKey('origin.key');
  tpm1 = await privateKey('tpm1.pem');
  tpm2 = await privateKey('tpm2.pem');
  stranger = await privateKey('tpm3.pem');
});

const names = (blob: EsmBlob): string[] => blob.lockboxes.map(({ name }) => name);
const made = (seed = 1): EsmBlob =>
  makeBlob(
    {
      origin,
      recipients: [{ key: tpm1, comment: 'one' }, { key: tpm2 }],
      digest: measured,
      files: [
        { name: 'rootd', bytes: utf8('secret') },
        { name: 'crypttab', bytes: new Uint8Array(0), comment: 'empty' },
      ],
    },
    new Random(seed),
  );

describe('the owner makes a blob', () => {
  it('that each recipient opens to the same digests and files', () => {
    const blob = readEsmBlob(writeEsmBlob(made()));
    for (const key of [origin, tpm1, tpm2]) {
      const symmetricKey = openEsmBlob(blob, key.privateKey);
      expect(openDigests(blob, symmetricKey)).to.deep.equal(measure(measured));
      expect(openAttachment(blob, 'rootd', symmetricKey)).to.deep.equal(utf8('secret'));
      expect(extract(blob, 'crypttab', key)).to.have.lengthOf(0);
    }
    expect(names(blob)).to.deep.equal(['lockbox-2', 'lockbox-1', 'origin-lockbox']);
  });

  it('the same from the same seed, another from another', () => {
    expect(writeEsmBlob(made(1))).to.deep.equal(writeEsmBlob(made(1)));
    expect(sameBytes(writeEsmBlob(made(1)), writeEsmBlob(made(2)))).to.equal(false);
  });

  it('with an IV of its own for each item', () => {
    const blob = made();
    const ivs = [blob.digests, ...blob.attachments].map(item => toHex(item?.iv ?? new Uint8Array(0)));
    expect(new Set(ivs)).to.have.lengthOf(3);
  });

  it('which stops after the origin without recipient or file, as the real tool does', () => {
    const blob = makeBlob({ origin, recipients: [], digest: measured, files: [] }, new Random(1));
    expect(names(blob)).to.deep.equal(['origin-lockbox']);
    expect(blob.digests).to.equal(null);
  });
});

describe('the owner changes a blob', () => {
  it('authorize numbers on from the largest, revoke leaves numbers alone', () => {
    const blob = revoke(made(), tpm1);
    expect(names(blob)).to.deep.equal(['lockbox-2', 'origin-lockbox']);
    expect(names(authorize(blob, tpm1, tpm2, new Random(2)))).to.deep.equal(['lockbox-3', 'lockbox-2', 'origin-lockbox']);
  });

  it('authorize works with any key that has a lockbox, and with no other', () => {
    const blob = authorize(made(), stranger, tpm2, new Random(2), 'third');
    expect(extract(blob, 'rootd', stranger)).to.deep.equal(utf8('secret'));
    expect(thrownBy(() => authorize(revoke(blob, stranger), stranger, stranger, new Random(2)))).to.include({ fault: 'no-lockbox' });
  });

  it('authorize refuses who is there, revoke who is not and the origin', () => {
    expect(thrownBy(() => authorize(made(), tpm1, origin, new Random(1)))).to.include({ code: 'esm.already-authorized' });
    expect(thrownBy(() => revoke(made(), stranger))).to.include({ code: 'esm.not-authorized' });
    expect(thrownBy(() => revoke(made(), origin))).to.include({ code: 'esm.origin' });
  });

  it('a revoked recipient with an old copy still opens what is new: the key has not changed', () => {
    const old = openEsmBlob(made(), tpm1.privateKey);
    expect(openAttachment(revoke(made(), tpm1), 'rootd', old)).to.deep.equal(utf8('secret'));
  });

  it('rotate shuts that recipient out and keeps all else in its place', () => {
    const blob = made();
    const old = openEsmBlob(blob, tpm1.privateKey);
    const rotated = rotate(revoke(blob, tpm1), tpm2, [origin], new Random(9));
    expect(thrownBy(() => openAttachment(rotated, 'rootd', old))).to.include({ fault: 'tampered' });
    expect(extract(rotated, 'rootd', origin)).to.deep.equal(utf8('secret'));
    expect(openDigests(rotated, openEsmBlob(rotated, tpm2.privateKey))).to.deep.equal(measure(measured));
    const order = ({ attachments }: EsmBlob) => attachments.map(({ name, comment }) => [name, comment]);
    expect(order(rotated)).to.deep.equal(order(blob));
  });

  it('rotate names the lockbox whose public key it lacks', () => {
    const error = thrownBy(() => rotate(made(), origin, [tpm2], new Random(9)));
    expect(error).to.be.instanceOf(SimulatorError).and.to.include({ code: 'esm.key-missing' });
    expect((error as SimulatorError).what).to.contain('lockbox-1 (one)');
  });

  it('digests are replaced where they lie', () => {
    const digests = measure({ ...measured, bootargs: 'other' });
    const blob = setDigests(made(), digests, tpm1, new Random(5), 'newer');
    expect(openDigests(blob, openEsmBlob(blob, origin.privateKey))).to.deep.equal(digests);
    expect(blob.digests?.comment).to.equal('newer');
    expect(writeEsmBlob(blob).length).to.equal(writeEsmBlob(made()).length + 4); // the comment's 1 byte became 6, both padded to 4
  });

  it('attach, extract and detach', () => {
    const blob = attach(made(), { name: 'x', bytes: utf8('new'), comment: 'c' }, origin, new Random(3));
    expect(blob.attachments.map(({ name }) => name)).to.deep.equal(['x', 'crypttab', 'rootd']);
    const without = detach(blob, 'crypttab');
    expect(without.attachments.map(({ name }) => name)).to.deep.equal(['x', 'rootd']);
    expect(extract(without, 'x', origin)).to.deep.equal(utf8('new'));
    expect(thrownBy(() => detach(without, 'crypttab'))).to.include({ code: 'esm.no-file', hint: 'Attachments: x, rootd.' });
    expect(thrownBy(() => extract(without, 'crypttab', origin))).to.include({ fault: 'no-file' });
    expect(thrownBy(() => attach(without, { name: 'x', bytes: utf8('') }, origin, new Random(3)))).to.include({ code: 'esm.name-in-use' });
  });

  for (const name of ['', '1a', 'a b', 'a/b', 'a'.repeat(32), 'ä', 'a@1']) {
    it(`an attachment cannot be named ${JSON.stringify(name)}`, () => {
      expect(thrownBy(() => attach(made(), { name, bytes: utf8('') }, origin, new Random(1)))).to.include({ code: 'esm.bad-name' });
    });
  }

  it('a comment has no NUL and no line end', () => {
    expect(thrownBy(() => createBlob(origin, new Random(1), 'a\nb'))).to.include({ code: 'esm.bad-comment' });
  });

  it("keeps to the Ultravisor's limits", () => {
    const file = (size: number, name = 'f') => ({ name, bytes: new Uint8Array(size) });
    const largest = attach(createBlob(origin, new Random(1)), file(65_000), origin, new Random(1));
    expect(thrownBy(() => attach(largest, file(400, 'g'), origin, new Random(1)))).to.include({ fault: 'limit', path: '/file/files-fdt' });
    expect(thrownBy(() => attach(made(), file(65_536), origin, new Random(1)))).to.include({ fault: 'limit', path: 'files-fdt:/files/f' });
  });
});

describe('the owner around the blob', () => {
  it('RTAS code is what svm-tool has built in by its digest', () => {
    const { read, manifest } = recorded('01-minimal');
    expect(RTAS_CODE).to.deep.equal(read('rtas.bin'));
    expect(toHex(digest('sha512', RTAS_CODE))).to.equal(manifest.digests.rtas);
  });

  it('display lists by number', () => {
    expect(
      display(made())
        .split('\n')
        .map(line => line.replace(/[0-9a-f]{64}/, '#')),
    ).to.deep.equal(['origin # untrusted-comment ', 'recipient # untrusted-comment one', 'recipient # untrusted-comment ', '']);
  });

  it('svm add leaves the initrd as it is', () => {
    const blob = writeEsmBlob(made());
    const whole = svmAdd(blob, measured.initrd);
    const { blobOffset, archiveBytes } = findEsmBlob(whole, 0x1_0000n);
    expect(whole.slice(archiveBytes)).to.deep.equal(measured.initrd);
    expect(writeEsmBlob(readEsmBlob(whole.slice(blobOffset ?? 0)))).to.deep.equal(blob);
  });

  it('generate gives a pair of files that load', async () => {
    const { key, publicPem, privatePem } = generateKey(new Random(4), 'pass');
    expect((await loadPrivateKey(utf8(privatePem), 'k', 'pass')).fingerprint).to.deep.equal(key.fingerprint);
    expect(toHex(digest('sha256', utf8(publicPem)))).to.equal(toHex(key.fingerprint));
  });

  it('a fault is explained with file, byte and hint; our own bugs go up untouched', () => {
    const error = thrownBy(() => explained('b.dtb', () => readEsmBlob(fromHex('d00dfeed')))) as SimulatorError;
    expect(error).to.be.instanceOf(SimulatorError).and.to.include({ code: 'fdt.short', where: 'b.dtb' });
    expect(error.message).to.equal('b.dtb: totalsize at byte 4: 4 bytes expected, 0 left');
    expect(error.hint).to.match(/cut off/);
    const fault = thrownBy(() => explained('b.dtb', () => extract(made(), 'nothing', origin))) as SimulatorError;
    expect(fault).to.include({ code: 'esm.no-file' });
    expect(fault.cause).to.be.instanceOf(EsmError);
    expect(() =>
      explained('b.dtb', () => {
        throw new TypeError('bug');
      }),
    ).to.throw(TypeError);
  });
});
