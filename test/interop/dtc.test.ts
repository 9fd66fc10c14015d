import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { utf8 } from '../../src/bytes/index.ts';
import { Random } from '../../src/sim/index.ts';
import {
  addSubnode,
  buildFdt,
  deleteNode,
  deleteProperty,
  emptyFdt,
  type Fdt,
  fdtNode,
  filesFdt,
  readFdt,
  setProperty,
  text,
  walk,
  writeEsmBlob,
  writeFdt,
} from '../../src/svm/format/index.ts';
import { makeBlob } from '../../src/svm/owner/index.ts';
import { recorded } from '../svm/vectors.ts';

const missing = ['dtc', 'fdtput'].filter(tool => spawnSync(tool, ['--version']).error);

describe('device trees made here, for dtc and libfdt', () => {
  let folder: string;
  before(function () {
    if (missing.length > 0) {
      console.log(`      skipped: ${missing.join(' and ')} not installed (apt-get install device-tree-compiler)`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-dtc-'));
  });
  after(() => folder && rmSync(folder, { recursive: true }));

  const run = (tool: string, ...args: string[]): Buffer => {
    const { status, stdout, stderr } = spawnSync(tool, args, { cwd: folder });
    expect(status, `${tool} ${args.join(' ')}: ${stderr.toString()}`).to.equal(0);
    return stdout;
  };

  it('dtc reads an ESM blob and its inner tree, and what it compiles from its own text has the same nodes', async () => {
    const { privateKey } = recorded('02-three-recipients');
    const origin = await privateKey('origin.key');
    const recipients = [{ key: await privateKey('tpm1.pem'), comment: 'one "quoted"' }];
    const digest = { kernel: utf8('k'), initrd: utf8('i'), bootargs: 'ro' };
    const blob = makeBlob({ origin, recipients, digest, files: [{ name: 'rootd', bytes: utf8('x') }] }, new Random(1));
    const inner = filesFdt(blob.tree);
    if (!inner) throw new Error('a file was attached');
    for (const bytes of [writeEsmBlob(blob), inner]) {
      writeFileSync(join(folder, 'a.dtb'), bytes);
      writeFileSync(join(folder, 'a.dts'), run('dtc', '-q', '-I', 'dtb', '-O', 'dts', 'a.dtb'));
      expect(meaning(readFdt(run('dtc', '-q', '-I', 'dts', '-O', 'dtb', 'a.dts')))).to.deep.equal(meaning(readFdt(bytes)));
    }
  });

  it('dtc writes a tree from its text byte for byte as our builder does', () => {
    writeFileSync(
      join(folder, 'b.dts'),
      '/dts-v1/; /memreserve/ 0x10000 0x2000; / { #address-cells = <2>; model = "x"; chosen { bootargs = "ro"; on; }; cpu@8 { reg = <8>; model = "y"; }; };',
    );
    const nodes = [fdtNode('chosen', { bootargs: 'ro', on: true }), fdtNode('cpu@8', { reg: 8, model: 'y' })];
    const ours = buildFdt({ '#address-cells': 2, model: 'x' }, nodes, { reservations: [{ address: 0x1_0000n, size: 0x2000n }] });
    expect(Buffer.from(writeFdt(ours)).toString('hex')).to.equal(
      run('dtc', '-q', '-I', 'dts', '-O', 'dtb', '-b', '0', 'b.dts').toString('hex'),
    );
  });

  const name = fc.constantFrom('a', 'b', 'ba', 'cba', 'size', 'kernel-size');
  const edits = fc.array(
    fc.tuple(fc.constantFrom('add', 'set', 'set', 'delete', 'remove'), fc.nat(20), name, fc.constantFrom('', 'v', 'longer value')),
    { maxLength: 12 },
  );

  it('edits give the bytes that libfdt gives (fdtput)', () =>
    fc.assert(
      fc.property(edits, list => {
        const file = 'c.dtb';
        let tree = emptyFdt();
        writeFileSync(join(folder, file), writeFdt(tree, 4096));
        for (const [kind, at, key, value] of list) {
          const paths = [...walk(tree.root)].map(({ path }) => path);
          const path = paths[at % paths.length] ?? '/';
          const node = [...walk(tree.root)].find(seen => seen.path === path)?.node;
          const below = path === '/' ? `/${key}` : `${path}/${key}`;
          if (kind === 'set') {
            tree = setProperty(tree, path, key, text(value));
            run('fdtput', '-t', 's', file, path, key, value);
          } else if (kind === 'add' && !paths.includes(below)) {
            tree = addSubnode(tree, path, key);
            run('fdtput', '-c', file, below);
          } else if (kind === 'remove' && path !== '/') {
            tree = deleteNode(tree, path);
            run('fdtput', '-r', file, path);
          } else if (kind === 'delete' && node?.properties.some(property => property.name === key)) {
            tree = deleteProperty(tree, path, key);
            run('fdtput', '-d', file, path, key);
          }
        }
        const theirs = readFdt(new Uint8Array(readFileSync(join(folder, file))));
        expect(Buffer.from(writeFdt(withoutPadding(theirs))).toString('hex')).to.equal(Buffer.from(writeFdt(tree)).toString('hex'));
      }),
      { numRuns: 60 },
    )).timeout(120_000);
});

/** Nodes and properties with their values, without where the strings lie. */
const meaning = ({ root }: Fdt) =>
  [...walk(root)].map(({ path, node }) => [
    path,
    ...node.properties.map(({ name, value }) => `${name}=${Buffer.from(value).toString('hex')}`),
  ]);

/** libfdt leaves old bytes behind a value; everything else must be the same. */
function withoutPadding(tree: Fdt): Fdt {
  const clean = (node: Fdt['root']): Fdt['root'] => ({
    name: node.name,
    properties: node.properties.map(({ name, value, nameOffset }) => ({
      name,
      value,
      ...(nameOffset === undefined ? {} : { nameOffset }),
    })),
    children: node.children.map(clean),
  });
  return { ...tree, root: clean(tree.root) };
}
