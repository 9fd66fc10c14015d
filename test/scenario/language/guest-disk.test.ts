import { expect } from 'chai';
import { parseScenario, runScenario, type ScenarioError } from '../../../src/scenario/index.ts';

const FILE = 'fixtures/scenarios/disks/here.yaml';
const scenario = (guest: string, unlock = 'do: unlock'): string => `include: _base.yaml
guests:
  - name: vm
    ${guest}
steps:
  - do: boot
  - do: start
  - do: enter-secure-mode
  - ${unlock}
`;
const luks = (fields: string, slot = 'passphrase: { attachment: rootd }'): string => `disk: { luks: { keySlots: [{ ${slot} }]${fields} } }`;

const problemsOf = async (text: string): Promise<readonly string[]> => {
  const error = await parseScenario(text, FILE).then(
    () => undefined,
    (reason: ScenarioError) => reason,
  );
  return error?.problems.map(({ line, what }) => `${line}: ${what}`) ?? [];
};

describe('a disk in a scenario', () => {
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['an attachment that is not there', luks('', 'passphrase: { attachment: rootdd }'), /attaches no "rootdd"/],
    ['an empty passphrase', luks('', 'passphrase: { hex: "" }'), /keySlots\[0\]\.passphrase: is empty/],
    ['a cipher that nobody knows', luks(', cipher: rot13'), /cipher "rot13"/],
    ['a key that does not fit', luks(', keySize: 128'), /16 bytes does not fit/],
    ['a key size that is none', luks(', keySize: 500'), /"500" is not allowed here/],
    ['a version that is none', luks(', version: 3'), /"3" is not allowed here/],
    ['a misspelt field', luks('').replace('keySlots', 'keyslots'), /no field "keyslots" here/],
    ['neither image nor description', 'disk: { overwrite: [] }', /what disk\?/],
    [
      'image and description',
      luks('').replace('luks:', 'image: ../../observed/luks/luks1-pbkdf2.img, luks:'),
      /both an image and a description/,
    ],
    ['Argon2 in LUKS1', luks(', version: 1', 'passphrase: { text: x }, kdf: { type: argon2id }'), /LUKS1 has pbkdf2 only/],
    ['too little memory', luks('', 'passphrase: { text: x }, kdf: { type: argon2id, memory: 1 KiB }'), /1 KiB cannot be had/],
    ['a label that is too long', luks(', fileSystem: { type: xfs, label: 0123456789abc }'), /label: xfs has room for 12 bytes/],
    ['a file system that is too large', luks(', fileSystem: { type: xfs, size: 1 TiB }'), /at most 256 MiB/],
    ['file system and payload', luks(', fileSystem: { type: xfs }, payload: ../first-boot.yaml'), /keep one of them/],
    ['a kind of file system that is not known', luks(', fileSystem: { type: ntfs }'), /"ntfs" is not allowed here/],
    ['an offset that is none', `${luks('').slice(0, -2)}, overwrite: [{ at: x, hex: "00" }] }`, /./],
    ['no disk at all', 'lpid: 1', /guest "vm" has no disk/],
    ['an image that is not there', 'disk: { image: none.img }', /none\.img: there is no such file/],
  ];
  for (const [what, guest, told] of wrong) {
    it(`${what} is told before anything runs`, async () => {
      const problems = await problemsOf(scenario(guest));
      expect(problems.join('\n')).to.match(told);
    });
  }

  it('a strand that unlocks what is not there is told as well', async () => {
    const strand = 'do: parallel\n    strands: [[{ do: unlock }], [{ do: get-file, file: rootd }]]';
    expect((await problemsOf(scenario('lpid: 1', strand))).join()).to.match(/guest "vm" has no disk/);
  });

  it('an attachment of a finished blob cannot be the passphrase', async () => {
    const text = `include: ../real-chain.yaml\nguests:\n  - name: vm
    lpid: 1
    memory: 512 MiB
    kernel: ../../observed/esm/02-three-recipients/vmlinux
    initrd: ../../observed/esm/02-three-recipients/initrd.img
    bootargs: x
    esm: { blob: ../../observed/esm/02-three-recipients/esm_blob.dtb }
    ${luks('')}\n`;
    expect((await problemsOf(text)).join()).to.match(/what is attached to it is not known here/);
  });

  it('an unlock that opens nothing fails unless the scenario expects it', async () => {
    const report = await runScenario(await parseScenario(scenario(luks('', 'passphrase: { text: other }')), FILE));
    expect(report.ok).to.equal(false);
    expect(report.steps.at(-1)?.why?.sentence).to.match(/no key slot opens with this passphrase/);
  });

  it('is the same disk for the same seed, whether progress is shown or not', async () => {
    const text = scenario(luks(', fileSystem: { type: ext4 }', 'passphrase: { attachment: rootd }, kdf: { type: argon2id }'));
    const stages: string[] = [];
    const run = async (seed: number, watched: boolean) => {
      const made = await parseScenario(text.replace('include', `seed: ${seed}\ninclude`), FILE);
      const events: string[] = [];
      const { steps } = await runScenario(made, {
        onEvent: ({ kind, data }) =>
          void events.push(JSON.stringify([kind, data], (_, value) => (typeof value === 'bigint' ? `${value}` : value))),
        ...(watched ? { onUnlock: ({ stage }) => void stages.push(stage) } : {}),
      });
      const { disk } = steps.at(-1)?.outcome ?? {};
      return { payload: disk?.opened && disk.payloadSha256, events: events.join('\n') };
    };
    const [one, again, other] = [await run(1, false), await run(1, true), await run(2, false)];
    expect(stages).to.deep.equal(['deriving', 'merging', 'opened']);
    expect(one).to.deep.equal(again);
    expect(one.payload).to.be.a('string').and.not.equal(other.payload);
  });
});
