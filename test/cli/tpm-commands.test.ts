import { expect } from 'chai';
import { runCli } from '../../src/cli/program.ts';

async function run(...argv: string[]): Promise<{ status: number; out: string }> {
  const said: string[] = [];
  const io = {
    out: (text: string) => said.push(text),
    err: () => {},
    colors: false,
    errColors: false,
    columns: 80,
    signal: new AbortController().signal,
  };
  return { status: await runCli(argv, io), out: said.join('') };
}

describe('svm-sim tpm commands', () => {
  it('lists what is there with its clause, and what is not', async () => {
    const { status, out } = await run('tpm', 'commands');
    expect(status).to.equal(0);
    expect(out).to.match(/0x15d {2}TPM2_Sign +Part 3 §20\.2\n/);
    expect(out).to.match(/TPM2_AC_Send +not there: TPM_RC_COMMAND_CODE\n/);
  });

  it('as JSON, one object a command', async () => {
    const { out } = await run('tpm', 'commands', '--json', '--filter', 'VerifySignature');
    expect(JSON.parse(out)).to.deep.equal({ code: 0x177, name: 'TPM2_VerifySignature', implemented: true, spec: 'Part 3 §20.1' });
  });
});
