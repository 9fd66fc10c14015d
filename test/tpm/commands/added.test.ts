import { expect } from 'chai';
import { Clock, Random } from '../../../src/sim/index.ts';
import { ENCRYPT } from '../../../src/tpm/client/index.ts';
import { table } from '../../../src/tpm/command.ts';
import * as book from '../../../src/tpm/commands/index.ts';
import { TPM2_GetCapability, TPM2_Startup, Tpm } from '../../../src/tpm/index.ts';
import { TPM_CAP, TPM_CC, TPM_SU } from '../../../src/tpm/wire/index.ts';
import { clientOf, must, outcome } from '../help.ts';
import * as fieldUpgrade from './27-field-upgrade.ts';

const { TPM2_FirmwareRead } = fieldUpgrade;

/** A started TPM with these chapters. */
async function tpmWith(...chapters: readonly Readonly<Record<string, unknown>>[]) {
  const client = clientOf(new Tpm({ random: new Random(1), clock: new Clock(), commands: table(chapters) }));
  must(await client.call(TPM2_Startup, {}, { startupType: TPM_SU.CLEAR }));
  const commandsTold = async () => {
    const asked = { capability: TPM_CAP.COMMANDS, property: TPM_CC.FirmwareRead, propertyCount: 1 };
    const { capabilityData } = must(await client.call(TPM2_GetCapability, {}, asked)).out;
    return capabilityData.capability === TPM_CAP.COMMANDS ? capabilityData.data.map(word => word & 0xffff) : [];
  };
  return { client, commandsTold };
}

describe('a command that is added', () => {
  it('is answered, refused and listed by its record alone', async () => {
    const { client, commandsTold } = await tpmWith(book, fieldUpgrade);
    expect(must(await client.call(TPM2_FirmwareRead, {}, { sequenceNumber: 0 })).out.fuData).to.have.length(1024);
    expect(must(await client.call(TPM2_FirmwareRead, {}, { sequenceNumber: 1 })).out.fuData).to.have.length(476);
    expect(must(await client.call(TPM2_FirmwareRead, {}, { sequenceNumber: 2 })).out.fuData).to.have.length(0);
    expect(outcome(await client.call(TPM2_FirmwareRead, {}, { sequenceNumber: 3 }))).to.match(/^TPM_RC_VALUE, parameter 1/);
    expect(await commandsTold()).to.deep.equal([TPM_CC.FirmwareRead]);
  });

  it('may have its answer encrypted by a session, as any whose first result is a TPM2B', async () => {
    const { client } = await tpmWith(book, fieldUpgrade);
    const opened = await client.startSession({ kind: 'hmac' });
    if (!opened.ok) throw new Error(opened.detail);
    const sessions = [{ session: opened.session, authValue: new Uint8Array(0), attributes: ENCRYPT }];
    const { fuData } = must(await client.call(TPM2_FirmwareRead, {}, { sequenceNumber: 1 }, { sessions })).out;
    expect(new Set(fuData)).to.deep.equal(new Set([0xf1]));
  });

  it('is unknown to a TPM without its chapter', async () => {
    const { client, commandsTold } = await tpmWith(book);
    expect(outcome(await client.call(TPM2_FirmwareRead, {}, { sequenceNumber: 0 }))).to.match(/^TPM_RC_COMMAND_CODE/);
    expect(await commandsTold()).to.not.include(TPM_CC.FirmwareRead);
  });

  it('must have a code of its own, and its authorized handles first', () => {
    const again = { TPM2_Again: { ...TPM2_FirmwareRead, name: 'TPM2_Again' } };
    expect(() => table([fieldUpgrade, again])).to.throw('TPM2_Again and TPM2_FirmwareRead both have code 0x179');
    const { authHandle, nvIndex } = book.TPM2_NV_Read.handles;
    const turned = { TPM2_Turned: { ...TPM2_FirmwareRead, handles: { nvIndex, authHandle } } };
    expect(() => table([turned])).to.throw('handles that are authorized come first');
  });
});
