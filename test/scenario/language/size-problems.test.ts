import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { parseScenario, ScenarioError } from '../../../src/scenario/index.ts';

const ESM = resolve('fixtures/observed/esm/01-minimal');

describe('Sizes, which a scenario is checked for before it runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-sizes-'));
  after(() => rmSync(folder, { recursive: true }));

  /** A file with a hole: large, and on no disk. */
  function large(name: string, bytes: number): string {
    const file = join(folder, name);
    const fd = openSync(file, 'w');
    writeSync(fd, 'x');
    ftruncateSync(fd, bytes);
    closeSync(fd);
    return file;
  }

  function small(name: string, bytes: Uint8Array): string {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    return file;
  }

  async function problems(guest: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const fields = { lpid: '1', memory: '64 MiB', kernel: `${ESM}/kernel.bin`, initrd: `${ESM}/initrd.img`, bootargs: 'quiet', ...guest };
    const lines = Object.entries(fields).map(([name, value]) => `    ${name}: ${value}\n`);
    const text = `version: 1\nguests:\n  - name: vm\n${lines.join('')}steps: [{ do: boot }, { do: start }]\n`;
    const error: unknown = await parseScenario(text, join(folder, 's.yaml')).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) return [];
    if (!(error instanceof ScenarioError)) throw error;
    return error.problems.map(({ line, what }) => `${line}: ${what}`);
  }

  it('are right as they are', async () => expect(await problems({})).to.deep.equal([]));

  for (const [about, guest, problem] of [
    [
      'a kernel beyond memory',
      () => ({ kernel: large('kernel', 5 * 2 ** 30) }),
      '6: the kernel has 5368709120 bytes, and the guest 67108864 bytes of memory',
    ],
    [
      'an initrd beyond memory',
      () => ({ initrd: large('initrd', 9 * 2 ** 30) }),
      '7: the initrd has 9663676416 bytes, and the guest 67108864 bytes of memory',
    ],
    [
      'an initrd over RTAS',
      () => ({ initrd: large('rtas', 0x1fc8000) }),
      /^7: the initrd would reach from 0x2030000 to 0x3ff8000, over RTAS, which lies at 0x3ff0000$/,
    ],
    [
      'memory that ends below the kernel',
      () => ({ memory: '32 MiB' }),
      /^6: the kernel would reach from 0x2000000 to 0x\w+, and the guest's memory ends at 0x2000000$/,
    ],
    [
      'an attachment over its limit',
      () => ({
        esm: `{ recipe: { recipients: [{ host: host }], attachments: [{ name: a, contents: { file: ${large('attachment', 3 * 2 ** 30)} } }] } }`,
      }),
      '9: the attachment "a" has 3221225472 bytes, and an ESM blob takes 65535 of one',
    ],
    ['a kernel that is empty', () => ({ kernel: small('empty', new Uint8Array(0)) }), '6: the kernel is empty'],
    ['a kernel in gzip', () => ({ kernel: small('gz', Uint8Array.of(0x1f, 0x8b, 8, 0, 1)) }), '6: the kernel is compressed with gzip'],
    [
      'half a vmlinux',
      () => ({ kernel: small('half', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 2, 1)) }),
      /^6: the kernel is no vmlinux that can be loaded: /,
    ],
  ] as const) {
    it(`${about}: with its line and both numbers`, async () => {
      const [first, ...more] = await problems(guest());
      expect(more).to.deep.equal([]);
      if (typeof problem === 'string') expect(first).to.equal(problem);
      else expect(first).to.match(problem);
    });
  }
});
