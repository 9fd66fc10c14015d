import { expect } from 'chai';
import { findNode, propertyOf, writeEsmBlob } from '../../src/svm/format/index.ts';
import { revoke, svmAdd, type Verification } from '../../src/svm/owner/index.ts';
import { type EsmFolder, esmFolder } from './esm-folder.ts';
import { svmSim } from './stand-in-io.ts';

/** What `esm verify` says of a blob, and what becomes of it on a machine (`boot`), are the same. */
describe('svm-sim esm verify foretells what boot does', () => {
  let folder: EsmFolder;
  let path: EsmFolder['path'];
  before(() => {
    folder = esmFolder('02-three-recipients');
    ({ path } = folder);
  });
  after(() => folder.remove());

  const flipped = (bytes: Uint8Array, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  /** The blob with a bit of a property flipped. */
  const tampered = (node: string, property: string): Buffer => {
    const found = propertyOf(findNode(folder.recorded.blob.tree, node), property);
    return flipped(folder.recorded.bytes, (found?.offset ?? 0) + 12);
  };

  interface Case {
    readonly about: string;
    readonly key?: string;
    readonly blob?: () => Uint8Array | Promise<Uint8Array>;
    readonly files?: () => Readonly<Record<string, string>>;
    /** The check at which it ends, by profile; absent: it starts. */
    readonly ends: { readonly documented?: string; readonly published?: string };
    /** What the machine calls that check, where it is another name. */
    readonly machine?: string;
  }
  const both = (check: string) => ({ documented: check, published: check });
  const cases: readonly Case[] = [
    { about: 'the first recipient', ends: {} },
    { about: 'another recipient', key: 'tpm3.pem', ends: { published: 'unwrap' }, machine: 'tpm' },
    {
      about: 'a blob whose lockbox-1 was revoked',
      key: 'tpm2.pem',
      blob: async () => writeEsmBlob(revoke(folder.recorded.blob, await folder.recorded.publicKey('tpm1.pub.pem'))),
      ends: { published: 'lockbox' },
    },
    {
      about: 'a lockbox with a flipped bit',
      blob: () => tampered('/lockboxes/lockbox-1', 'encrypted-symkey'),
      ends: both('unwrap'),
      machine: 'tpm',
    },
    { about: 'digests with a flipped bit', blob: () => tampered('/digest/digests-fdt', 'ciphertext'), ends: both('digests-tag') },
    {
      about: 'a changed kernel',
      files: () => ({ kernel: folder.write('k', flipped(folder.read('kernel.bin'), 5)) }),
      ends: both('digest-kernel'),
    },
    {
      about: 'a changed initrd',
      files: () => ({ initrd: folder.write('i', flipped(folder.read('initrd.img'), 5)) }),
      ends: both('digest-initrd'),
    },
    { about: 'another command line', files: () => ({ 'bootargs-file': folder.write('b', 'ro') }), ends: both('digest-bootargs') },
    { about: 'other RTAS code', files: () => ({ rtas: folder.write('r', 'x'.repeat(20)) }), ends: both('digest-rtas') },
    {
      about: 'a longer kernel whose beginning is the measured one',
      files: () => ({ kernel: folder.write('k', Buffer.concat([folder.read('kernel.bin'), Buffer.from('more')])) }),
      ends: {},
    },
  ];

  for (const { about, key = 'tpm1.pem', blob, files, ends, machine } of cases) {
    for (const profile of ['documented', 'published'] as const) {
      it(`${about}, ${profile}: ${ends[profile] ?? 'starts'}`, async () => {
        const file = folder.write('blob.dtb', (await blob?.()) ?? folder.recorded.bytes);
        const given = { kernel: path('vmlinux'), initrd: path('initrd.img'), 'bootargs-file': path('bootargs.txt'), profile, ...files?.() };
        const common = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
        const verified = await svmSim('esm', 'verify', file, ...common, '--key', path(key), '--json');
        const { stops } = JSON.parse(verified.out) as Verification;
        expect(stops?.check).to.equal(ends[profile]);
        const booted = await svmSim('boot', '--blob', file, ...common, '--key', path(key), '-q');
        expect(booted.status, booted.out)
          .to.equal(stops ? 1 : 0)
          .and.to.equal(verified.status);
        if (stops) expect(booted.out).to.contain(`(check "${machine ?? stops.check}")`);
      });
    }
  }

  it('an initrd whose archive has no end', async () => {
    const archive = Buffer.from(svmAdd(folder.recorded.bytes, folder.read('initrd.img')));
    archive.write('TRAILER???', archive.indexOf('TRAILER!!!'));
    const common = ['--kernel', path('vmlinux'), '--bootargs-file', path('bootargs.txt'), '--initrd', folder.write('cut.img', archive)];
    expect(await svmSim('esm', 'verify', path('esm_blob.dtb'), ...common, '--key', path('tpm1.pem'))).to.include({ status: 1 });
    expect(await svmSim('boot', ...common, '--key', path('tpm1.pem'), '-q')).to.include({ status: 1 });
  });
});
