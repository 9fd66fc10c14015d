import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { RTAS_TOKENS } from '../../../src/spec/index.ts';
import {
  asU32,
  type Fdt,
  findNode,
  findProperty,
  readFdt,
  readFdtHeader,
  walk,
  writeFdt,
  writeLinuxFdt,
} from '../../../src/svm/format/index.ts';
import { buildGuestTree, describeTree, type Layout, layOut, loadIntoTree, unpackTree } from '../../../src/svm/guest/index.ts';

const RECORDED = ['1-cpu-512M', '4-cpu-2G', '2-cores-proxy-vtpm'] as const;
const recorded = (name: string): Uint8Array => unpackTree(readFileSync(`fixtures/observed/guest-tree/${name}.dtb.gz`));

const MIB = 1n << 20n;
const vtpm = { name: 'vtpm@71000002', properties: { reg: [0x7100_0002], device_type: 'IBM,vtpm', compatible: 'IBM,vtpm20' } };

/** The tree of a simulated guest with the machine of a recorded one. */
function ours(ramBytes: bigint, vcpus: number): Fdt {
  const spec = { ramBytes, vcpus, kernel: new Uint8Array(70_000), initrd: new Uint8Array(99), bootargs: 'quiet', rtas: new Uint8Array(20) };
  const layout = layOut({ ramBytes, kernel: spec.kernel.length, initrd: spec.initrd.length, esmBlob: null });
  return readFdt(buildGuestTree({ ...spec, vio: [vtpm] }, layout));
}

const nodesOf = (tree: Fdt): Map<string, Map<string, Uint8Array>> =>
  new Map([...walk(tree.root)].map(({ path, node }) => [path, new Map(node.properties.map(({ name, value }) => [name, value]))]));

/** A tree's meaning without places in bytes. */
const plain = (tree: Fdt) => ({
  reservations: tree.reservations,
  nodes: [...nodesOf(tree)].map(([path, properties]) => [path, [...properties].map(([name, value]) => [name, [...value]])]),
});

describe('Trees of real guests', () => {
  for (const name of RECORDED) {
    it(`${name}: version 16 is read, and written back as Linux lays it out`, () => {
      const bytes = recorded(name);
      expect(readFdtHeader(bytes)).to.include({ version: 16, off_dt_strings: 0x1_0000, off_dt_struct: 0x2_0000, totalsize: 0x3_0000 });
      const tree = readFdt(bytes);
      expect(tree.reservations).to.have.length(3);
      const again = writeLinuxFdt(tree);
      expect(readFdtHeader(again)).to.deep.equal(readFdtHeader(bytes));
      expect(plain(readFdt(again))).to.deep.equal(plain(tree));
      expect(plain(readFdt(writeFdt(tree)))).to.deep.equal(plain(tree));
    });
  }

  it('a tree that says its structure block ends early is still read to its FDT_END', () => {
    const bytes = recorded('1-cpu-512M').slice();
    new DataView(bytes.buffer).setUint32(36, 8); // size_dt_struct, which version 16 does not have
    expect(plain(readFdt(bytes))).to.deep.equal(plain(readFdt(recorded('1-cpu-512M'))));
  });
});

describe("The tree of a simulated guest, after a real guest's", () => {
  for (const [name, ramBytes, vcpus] of [
    ['1-cpu-512M', 512n * MIB, 1],
    ['4-cpu-2G', 2048n * MIB, 4],
  ] as const) {
    describe(name, () => {
      const real = readFdt(recorded(name));
      const made = ours(ramBytes, vcpus);

      it('has only nodes and properties of the real one', () => {
        const there = nodesOf(real);
        const strange: string[] = [];
        for (const [path, properties] of nodesOf(made)) {
          const node = there.get(path);
          for (const property of properties.keys()) if (!node?.has(property)) strange.push(`${path} ${property}`);
        }
        expect(strange).to.deep.equal([]);
      });

      it('has the values of the real one where they are not those of its own boot', () => {
        // What depends on kernel, initrd, command line and SLOF's memory; and the list of hypercalls, of which ours has the beginning.
        const own = /phandle|initrd-(start|end)|bootargs|qemu,boot-kernel$|hypertas-functions/;
        const different: string[] = [];
        const there = nodesOf(real);
        for (const [path, properties] of nodesOf(made)) {
          for (const [property, value] of properties) {
            const expected = there.get(path)?.get(property);
            if (!own.test(property) && Buffer.compare(value, expected ?? Buffer.alloc(0)) !== 0) different.push(`${path} ${property}`);
          }
        }
        expect(different).to.deep.equal([]);
      });

      it('reserves the same: its initrd, a page of RTAS, the log beneath it', () => {
        const [, rtas, log] = real.reservations;
        expect(made.reservations.slice(1)).to.deep.equal([rtas, log]);
        expect(made.reservations[0]?.size).to.equal(0x1_0000n);
      });

      it('has every RTAS token with its number', () => {
        for (const [call, token] of Object.entries(RTAS_TOKENS)) {
          expect(asU32(findProperty(real, '/rtas', call)), call).to.equal(token);
          expect(asU32(findProperty(made, '/rtas', call)), call).to.equal(token);
        }
        expect(Object.keys(RTAS_TOKENS)).to.have.length(45);
      });
    });
  }

  it('reserves no log without a vTPM', () => {
    const spec = { ramBytes: 64n * MIB, kernel: new Uint8Array(9), initrd: new Uint8Array(9), bootargs: '', rtas: new Uint8Array(20) };
    const layout = layOut({ ramBytes: 64n * MIB, kernel: 9, initrd: 9, esmBlob: null });
    expect(readFdt(buildGuestTree(spec, layout)).reservations).to.have.length(2);
  });
});

describe('A given tree', () => {
  const bytes = recorded('4-cpu-2G');

  it('says memory, processors, command line and where kernel, initrd and RTAS lie', () => {
    expect(describeTree(bytes)).to.deep.equal({
      ramBytes: 2048n * MIB,
      vcpus: 4,
      bootargs: 'console=hvc0 quiet loglevel=1 rng_core.default_quality=0 ro quiet',
      places: { kernel: 0x40_0000n, initrd: 0x2c9_0000n, rtas: 0x2fff_0000n },
    });
  });

  const { places, bootargs = '' } = describeTree(bytes);
  const layoutOf = (initrd: number, esmBlob: number | null): Layout =>
    layOut({ ramBytes: 2048n * MIB, kernel: 9, initrd, esmBlob }, places);

  it('stays as it is, byte for byte, with what it was made for', () => {
    const initrd = new Uint8Array(0x2d0_9ccf - 0x2c9_0000);
    expect(loadIntoTree(bytes, { initrd, bootargs }, layoutOf(initrd.length, null))).to.equal(bytes);
  });

  it('says what else was loaded: initrd, command line and blob', () => {
    const load = { initrd: new Uint8Array(0x1_0001), bootargs: 'ro', esmBlob: new Uint8Array(5) };
    const layout = layoutOf(0x1_0001, 5);
    expect(layout).to.include({ initrd: 0x2c9_0000n, esmBlob: 0x2cb_0000n, fdt: 0x2cc_0000n });
    const tree = readFdt(loadIntoTree(bytes, load, layout));
    expect(asU32(findProperty(tree, '/chosen', 'linux,esm-blob-end'))).to.equal(0x2cb_0005);
    expect(describeTree(loadIntoTree(bytes, load, layout)).bootargs).to.equal('ro');
    expect(findNode(tree, '/pci')).to.not.equal(undefined);
  });

  it('that is packed and damaged is refused', () => {
    expect(() => unpackTree(Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3))).to.throw(/packed with gzip and cannot be unpacked/);
  });
});
