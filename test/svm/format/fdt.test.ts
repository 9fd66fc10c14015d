import { expect } from 'chai';
import { DecodeError } from '../../../src/bytes/index.ts';
import {
  addReservation,
  addSubnode,
  asAddress,
  asText,
  asU32,
  buildFdt,
  cells,
  cells64,
  deleteNode,
  deleteProperty,
  emptyFdt,
  FDT_MAX_DEPTH,
  fdtNode,
  findNode,
  findProperty,
  readFdt,
  readFdtHeader,
  setProperty,
  text,
  writeFdt,
} from '../../../src/svm/format/index.ts';

const sample = writeFdt(
  buildFdt(
    { '#address-cells': 2, compatible: 'a' },
    [fdtNode('memory@0', { reg: cells64(0n, 0x4000_0000n) }), fdtNode('chosen', { bootargs: 'ro' })],
    {
      reservations: [{ address: 0x1000n, size: 0x200n }],
      bootCpu: 8,
    },
  ),
);

/** The sample with a 32-bit number changed. */
function with32(offset: number, value: number): Uint8Array {
  const copy = sample.slice();
  new DataView(copy.buffer).setUint32(offset, value);
  return copy;
}

const header = readFdtHeader(sample);
const stringsAt = header.off_dt_strings;
const structAt = header.off_dt_struct;

describe('flattened device tree: reading', () => {
  it('finds nodes and properties, the unit address may be left out', () => {
    const tree = readFdt(sample);
    expect(findNode(tree, '/memory')?.name).to.equal('memory@0');
    expect(asText(findProperty(tree, '/chosen', 'bootargs'))).to.equal('ro');
    expect(asU32(findProperty(tree, '/', '#address-cells'))).to.equal(2);
    expect(tree.reservations).to.deep.equal([{ address: 0x1000n, size: 0x200n }]);
    expect(tree.bootCpu).to.equal(8);
    expect(findNode(tree, '/chosen/no')).to.equal(undefined);
  });

  it('reads an address of one cell or of two', () => {
    expect(asAddress(cells(0x4000))).to.equal(0x4000n);
    expect(asAddress(cells64(0x1_0000_0000n))).to.equal(0x1_0000_0000n);
    expect(asAddress(new Uint8Array(3))).to.equal(undefined);
  });

  it('ignores what lies behind the tree in memory', () => {
    const page = new Uint8Array(0x1_0000);
    page.set(sample);
    expect(writeFdt(readFdt(page))).to.deep.equal(sample);
  });

  const refusals: readonly {
    readonly about: string;
    readonly bytes: Uint8Array;
    readonly fault: string;
    readonly path: string;
    readonly offset: number;
  }[] = [
    { about: 'no magic', bytes: with32(0, 0xd00dfeee), fault: 'magic', path: 'header.magic', offset: 0 },
    { about: 'less than a header', bytes: sample.slice(0, 39), fault: 'short', path: 'size_dt_struct', offset: 36 },
    { about: 'cut in the middle', bytes: sample.slice(0, 100), fault: 'short', path: 'header.totalsize', offset: 4 },
    { about: 'a total size below the header', bytes: with32(4, 39), fault: 'size', path: 'header.totalsize', offset: 4 },
    { about: 'version 15', bytes: with32(20, 15), fault: 'version', path: 'header.version', offset: 20 },
    { about: 'a version from the future', bytes: with32(24, 18), fault: 'version', path: 'header.last_comp_version', offset: 24 },
    { about: 'a structure block behind the end', bytes: with32(36, 0xffff_fff0), fault: 'size', path: 'header.off_dt_struct', offset: 8 },
    { about: 'a strings block behind the end', bytes: with32(12, sample.length), fault: 'size', path: 'header.off_dt_strings', offset: 12 },
    {
      about: 'a structure block off its boundary',
      bytes: with32(8, structAt + 2),
      fault: 'alignment',
      path: 'header.off_dt_struct',
      offset: 8,
    },
    { about: 'reservations off their boundary', bytes: with32(16, 44), fault: 'alignment', path: 'header.off_mem_rsvmap', offset: 16 },
    { about: 'a structure block over the header', bytes: with32(8, 0), fault: 'overlap', path: 'header.off_dt_struct', offset: 8 },
    { about: 'strings over the structure', bytes: with32(12, structAt + 4), fault: 'overlap', path: 'header.off_dt_strings', offset: 12 },
    { about: 'reservations that run into the structure', bytes: with32(68, 1), fault: 'overlap', path: 'reservations[2]', offset: 72 },
    { about: 'no node at the start', bytes: with32(structAt, 4), fault: 'structure', path: '/', offset: structAt + 4 },
    { about: 'an unknown token', bytes: with32(structAt + 8, 7), fault: 'structure', path: '/', offset: structAt + 8 },
    { about: 'FDT_END too early', bytes: with32(structAt + 8, 9), fault: 'structure', path: '/', offset: structAt + 8 },
    { about: 'no FDT_END', bytes: with32(stringsAt - 4, 4), fault: 'short', path: '/', offset: stringsAt },
    { about: 'a second root', bytes: with32(stringsAt - 4, 1), fault: 'structure', path: '/', offset: stringsAt - 4 },
    {
      about: 'a value longer than the block',
      bytes: with32(structAt + 12, 0x7fff_ffff),
      fault: 'short',
      path: '/#address-cells',
      offset: structAt + 8,
    },
    { about: 'a bad string offset', bytes: with32(structAt + 16, 0xffff), fault: 'string', path: '/', offset: structAt + 16 },
  ];
  for (const { about, bytes, fault, path, offset } of refusals) {
    it(`refuses ${about}: ${fault} at byte ${offset}`, () => {
      expect(() => readFdt(bytes))
        .to.throw(DecodeError)
        .that.includes({ fault, path, offset });
    });
  }

  it('refuses nodes that nest without end', () => {
    const deep = Array.from({ length: FDT_MAX_DEPTH }).reduce<ReturnType<typeof fdtNode>>(
      inner => fdtNode('n', {}, [inner]),
      fdtNode('n', {}),
    );
    expect(() => readFdt(writeFdt(buildFdt({}, [deep]))))
      .to.throw(DecodeError)
      .that.includes({ fault: 'depth' });
  });

  it('counts offsets from the file for a tree within another', () => {
    expect(() => readFdt(with32(structAt + 8, 7), 1000, 'files-fdt:'))
      .to.throw(DecodeError)
      .that.includes({ path: 'files-fdt:/', offset: structAt + 1008 });
  });
});

describe('flattened device tree: editing as libfdt edits', () => {
  const names = (tree: ReturnType<typeof emptyFdt>, path: string) => findNode(tree, path)?.children.map(({ name }) => name);

  it('puts new nodes and properties first, strings last', () => {
    let tree = setProperty(emptyFdt(), '/', 'a', text('1'));
    tree = setProperty(tree, '/', 'b', text('2'));
    tree = addSubnode(addSubnode(tree, '/', 'x'), '/', 'y');
    expect(tree.root.properties.map(({ name }) => name)).to.deep.equal(['b', 'a']);
    expect(names(tree, '/')).to.deep.equal(['y', 'x']);
    expect(Buffer.from(tree.strings).toString()).to.equal('a\0b\0');
  });

  it('leaves a property that exists in its place', () => {
    const tree = setProperty(setProperty(setProperty(emptyFdt(), '/', 'a', text('1')), '/', 'b', text('2')), '/', 'a', text('longer'));
    expect(tree.root.properties.map(({ name, value }) => `${name}=${asText(value)}`)).to.deep.equal(['b=2', 'a=longer']);
  });

  it('finds a name inside a longer one', () => {
    const tree = setProperty(setProperty(emptyFdt(), '/', 'kernel-size', cells(1)), '/', 'size', cells(2));
    expect(tree.strings.length).to.equal('kernel-size\0'.length);
    expect(asU32(findProperty(readFdt(writeFdt(tree)), '/', 'size'))).to.equal(2);
  });

  it('keeps the string of a deleted property', () => {
    const tree = deleteProperty(setProperty(emptyFdt(), '/', 'gone', text('')), '/', 'gone');
    expect(Buffer.from(readFdt(writeFdt(tree)).strings).toString()).to.equal('gone\0');
  });

  it('deletes a node with all below it', () => {
    const tree = deleteNode(addSubnode(addSubnode(emptyFdt(), '/', 'x'), '/x', 'y'), '/x');
    expect(names(tree, '/')).to.deep.equal([]);
    expect(() => deleteNode(tree, '/x')).to.throw(RangeError, '/x');
    expect(() => addSubnode(addSubnode(tree, '/', 'z'), '/', 'z')).to.throw(RangeError, 'already');
  });

  it('does not change the tree it was given', () => {
    const before = readFdt(sample);
    addReservation(setProperty(addSubnode(before, '/', 'new'), '/chosen', 'bootargs', text('other')), { address: 1n, size: 1n });
    expect(writeFdt(before)).to.deep.equal(sample);
  });

  it('leaves free room at the end when asked', () => {
    const roomy = writeFdt(readFdt(sample), 4096);
    expect(roomy.length).to.equal(4096);
    expect(readFdtHeader(roomy).totalsize).to.equal(4096);
    expect(writeFdt(readFdt(roomy))).to.deep.equal(sample);
  });
});

describe('flattened device tree: building', () => {
  it('makes the node that host boot hands to the Ultravisor (skiboot libstb/tss2/opalcreate.c)', () => {
    const name = new Uint8Array(34).fill(7);
    const tree = readFdt(
      writeFdt(
        buildFdt({}, [
          fdtNode('ibm,uv-tpm', {
            compatible: 'ibm,uv-tpm',
            'wrapping-key-handle': 0x8180_0001,
            'wrapping-key-passwd': text('0123456789abcdef'),
            'wrapping-key-publicname': name,
          }),
        ]),
      ),
    );
    expect(asU32(findProperty(tree, '/ibm,uv-tpm', 'wrapping-key-handle'))).to.equal(0x8180_0001);
    expect(findProperty(tree, '/ibm,uv-tpm', 'wrapping-key-passwd')).to.have.lengthOf(17);
    expect(findProperty(tree, '/ibm,uv-tpm', 'wrapping-key-publicname')).to.deep.equal(name);
  });
});
