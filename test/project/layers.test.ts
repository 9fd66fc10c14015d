import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { type House, houseFrom, inspect, ROOT } from '../../scripts/layers.ts';

const TABLE = `
| room | owns | does not own |
| --- | --- | --- |
| \`bytes/\` | all | |
| \`sim/\` | time | |
| \`tpm/wire/\` | structures | |
| \`svm/format/\` | formats | |
| \`tpm/\` | commands | |
| \`hcall/\` | calls | |
| \`ultravisor/\` | calls | |
| \`svm/\` | the guest | |
| \`scenario/\` | runs | |
| \`trace/\` | shows | |
| \`cli/\` | prints | |

\`scenario/\` and \`trace/\` ignore each other.

| within \`ultravisor/\` | owns |
| --- | --- |
| \`core/\` | state |
| \`calls/\` | calls |
`;
const NOTHING = { files: 0, rooms: 0, imports: 0 };

describe('the check of the rooms', () => {
  let root: string;
  const house: House = houseFrom(TABLE);

  /** Lays out a tree with an index in every room, and says what is wrong with it. */
  const faultsOf = (files: Readonly<Record<string, string>>): readonly string[] => {
    const indices = house.rooms.map(room => [`${room}/index.ts`, 'export const here = 1;'] as const);
    for (const [path, text] of [...indices, ...Object.entries(files)]) {
      mkdirSync(dirname(join(root, 'src', path)), { recursive: true });
      writeFileSync(join(root, 'src', path), text);
    }
    return inspect(root, house, NOTHING).errors;
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'layers-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('reads the rooms and their order from the table', () => {
    expect(house.rooms).to.deep.equal('bytes sim tpm/wire svm/format tpm hcall ultravisor svm scenario trace cli'.split(' '));
    expect(house.strangers).to.deep.equal([['scenario', 'trace']]);
  });

  it('reads the real document, and the real tree is in order', () => {
    const real = houseFrom(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'));
    expect(real.rooms).to.include.members(['bytes', 'tpm/wire', 'svm/format', 'machine', 'cli']).and.to.have.length.of.at.least(15);
    expect(real.strangers).to.deep.equal([['scenario', 'trace']]);
  });

  it('lets a room use those before it, through their index, and the library use all', () => {
    expect(
      faultsOf({
        'hcall/a.ts': "import { here } from '../bytes/index.ts';\nimport './b.ts';\nimport { here as tpm } from '../tpm/index.ts';",
        'hcall/b.ts': "export * from '../tpm/wire/index.ts';\nimport { x } from 'node:crypto';",
        'tpm/client/index.ts': "import '../../tpm/wire/index.ts';",
        'ultravisor/a.ts': "import '../tpm/client/index.ts';",
        'svm/owner/make.ts': "import '../guest.ts';\nimport '../format/index.ts';",
        'svm/guest.ts': '',
        'index.ts': "export * from './scenario/index.ts';\nexport * from './trace/index.ts';",
      }),
    ).to.deep.equal([]);
  });

  it('refuses a later folder of the same room, and one that no table has', () => {
    expect(
      faultsOf({
        'ultravisor/core/x.ts': "import '../calls/y.ts';",
        'ultravisor/calls/y.ts': "import '../core/z.ts';\nimport '../other/w.ts';",
        'ultravisor/core/z.ts': '',
        'ultravisor/other/w.ts': '',
      }),
    ).to.deep.equal([
      'src/ultravisor/calls/y.ts:2: ultravisor/other stands in no table of docs/architecture.md',
      'src/ultravisor/core/x.ts:1: ultravisor/core may not import ultravisor/calls',
    ]);
  });

  for (const [what, path, text, fault] of [
    ['a later room', 'hcall/x.ts', "\nimport { a } from '../ultravisor/index.ts';", '2: room hcall may not import ultravisor'],
    ['a type of a later room', 'hcall/x.ts', "import type { A } from '../svm/index.ts';", '1: room hcall may not import svm'],
    ['an import type', 'hcall/x.ts', "type A = import('../svm/index.ts').A;", '1: room hcall may not import svm'],
    ['a re-export', 'bytes/x.ts', "export * as s from '../sim/index.ts';", '1: room bytes may not import sim'],
    ['a dynamic import', 'bytes/x.ts', "\n\nconst s = await import('../sim/index.ts');", '3: room bytes may not import sim'],
    ['a worker', 'bytes/x.ts', "new URL('../sim/index.ts', import.meta.url)", '1: room bytes may not import sim'],
    ['an outer room, from a room within it', 'tpm/wire/x.ts', "import '../index.ts';", '1: room tpm/wire may not import tpm'],
    ['the stranger', 'trace/x.ts', "import '../scenario/index.ts';", '1: room trace may not import scenario'],
    ['many lines', 'bytes/x.ts', "import {\n  a as b,\n  type C,\n} from '../sim/index.ts';", '1: room bytes may not import sim'],
    [
      'an import within a template',
      'bytes/x.ts',
      "const t = `a ${`${1}` + (await import('../sim/index.ts'))} b`;",
      '1: room bytes may not import sim',
    ],
    [
      'code after a regular expression',
      'bytes/x.ts',
      "const q = /['\"/*`]/;\nimport '../sim/index.ts';",
      '2: room bytes may not import sim',
    ],
    [
      'a side entrance',
      'hcall/x.ts',
      "import '../bytes/hex.ts';",
      '1: outsiders enter room bytes through bytes/index.ts, not bytes/hex.ts',
    ],
    ['the entry', 'cli/x.ts', "import '../index.ts';", '1: nobody imports src/index.ts'],
    ['a missing file', 'hcall/x.ts', "import './y.ts';", '1: ./y.ts is no file of src/'],
    ['what lies outside', 'cli/x.ts', "import '../../test/y.ts';", '1: ../../test/y.ts leaves src/'],
    ['a computed path', 'cli/x.ts', 'await import(name);', '1: a computed import hides from this check: import a literal path'],
    ['a folder that is no room', 'attic/x.ts', '', '1: lies in no room of docs/architecture.md'],
    ['printing', 'hcall/x.ts', "console.log('x');", '1: only cli/ prints or exits: console'],
    ['exiting', 'scenario/x.ts', 'if (a) process.exit(1);', '1: only cli/ prints or exits: process.exit'],
    ['exiting by name', 'scenario/x.ts', "import { exit } from 'node:process';", '1: only cli/ prints or exits: exit of node:process'],
    ['chance', 'tpm/x.ts', 'const a = Math.random();', '1: chance and time come from World, not from Math.random'],
    [
      'unseeded bytes',
      'tpm/x.ts',
      "import { randomBytes } from 'node:crypto';",
      '1: chance and time come from World, not from randomBytes',
    ],
    [
      'unseeded keys',
      'tpm/x.ts',
      "import * as c from 'node:crypto';\nc.generateKeyPairSync()",
      '2: chance and time come from World, not from generateKeyPairSync',
    ],
    ['the time', 'trace/x.ts', 'const at = new Date();', '1: chance and time come from World, not from new Date'],
    ['the time, globally', 'trace/x.ts', 'globalThis.performance.now();', '1: chance and time come from World, not from performance.now'],
  ] as const) {
    it(`refuses ${what}`, () => {
      const files = path === 'hcall/x.ts' ? { 'bytes/hex.ts': '', [path]: text } : { [path]: text };
      expect(faultsOf(files)).to.deep.equal([`src/${path}:${fault}`]);
    });
  }

  it('is not misled by comments, strings, members and names', () => {
    const text = [
      "// import '../sim/index.ts'; console.log(Math.random())",
      "/* import('../sim/index.ts') */ const s = \"import '../sim/index.ts'\";",
      "const t = `import '../sim/index.ts' \\` ${'console.log()'} new Date()`;",
      'world.random.randomBytes(4); trace.console.log(); const console1 = 1; a.import(b); const half = a / 2 / b;',
      'export const from = 1; export { s, t }; export type { T }; interface T { console: 1; now(): Date }',
      "const u = new URL('../../fixtures/x.json', import.meta.url); const k = { import: 1, export: 2 };",
    ].join('\n');
    expect(faultsOf({ 'bytes/x.ts': text })).to.deep.equal([]);
  });

  it('lets cli print and sim count real time', () => {
    expect(faultsOf({ 'cli/x.ts': 'console.log(Date.now()); process.exitCode = 1;', 'sim/x.ts': 'performance.now();' })).to.deep.equal([]);
  });

  it('finds circles, those through types, re-exports and indices too, and no others', () => {
    faultsOf({
      'bytes/a.ts': "import type { B } from './b.ts';\nimport './alone.ts';",
      'bytes/b.ts': "export * from './c.ts';",
      'bytes/c.ts': "import { a } from './a.ts';\nimport './alone.ts';",
      'bytes/d.ts': "import './a.ts';",
      'bytes/alone.ts': '',
      'tpm/index.ts': "export * from './x.ts';",
      'tpm/x.ts': "type T = import('./index.ts').T;",
      'tpm/self.ts': "import './self.ts';",
    });
    const { circles } = inspect(root, house, NOTHING);
    expect(circles).to.have.deep.members([['bytes/a.ts', 'bytes/b.ts', 'bytes/c.ts'], ['tpm/index.ts', 'tpm/x.ts'], ['tpm/self.ts']]);
  });

  it('finds a circle reached first from within, behind a way back into it', () => {
    faultsOf({
      'bytes/a.ts': "import './b.ts';\nimport './d.ts';",
      'bytes/b.ts': "import './c.ts';",
      'bytes/c.ts': "import './b.ts';",
      'bytes/d.ts': "import './b.ts';\nimport './a.ts';",
    });
    expect(inspect(root, house, NOTHING).circles).to.have.deep.members([
      ['bytes/a.ts', 'bytes/d.ts'],
      ['bytes/b.ts', 'bytes/c.ts'],
    ]);
  });

  it('says which file it cannot read', () => {
    expect(() => faultsOf({ 'bytes/a.ts': 'const = ;' })).to.throw('bytes/a.ts: cannot be parsed');
  });

  it('fails when it saw too little', () => {
    faultsOf({});
    const [error] = inspect(root, house, { files: 60, rooms: 0, imports: 0 }).errors;
    expect(error).to.equal('src: saw 11 files, expected at least 60: a check that sees nothing proves nothing');
  });
});
