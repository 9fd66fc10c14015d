import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError } from '../../../src/bytes/index.ts';
import { EsmError, type Fdt, type FdtNode, readEsmBlob, readFdt, walk, writeEsmBlob, writeFdt } from '../../../src/svm/format/index.ts';
import { caseNames, recorded } from '../vectors.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'x', '0', '1', '#', ',', '-', '@'), minLength: 1, maxLength: 12 });
const property = fc.record({ name, value: fc.uint8Array({ maxLength: 40 }) });

const { node } = fc.letrec<{ node: FdtNode }>(tie => ({
  node: fc.record({
    name,
    properties: fc.array(property, { maxLength: 5 }),
    children: fc.oneof({ maxDepth: 4 }, fc.constant<readonly FdtNode[]>([]), fc.array(tie('node'), { maxLength: 3 })),
  }),
}));

const tree: fc.Arbitrary<Fdt> = fc.record({
  reservations: fc.array(
    fc.record({ address: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), size: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }) }),
    {
      maxLength: 3,
    },
  ),
  bootCpu: fc.nat(),
  strings: fc.constant(new Uint8Array(0)),
  root: node.map(root => ({ ...root, name: '' })),
});

/** A tree's meaning without places in bytes. */
const plainOf = ({ root, reservations, bootCpu }: Fdt) => ({
  reservations,
  bootCpu,
  nodes: [...walk(root)].map(({ path, node: { properties } }) => ({ path, properties: properties.map(p => [p.name, [...p.value]]) })),
});

describe('flattened device tree: properties', () => {
  it('gives back the tree it was given', () =>
    fc.assert(
      fc.property(tree, given => {
        const bytes = writeFdt(given);
        const back = readFdt(bytes);
        expect(plainOf(back)).to.deep.equal(plainOf(given));
        expect(writeFdt(back)).to.deep.equal(bytes);
      }),
    ));

  it('answers any bytes with a tree or a DecodeError', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), given => {
        const bytes = given.slice();
        if (bytes.length > 40) bytes.set([0xd0, 0x0d, 0xfe, 0xed]);
        readOrTypedError(() => readFdt(bytes));
      }),
      { numRuns: 1000 },
    ));
});

function readOrTypedError(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).to.satisfy((e: unknown) => e instanceof DecodeError || e instanceof EsmError, String(error));
    expect((error as DecodeError).message).to.match(/: ./);
  }
}

describe('ESM blobs under mutation', () => {
  for (const caseName of caseNames) {
    const { bytes } = recorded(caseName);

    it(`${caseName}: any changed bytes give a blob or a typed error, and a blob is written back`, () =>
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), changes => {
          const copy = bytes.slice();
          for (const [at, value] of changes) copy[at] = value;
          readOrTypedError(() => readEsmBlob(writeEsmBlob(readEsmBlob(copy))));
        }),
        { numRuns: 300 },
      ));

    it(`${caseName}: numbers of the header and the structure set to extremes`, () =>
      fc.assert(
        fc.property(
          fc.nat(300).map(word => word * 4),
          fc.constantFrom(0, 1, 2, 3, 4, 9, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff, bytes.length),
          (at, value) => {
            const copy = bytes.slice();
            new DataView(copy.buffer).setUint32(at, value);
            readOrTypedError(() => readEsmBlob(copy));
          },
        ),
        { numRuns: 500 },
      ));

    it(`${caseName}: cut anywhere it is refused with a byte offset`, () =>
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), length => {
          expect(() => readEsmBlob(bytes.slice(0, length)))
            .to.throw(DecodeError)
            .that.includes({ fault: 'short' });
        }),
      ));
  }
});
