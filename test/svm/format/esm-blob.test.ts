import { expect } from 'chai';
import { fromHex, sameBytes } from '../../../src/bytes/index.ts';
import { digest } from '../../../src/crypto/index.ts';
import { decodeDigests } from '../../../src/svm/format/esm/digests.ts';
import {
  addSubnode,
  asU32,
  deleteNode,
  deleteProperty,
  digestProperties,
  EsmError,
  type EsmFault,
  emptyFdt,
  encodeDigests,
  encryptedDigests,
  encryptedFile,
  encryptedSymkey,
  esmBlobOf,
  type Fdt,
  keyFingerprint,
  lockboxFingerprints,
  openAttachment,
  openDigests,
  openEsmBlob,
  openGcm,
  openLockbox,
  openOaep,
  publicPem,
  readFdt,
  setProperty,
  text,
  writeFdt,
} from '../../../src/svm/format/index.ts';
import { recorded, thrownBy } from '../vectors.ts';

const { blob, manifest, publicKey, privateKey, read } = recorded('02-three-recipients');
const symmetricKey = fromHex(manifest.symmetricKeyHex);
const box = '/lockboxes/lockbox-2';

describe('ESM blob: what is refused, and where', () => {
  const withFiles = (edit: (files: Fdt) => Fdt) => (tree: Fdt) => {
    if (!blob.files) throw new Error('the case has attachments');
    return setProperty(tree, '/file', 'files-fdt', writeFdt(edit(blob.files)));
  };
  const refusals: readonly { about: string; edit: (tree: Fdt) => Fdt; fault: EsmFault; path: string }[] = [
    { about: 'another tree', edit: t => setProperty(t, '/', 'compatible', text('linux')), fault: 'not-esm', path: '/compatible' },
    { about: 'no compatible', edit: t => deleteProperty(t, '/', 'compatible'), fault: 'not-esm', path: '/compatible' },
    { about: 'no node digest', edit: t => deleteNode(t, '/digest'), fault: 'structure', path: '/digest' },
    { about: 'a node too many', edit: t => addSubnode(t, '/', 'extra'), fault: 'structure', path: '/extra' },
    { about: 'no origin', edit: t => deleteNode(t, '/lockboxes/origin-lockbox'), fault: 'structure', path: '/lockboxes' },
    {
      about: 'a lockbox of another name',
      edit: t => addSubnode(t, '/lockboxes', 'lockbox-x'),
      fault: 'structure',
      path: '/lockboxes/lockbox-x',
    },
    {
      about: 'a lockbox without its key',
      edit: t => deleteProperty(t, box, 'encrypted-symkey'),
      fault: 'structure',
      path: `${box}/encrypted-symkey`,
    },
    {
      about: 'a lockbox without comment',
      edit: t => deleteProperty(t, box, 'untrusted-comment'),
      fault: 'structure',
      path: `${box}/untrusted-comment`,
    },
    {
      about: 'a comment without NUL',
      edit: t => setProperty(t, box, 'untrusted-comment', new Uint8Array(0)),
      fault: 'structure',
      path: `${box}/untrusted-comment`,
    },
    { about: 'a property too many', edit: t => setProperty(t, box, 'more', text('')), fault: 'structure', path: `${box}/more` },
    {
      about: 'no fingerprint',
      edit: t => deleteNode(t, `${box}/pubkey-fingerprint`),
      fault: 'structure',
      path: `${box}/pubkey-fingerprint`,
    },
    {
      about: 'another fingerprint',
      edit: t => setProperty(t, `${box}/pubkey-fingerprint`, 'algorithm', text('SHA1')),
      fault: 'algorithm',
      path: `${box}/pubkey-fingerprint/algorithm`,
    },
    {
      about: 'a short fingerprint',
      edit: t => setProperty(t, `${box}/pubkey-fingerprint`, 'hash', text('')),
      fault: 'structure',
      path: `${box}/pubkey-fingerprint/hash`,
    },
    {
      about: 'another cipher',
      edit: t => setProperty(t, '/digest/digests-fdt', 'algorithm', text('ROT13')),
      fault: 'algorithm',
      path: '/digest/digests-fdt/algorithm',
    },
    {
      about: 'an IV of 12 bytes',
      edit: t => setProperty(t, '/digest/digests-fdt', 'iv', new Uint8Array(12)),
      fault: 'structure',
      path: '/digest/digests-fdt/iv',
    },
    {
      about: 'digests without tag',
      edit: t => deleteProperty(t, '/digest/digests-fdt', 'mac'),
      fault: 'structure',
      path: '/digest/digests-fdt',
    },
    {
      about: 'another inner tree',
      edit: withFiles(f => setProperty(f, '/', 'compatible', text('ibm,esm'))),
      fault: 'not-esm',
      path: 'files-fdt:/compatible',
    },
    { about: 'no node files', edit: withFiles(f => deleteNode(f, '/files')), fault: 'structure', path: 'files-fdt:/files' },
    {
      about: 'an attachment without IV',
      edit: withFiles(f => deleteProperty(f, '/files/rootd', 'iv')),
      fault: 'structure',
      path: 'files-fdt:/files/rootd',
    },
  ];
  for (const { about, edit, fault, path } of refusals) {
    it(`${about}: ${fault} at ${path}`, () => {
      const error = thrownBy(() => esmBlobOf(readFdt(writeFdt(edit(blob.tree)))));
      expect(error).to.be.instanceOf(EsmError).and.to.include({ fault, path });
    });
  }

  it('the byte offset is that of the node in the file', () => {
    const { tree } = blob;
    const bytes = writeFdt(setProperty(tree, box, 'more', text('here')));
    const error = thrownBy(() => esmBlobOf(readFdt(bytes))) as EsmError;
    const { offset } = error;
    expect(Buffer.from(bytes).toString('latin1', Number(offset) + 12, Number(offset) + 16)).to.equal('here');
  });

  it('a broken inner tree is named with the byte in the whole file', () => {
    const bytes = writeFdt(blob.tree);
    const inner = Buffer.from(bytes).indexOf(Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed), 4);
    bytes[inner + 8] = 0xff;
    expect(thrownBy(() => esmBlobOf(readFdt(bytes)))).to.include({
      fault: 'size',
      path: 'files-fdt:header.off_dt_struct',
      offset: inner + 8,
    });
  });
});

describe('ESM blob: opening', () => {
  it('the wrong key of a lockbox', async () => {
    const other = await privateKey('tpm2.pem');
    const [, , lockbox1] = blob.lockboxes;
    if (!lockbox1) throw new Error('lockbox-1 is the third');
    expect(thrownBy(() => openLockbox(lockbox1, other.privateKey))).to.include({ fault: 'wrong-key', path: '/lockboxes/lockbox-1' });
  });

  it('a key without lockbox', async () => {
    const stranger = await recorded('01-minimal').privateKey('tpm1.pem');
    expect(thrownBy(() => openEsmBlob(blob, stranger.privateKey))).to.include({ fault: 'no-lockbox' });
  });

  it('a ciphertext that is none of this modulus', async () => {
    const { privateKey: key } = await privateKey('tpm1.pem');
    for (const length of [0, 1, 255, 257]) expect(openOaep(new Uint8Array(length).fill(0xff), key)).to.equal(null);
    expect(openOaep(new Uint8Array(256).fill(0xff), key)).to.equal(null);
  });

  it('one bit in tag, IV or ciphertext', () => {
    const item = blob.digests;
    if (!item) throw new Error('the case has digests');
    for (const name of ['mac', 'iv', 'ciphertext'] as const) {
      const changed = item[name].slice();
      changed[3] = (changed[3] ?? 0) ^ 1;
      expect(openGcm({ ...item, [name]: changed }, symmetricKey), name).to.equal(null);
      expect(thrownBy(() => openDigests({ ...blob, digests: { ...item, [name]: changed } }, symmetricKey))).to.include({
        fault: 'tampered',
      });
    }
    expect(openGcm({ ...item, mac: item.mac.slice(0, 12) }, symmetricKey), 'short tag').to.equal(null);
    expect(openGcm({ ...item, iv: new Uint8Array(0) }, symmetricKey), 'no IV').to.equal(null);
    expect(openGcm(item, symmetricKey.slice(0, 20)), 'no AES key').to.equal(null);
  });

  it('what is not in the blob', () => {
    expect(thrownBy(() => openAttachment(blob, 'nothing', symmetricKey))).to.include({
      fault: 'no-file',
      path: 'files-fdt:/files/nothing',
    });
    expect(thrownBy(() => openDigests({ ...blob, digests: null }, symmetricKey))).to.include({ fault: 'no-digests' });
  });

  it('no message holds key bytes', async () => {
    const error = thrownBy(() => openDigests(blob, new Uint8Array(32).fill(0xab))) as EsmError;
    expect(error.message).to.not.match(/abab/);
    expect(sameBytes(openEsmBlob(blob, (await privateKey('tpm3.pem')).privateKey), symmetricKey)).to.equal(true);
  });
});

describe('ESM blob: as the Ultravisor reads it', () => {
  it('takes what it needs and looks at nothing else', () => {
    const bare = setProperty(
      addSubnode(addSubnode(emptyFdt(), '/', 'lockboxes'), '/lockboxes', 'lockbox-1'),
      '/lockboxes/lockbox-1',
      'encrypted-symkey',
      Uint8Array.of(1),
    );
    expect(encryptedSymkey(bare, 'lockbox-1')).to.deep.equal(Uint8Array.of(1));
    expect(encryptedSymkey(bare, 'lockbox-2')).to.equal(undefined);
    expect(encryptedDigests(bare)).to.equal(undefined);
    expect(lockboxFingerprints(bare)).to.deep.equal([{ lockbox: 'lockbox-1', fingerprint: undefined }]);
  });

  it('opens digests and attachments of a real blob', () => {
    const sealed = encryptedDigests(blob.tree);
    const plaintext = sealed && openGcm(sealed, symmetricKey);
    if (!plaintext || !blob.files) throw new Error('the case has both');
    const { kernelSize } = digestProperties(readFdt(plaintext));
    expect(kernelSize && asU32(kernelSize)).to.equal(manifest.digests.kernelSize);
    const file = encryptedFile(blob.files, 'rootd');
    expect(file && openGcm(file, symmetricKey)).to.deep.equal(read('attachments/rootd'));
  });
});

describe('digests tree', () => {
  const digests = openDigests(blob, symmetricKey);

  it('has the 509 bytes of the real one', () => expect(encodeDigests(digests)).to.have.lengthOf(509));
  it('gives back the digests it was given', () => expect(decodeDigests(encodeDigests(digests))).to.deep.equal(digests));

  it('names what is missing or wrong', () => {
    const tree = readFdt(encodeDigests(digests));
    const at = (edited: Fdt) => thrownBy(() => decodeDigests(writeFdt(edited)));
    expect(at(deleteProperty(tree, '/digests', 'initrd'))).to.include({ fault: 'structure', path: 'digests:/digests/initrd' });
    expect(at(setProperty(tree, '/digests', 'rtas', text('x')))).to.include({ fault: 'structure', path: 'digests:/digests/rtas' });
    expect(at(setProperty(tree, '/digests', 'kernel-size', text('x')))).to.include({
      fault: 'structure',
      path: 'digests:/digests/kernel-size',
    });
    expect(at(setProperty(tree, '/digests', 'algorithm', text('MD5')))).to.include({ fault: 'algorithm' });
    expect(at(deleteNode(tree, '/digests'))).to.include({ fault: 'structure', path: 'digests:/' });
    expect(thrownBy(() => decodeDigests(new Uint8Array(64)))).to.include({ fault: 'magic', path: 'digests:header.magic' });
  });
});

describe('fingerprint of a key', () => {
  it('is that of the public key file when the file is canonical', async () => {
    const key = await publicKey('tpm1.pub.pem');
    expect(key.fingerprint).to.deep.equal(digest('sha256', read('tpm1.pub.pem')));
    expect(keyFingerprint(key.n, key.e)).to.deep.equal(key.fingerprint);
    expect(publicPem(key)).to.equal(Buffer.from(read('tpm1.pub.pem')).toString());
  });
});
