import { expect } from 'chai';
import { fromHex, toHex } from '../../src/bytes/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import { commands, lastingChange, Tpm } from '../../src/tpm/index.ts';
import { embeddedBackend, readOnly } from '../../src/tpmrm/index.ts';

const word = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
const PASSWORD = '00000009400000090000000000';
const packet = (code: number, body = '', sessions = false): Uint8Array =>
  fromHex(`${sessions ? '8002' : '8001'}${word(10 + body.length / 2)}${word(code)}${body}`);

const LOOKING = {
  TPM2_GetCapability: packet(0x17a, '000000010100000000000010'),
  'TPM2_ReadPublic of the wrapping key': packet(0x173, '81800001'),
  TPM2_PCR_Read: packet(0x17e, '00000001000b03000001'),
  TPM2_GetRandom: packet(0x17b, '0008'),
  'TPM2_CreatePrimary, which is gone when its user is': packet(0x131, `40000001${PASSWORD}`, true),
  TPM2_StartAuthSession: packet(0x176, '4000000740000007'),
  'TPM2_NV_Read by the owner': packet(0x14e, `4000000101c00002${PASSWORD}00080000`, true),
  'what is no command at all': Uint8Array.of(0x80, 1),
};
const CHANGING = {
  TPM2_Clear: [packet(0x126, `4000000a${PASSWORD}`, true), 'TPM2_Clear may write its non-volatile memory'],
  TPM2_EvictControl: [packet(0x120, '4000000180000000'), 'may write its non-volatile memory'],
  TPM2_PCR_Extend: [packet(0x182, '00000000'), 'may write its non-volatile memory'],
  TPM2_NV_Write: [packet(0x137, '01c0000201c00002'), 'may write its non-volatile memory'],
  'TPM2_RSA_Decrypt with a persistent key': [packet(0x159, `81800001${PASSWORD}`, true), 'dictionary attack lockout'],
  'TPM2_NV_Read by the value of the Index': [packet(0x14e, `01c0000201c00002${PASSWORD}`, true), 'dictionary attack lockout'],
  'a command of the vendor': [packet(0x2000_0001), 'command 0x20000001 is not known here'],
} as const;

describe('a hardware TPM without leave to change it', () => {
  for (const [what, command] of Object.entries(LOOKING)) {
    it(`takes ${what}`, () => expect(lastingChange(command)).to.equal(null));
  }
  for (const [what, [command, why]] of Object.entries(CHANGING)) {
    it(`does not get ${what}`, () => expect(lastingChange(command)).to.contain(why));
  }

  it('gets no command whose record says that it may write NV memory', () => {
    for (const { code, nv } of commands.values()) {
      if (nv) expect(lastingChange(packet(code)), word(code)).to.be.a('string');
    }
  });

  it('says TPM_RC_DISABLED from in front of the TPM, and is as it was', async () => {
    const tpm = new Tpm({ random: new Random('read only'), clock: new Clock() });
    tpm.execute(packet(0x144, '0000'));
    const refused: string[] = [];
    const backend = readOnly(embeddedBackend(tpm), lastingChange, why => refused.push(why));
    const before = tpm.snapshot();
    expect(toHex(await backend.transmit(packet(0x182, `00000010${PASSWORD}00000001000b${'ab'.repeat(32)}`, true)))).to.equal(
      '80010000000a000b0120',
    );
    expect(tpm.snapshot()).to.deep.equal(before);
    expect(refused).to.deep.equal(['TPM2_PCR_Extend may write its non-volatile memory']);
    expect(await backend.transmit(LOOKING.TPM2_GetRandom)).to.have.length(20);
    expect(backend.reset, 'nobody switches it off and on').to.equal(undefined);
  });
});
