import { expect } from 'chai';
import { Halt, MSR } from '../../../src/hcall/index.ts';
import { U } from '../../../src/spec/index.ts';
import { filesFdt, readFdt, setProperty, writeFdt } from '../../../src/svm/format/index.ts';
import { getFilePiece } from '../../../src/svm/guest/get-file.ts';
import { haltOf } from '../../hcall/machine.ts';
import { esmFile, esmManifest, recordedGuest, TestBench } from '../../helpers/machine.ts';

const WITH_FILES = '03-three-attachments-svm-add';
const UV_ESMB_GET_FILE = 0xf14c;

/** One piece as a user program asks for it. */
const piece = (bench: TestBench, name: string, offset: bigint, pid = 7n) =>
  getFilePiece({ ...platform(bench) }, bench.vcpu, name, offset, pid);
const platform = ({ host, guest }: TestBench) => ({
  hypercall: guest.hypercall.bind(guest),
  ultracall: host.ultracalls.ultracall.bind(host.ultracalls),
  read: () => Promise.reject(new Error('no memory is read')),
  write: () => Promise.reject(new Error('no memory is written')),
});
const r3Of = (result: object): bigint => ('r3' in result ? (result.r3 as bigint) : 0n);

describe('UV_ESMB_GET_FILE (docs/reference/pef.md#uv_esmb_get_file)', () => {
  const manifest = esmManifest(WITH_FILES);
  const largest = manifest.attachments.reduce((a, b) => (a.size >= b.size ? a : b));

  for (const { name, file, size } of manifest.attachments) {
    it(`gives ${name} (${size} bytes) in pieces of 64`, async () => {
      const bench = await TestBench.secure({ folder: WITH_FILES });
      const read = await bench.guest.getFile(name);
      expect('bytes' in read && Buffer.from(read.bytes).equals(esmFile(WITH_FILES, file))).to.equal(true);
      expect('calls' in read && read.calls).to.equal(Math.ceil(size / 64) + 1);
    });
  }

  it('the passphrase as dracut reads it (rootd)', async () => {
    const bench = await TestBench.secure();
    const read = await bench.guest.getFile('rootd');
    expect('bytes' in read && read.calls, 'one piece and the end: no newline gets inside').to.equal(2);
  });

  it('goes forward in any steps, from an offset within too', async () => {
    const bench = await TestBench.secure({ folder: WITH_FILES });
    const whole = esmFile(WITH_FILES, largest.file);
    const first = await piece(bench, largest.name, 10n);
    expect('bytes' in first && first.bytes).to.deep.equal(whole.slice(10, 74));
    const next = await piece(bench, largest.name, 100n);
    expect('bytes' in next && next.bytes).to.deep.equal(whole.slice(100, 164));
  });

  it('at the end: 0, and r4.. keep what they held', async () => {
    const bench = await TestBench.secure({ folder: WITH_FILES });
    bench.vcpu.regs.msr |= MSR.PR;
    const word = (text: string) => Buffer.from(text.padEnd(8, '\0')).readBigUInt64BE();
    const { name, size } = manifest.attachments.find(each => each.name.length <= 8) ?? largest;
    const words = Array.from({ length: 8 }, (_, i) => word(name.slice(i * 8, i * 8 + 8)));
    expect(await bench.sc2(UV_ESMB_GET_FILE, size, ...words)).to.equal(0);
    expect(bench.vcpu.get(4)).to.equal(BigInt(size));
    expect(bench.vcpu.get(5)).to.equal(words[0]);
  });

  it('backwards: U_PARAMETER', async () => {
    const bench = await TestBench.secure({ folder: WITH_FILES });
    await piece(bench, largest.name, 128n);
    expect(r3Of(await piece(bench, largest.name, 0n))).to.equal(BigInt(U.PARAMETER));
  });

  it('another process: U_PARAMETER; another file: served', async () => {
    const bench = await TestBench.secure({ folder: WITH_FILES });
    await piece(bench, largest.name, 0n, 7n);
    expect(r3Of(await piece(bench, largest.name, 64n, 8n))).to.equal(BigInt(U.PARAMETER));
    const other = manifest.attachments.find(({ name }) => name !== largest.name);
    expect('bytes' in (await piece(bench, other?.name ?? '', 0n, 8n))).to.equal(true);
  });

  it('read once a boot: after a reboot and a new transition it can be read again', async () => {
    const bench = await TestBench.secure();
    await bench.guest.getFile('rootd');
    expect(await bench.guest.getFile('rootd')).to.include({ ok: false, r3: BigInt(U.PARAMETER) });
    await bench.guest.reboot();
    await bench.guest.enterSecureMode();
    expect(await bench.guest.getFile('rootd')).to.include({ ok: true });
  });

  it('a name that is missing: -1 of libfdt, and its reader is remembered all the same', async () => {
    const bench = await TestBench.secure();
    expect(r3Of(await piece(bench, 'nothing', 0n, 7n))).to.equal(-1n);
    expect(r3Of(await piece(bench, 'nothing', 0n, 8n))).to.equal(BigInt(U.PARAMETER));
  });

  it('a blob without attachments: -9 of libfdt', async () => {
    const bench = await TestBench.secure({ folder: '01-minimal' });
    expect(r3Of(await piece(bench, 'rootd', 0n))).to.equal(-9n);
  });

  it('a normal VM: U_PARAMETER', async () => {
    const bench = await TestBench.create();
    expect(r3Of(await piece(bench, 'rootd', 0n))).to.equal(BigInt(U.PARAMETER));
  });

  for (const property of ['ciphertext', 'mac', 'iv'] as const) {
    it(`an attachment whose ${property} was changed: U_PARAMETER`, async () => {
      const blob = readFdt(recordedGuest().esmBlob ?? new Uint8Array(0));
      const inner = readFdt(blob.root.children.find(({ name }) => name === 'file')?.properties[0]?.value ?? new Uint8Array(0));
      const node = inner.root.children[0]?.children.find(({ name }) => name === 'rootd');
      const value = node?.properties.find(({ name }) => name === property)?.value.slice() ?? new Uint8Array(1);
      value[0] = (value[0] ?? 0) ^ 1;
      const files = writeFdt(setProperty(inner, '/files/rootd', property, value));
      const bench = await TestBench.secure({ guest: { esmBlob: writeFdt(setProperty(blob, '/file', 'files-fdt', files)) } });
      expect(r3Of(await piece(bench, 'rootd', 0n))).to.equal(BigInt(U.PARAMETER));
      expect(bench.failedChecks()).to.include('file-tag');
    });
  }

  it('offset 65536 stops the machine, 65535 does not', async () => {
    const bench = await TestBench.secure();
    expect('bytes' in (await piece(bench, 'rootd', 65535n))).to.equal(true);
    const halt = await haltOf(piece(bench, 'rootd', 65536n));
    expect(halt).to.be.instanceOf(Halt).that.includes({ scope: 'host' });
    expect(bench.of('state').at(-1)).to.include({ of: 'host', to: 'stopped' });
  });

  it('a files tree above its page: the published copy has no check, the end lies in the page of the key; hardened refuses', async () => {
    const blob = readFdt(recordedGuest().esmBlob ?? new Uint8Array(0));
    const inner = readFdt(filesFdt(blob) ?? new Uint8Array(0));
    // The file itself lies behind 64 KiB of something else.
    const files = writeFdt(setProperty(inner, '/', 'filler', new Uint8Array(0x1_0000)));
    const guest = { esmBlob: writeFdt(setProperty(blob, '/file', 'files-fdt', files)) };
    const published = await TestBench.secure({ profile: 'published', guest });
    expect(r3Of(await piece(published, 'rootd', 0n))).not.to.equal(64n);
    const hardened = await TestBench.create({ profile: 'hardened', guest });
    expect(await hardened.guest.enterSecureMode()).to.include({ secure: false });
    expect(hardened.failedChecks()).to.include('files-tree-size');
  });
});
