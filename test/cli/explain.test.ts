import { expect } from 'chai';
import { meaningsOf } from '../../src/cli/explain/explain-codes.ts';
import { hcalls } from '../../src/hcall/index.ts';
import { H, U } from '../../src/spec/index.ts';
import { ultracalls } from '../../src/ultravisor/index.ts';
import { svmSim } from './stand-in-io.ts';

const names = (code: string): readonly string[] => meaningsOf(code).map(({ name }) => name);

describe('svm-sim explain', () => {
  it('explains a name, with what each call means by it', async () => {
    const { status, out } = await svmSim('explain', 'H_P5');
    expect(status).to.equal(0);
    expect(out).to.contain('H_P5 (-58), from a hypercall: parameter 5 is not valid\n  H_TPM_COMM  out_size < 4096\n');
  });

  it('lists every meaning of a number, however it is written', () => {
    for (const code of ['-58', '0xffffffffffffffc6', '-0x3a']) expect(names(code), code).to.deep.equal(['H_P5', 'U_P5']);
    expect(names('0')).to.deep.equal(['H_SUCCESS', 'U_SUCCESS', 'TPM_RC_SUCCESS']);
    expect(names('0x1C4')).to.deep.equal(['TPM_RC_VALUE, parameter 1']);
    expect(names('0x98e')).to.deep.equal(['TPM_RC_AUTH_FAIL, session 1']);
  });

  it('takes a negative number from the command line', async () => {
    expect((await svmSim('explain', '-58')).out).to.contain('-58 has 2 meanings');
    expect((await svmSim('explain', '-4', 'u_p3')).out).to.contain('U_P3 (-56)');
  });

  it('says of a code without a published number that it has none', () => {
    expect(meaningsOf('U_NO_KEY')[0]).to.include({ number: 'no published number' });
    expect(() => meaningsOf(String(U.NO_KEY))).to.throw(/no hypercall/);
  });

  it("explains the codes of the TPM software stack's layers, by number and by name", () => {
    for (const [code, name] of [
      ['0xa000a', 'TSS2_TCTI_RC_IO_ERROR'],
      ['0x70018', 'TSS2_ESYS_RC_BAD_TR'],
      ['0x0007001b', 'TSS2_ESYS_RC_RSP_AUTH_FAILED'],
      ['524295', 'TSS2_SYS_RC_BAD_SEQUENCE'],
    ] as const) {
      expect(names(code), code).to.deep.equal([name]);
      expect(meaningsOf(name)).to.deep.equal(meaningsOf(code));
    }
    // The kernel's resource manager has the TPM's codes under its layer.
    expect(names('0xb0143')).to.deep.equal(['TPM_RC_COMMAND_CODE']);
  });

  it('names the nearest code when there is none', async () => {
    const said = await svmSim('explain', 'TPM_RC_VALU');
    expect(said).to.include({ status: 2, out: '' });
    expect(said.err).to.contain('Did you mean "TPM_RC_VALUE"?');
  });

  it('knows every code that a call declares', () => {
    for (const { name, returns } of [...hcalls.values(), ...ultracalls.values()]) {
      for (const code of Object.keys(returns))
        expect(
          meaningsOf(code)[0]?.calls.map(({ call }) => call),
          code,
        ).to.include(name);
    }
    for (const key of Object.keys(H)) expect(names(`H_${key}`)).to.deep.equal([`H_${key}`]);
  });
});
