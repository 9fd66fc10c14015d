import { expect } from 'chai';
import fc from 'fast-check';
import { concat, DecodeError, utf8 } from '../../../src/bytes/index.ts';
import { type CpioFile, writeCpio } from '../../../src/svm/format/cpio/write.ts';
import { esmArchive, findEsmBlob, readCpio } from '../../../src/svm/format/index.ts';
import { recorded } from '../vectors.ts';

const GPA = 0x0400_0000n;
const file = (name: string, data: Uint8Array): CpioFile => ({ name, mode: 0o100644, nlink: 1, data });
const magic = Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed);
const blob = concat(magic, new Uint8Array(60).fill(1));

describe('cpio newc', () => {
  it('reads the archive that GNU cpio wrote', () => {
    const image = recorded('03-three-attachments-svm-add').read('initrd-esmb.img');
    const entries = [...readCpio(image)];
    expect(entries.map(({ name, dataOffset, header }) => [name, dataOffset, header.filesize])).to.deep.equal([
      ['.', 112, 0],
      ['opt', 228, 0],
      ['opt/ibm', 348, 0],
      ['opt/ibm/pef', 472, 0],
      ['opt/ibm/pef/esm_blob.dtb', 608, 22469],
      ['TRAILER!!!', 23204, 0],
    ]);
  });

  it('writes the layout that GNU cpio has: all but inode, time and device is the same', () => {
    const { bytes, read } = recorded('03-three-attachments-svm-add');
    const real = read('initrd-esmb.img').slice(0, 23552);
    const ours = esmArchive(bytes, 'esm_blob.dtb');
    const blank = (archive: Uint8Array): Uint8Array => {
      const copy = archive.slice();
      // ino, mtime, devmajor
      for (const { headerOffset } of readCpio(archive))
        for (const at of [6, 46, 62]) copy.fill(0, headerOffset + at, headerOffset + at + 8);
      return copy;
    };
    expect(blank(ours)).to.deep.equal(blank(real));
  });

  it('gives back the files it was given', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ name: fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/', '.', '_'), minLength: 1 }), data: fc.uint8Array() }),
          {
            maxLength: 6,
          },
        ),
        files => {
          const archive = writeCpio(files.map(({ name, data }) => file(name, data)));
          expect(archive.length % 512).to.equal(0);
          const back = [...readCpio(archive)].slice(0, -1);
          expect(
            back.map(({ name, dataOffset, header }) => ({ name, data: archive.slice(dataOffset, dataOffset + header.filesize) })),
          ).to.deep.equal(files);
        },
      ),
    ));

  it('names the byte at which an archive is broken', () => {
    const archive = writeCpio([file('a', utf8('hello'))]);
    const at = (offset: number, digits: string) => {
      const copy = archive.slice();
      copy.set(utf8(digits), offset);
      return () => [...readCpio(copy)];
    };
    expect(at(0, '070702')).to.throw(DecodeError).that.includes({ fault: 'magic', offset: 0 });
    expect(at(54, '0000000g')).to.throw(DecodeError).that.includes({ fault: 'value', offset: 54, path: 'header.filesize' });
    expect(at(54, 'FFFFFFFF')).to.throw(DecodeError).that.includes({ fault: 'short', offset: 54, path: 'a' });
    expect(at(94, '00000000')).to.throw(DecodeError).that.includes({ fault: 'size', offset: 94 });
    expect(at(94, 'FFFFFFFF')).to.throw(DecodeError).that.includes({ fault: 'short', path: 'name' });
    expect(() => [...readCpio(archive.slice(0, 120))])
      .to.throw(DecodeError)
      .that.includes({ fault: 'short' });
  });

  it('answers any bytes with entries or a DecodeError, in time', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(599), fc.nat(255)), { maxLength: 6 }), changes => {
        const archive = esmArchive(blob, 'b').slice();
        for (const [at, value] of changes) archive[at] = value;
        try {
          for (const entry of readCpio(archive)) expect(entry.nextOffset).to.be.above(entry.headerOffset);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
        expect(findEsmBlob(archive, GPA).endOffset).to.be.at.least(0);
      }),
      { numRuns: 500 },
    ));
});

describe('the Ultravisor searches an initrd for the blob (svm/svm-esm.c)', () => {
  const initrd = utf8('the initrd itself');

  it('finds it behind svm add and strips the archive', () => {
    const archive = esmArchive(blob, 'esm_blob.dtb');
    expect(findEsmBlob(concat(archive, initrd), GPA)).to.include({
      blobOffset: 608,
      archiveBytes: archive.length,
      ended: 'trailer',
      code: 0,
    });
  });

  it('finds none in an initrd of another kind', () => {
    expect(findEsmBlob(Uint8Array.of(0x1f, 0x8b, ...new Uint8Array(200)), GPA)).to.include({
      blobOffset: null,
      archiveBytes: 0,
      ended: 'not-a-header',
    });
    expect(findEsmBlob(new Uint8Array(0), GPA)).to.include({ blobOffset: null, ended: 'past-end' });
  });

  it('fails at once at a file outside opt/ibm/pef (-ENOENT)', () => {
    const archive = writeCpio([file('init', utf8('x')), file('opt/ibm/pef/b', blob)]);
    expect(findEsmBlob(archive, GPA)).to.include({ blobOffset: null, archiveBytes: 0, ended: 'foreign-file', endOffset: 0, code: -2 });
  });

  it('takes any file whose name begins with opt/ibm/pef, also opt/ibm/pefx', () => {
    expect(findEsmBlob(writeCpio([file('opt/ibm/pefx', blob)]), GPA).blobOffset).to.equal(124);
  });

  it('does not mind other files once the blob is found', () => {
    const archive = writeCpio([file('opt/ibm/pef/b', blob), file('init', utf8('x'))]);
    expect(findEsmBlob(archive, GPA)).to.include({ blobOffset: 124, archiveBytes: archive.length, ended: 'trailer' });
  });

  it('looks at whole words only, the first that fits counts', () => {
    const shifted = concat(Uint8Array.of(0, 0), magic, Uint8Array.of(0, 0), magic);
    expect(findEsmBlob(writeCpio([file('opt/ibm/pef/b', shifted)]), GPA).blobOffset).to.equal(124 + 8);
  });

  it('without a trailer keeps the blob but does not adjust the range', () => {
    const archive = writeCpio([file('opt/ibm/pef/b', blob)]);
    const cut = concat(archive.slice(0, 124 + 64), initrd, new Uint8Array(200));
    expect(findEsmBlob(cut, GPA)).to.include({ blobOffset: 124, archiveBytes: 0, ended: 'not-a-header', endOffset: 188 });
  });

  it('does not look into the second archive', () => {
    const archive = concat(writeCpio([]), esmArchive(blob, 'b'));
    expect(findEsmBlob(archive, GPA)).to.include({ blobOffset: null, archiveBytes: 0, ended: 'trailer' });
  });

  it('runs past a file without the magic whose size is no multiple of 4', () => {
    const lost = writeCpio([file('opt/ibm/pef/a', utf8('12345'))]);
    expect(findEsmBlob(lost, GPA)).to.include({ blobOffset: null, ended: 'ran-past-file' });
    // What lies behind is found as if it were in the file.
    const followed = writeCpio([file('opt/ibm/pef/a', utf8('12345')), file('x', blob)]);
    expect(findEsmBlob(followed, GPA).blobOffset).to.equal(244);
  });

  it('aligns the address, not the offset', () => {
    const archive = esmArchive(blob, 'esm_blob.dtb');
    // The archive of 1024 bytes begins at address 4 of a page: cpio padded it from its own start, the Ultravisor from address 0.
    expect(findEsmBlob(concat(new Uint8Array(2), archive), GPA + 2n)).to.include({ blobOffset: 610, archiveBytes: 1022 });
    expect(findEsmBlob(archive, GPA + 2n)).to.include({ blobOffset: null, ended: 'not-a-header', endOffset: 2 });
  });
});
