import { expect } from 'chai';
import { Random } from '../../../src/sim/index.ts';
import { fileSystemProblem, fileSystemTypes, makeFileSystem, memorySource, recogniseFileSystem } from '../../../src/svm/luks/index.ts';

const UUIDS: Readonly<Record<string, string>> = {
  FAT12: '1A2B-3C4D',
  FAT16: '1A2B-3C4D',
  FAT32: '1A2B-3C4D',
  ISO9660: '2024-02-29-12-34-56-00',
};
const uuidOf = (type: string): string => UUIDS[type] ?? '0f3c5a7e-1b2d-4c6f-8e9a-123456789abc';

describe('superblocks made here', () => {
  for (const type of fileSystemTypes) {
    it(`${type} is recognised, with label, UUID and size`, () => {
      const named = type === 'squashfs' ? {} : { label: 'DISK', uuid: uuidOf(type) };
      const size = type === 'FAT32' ? 40 << 20 : 6 << 20;
      const bytes = makeFileSystem({ type, size, ...named }, new Random(1));
      expect(bytes.length).to.equal(size);
      expect(recogniseFileSystem(memorySource(bytes))).to.deep.include({ type, label: '', uuid: '', size, ...named });
    });
  }

  it('draw a UUID where none is given: the same seed, the same one', () => {
    const uuid = (seed: number) => recogniseFileSystem(memorySource(makeFileSystem({ type: 'xfs' }, new Random(seed))))?.uuid;
    expect(uuid(1)).to.equal(uuid(1)).and.not.equal(uuid(2));
    expect(uuid(1)).to.match(/^[0-9a-f-]{36}$/);
  });

  it('tell which field of a recipe cannot be', () => {
    expect(fileSystemProblem({ type: 'squashfs', label: 'x' })).to.deep.equal({ field: 'label', what: 'squashfs has none' });
    expect(fileSystemProblem({ type: 'squashfs', uuid: 'x' })).to.include({ field: 'uuid' });
    expect(fileSystemProblem({ type: 'xfs', label: 'x'.repeat(13) })?.what).to.equal('xfs has room for 12 bytes');
    expect(fileSystemProblem({ type: 'FAT16', uuid: '1234' })?.what).to.match(/such as 2E24-EC82/);
    expect(fileSystemProblem({ type: 'ext4', size: 1000 })?.what).to.match(/at least 1048576/);
    expect(() => makeFileSystem({ type: 'ext4', size: 1 }, new Random(1))).to.throw(/at least 1048576/);
  });
});
