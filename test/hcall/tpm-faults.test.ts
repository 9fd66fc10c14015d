import { expect } from 'chai';
import { fromHex } from '../../src/bytes/index.ts';
import { H } from '../../src/spec/index.ts';
import { type Backend, BackendError, type BackendFault, embeddedBackend, HostDevices, TpmChip } from '../../src/tpmrm/index.ts';
import { startedTpm } from '../tpm/help.ts';
import { GET_RANDOM, machine } from './machine.ts';

const COMMAND_AT = 0x40_0000n;
const ANSWER_AT = 0x50_0000n;

/** A guest whose hypercalls go through proxy, resource manager and a TPM that does what `when` says. */
function guest() {
  const when: { fault: BackendFault | 'short' | null } = { fault: null };
  const tpm = embeddedBackend(startedTpm());
  const backend: Backend = {
    ...tpm,
    async transmit(command) {
      if (when.fault === 'short') return (await tpm.transmit(command)).slice(0, -1);
      if (when.fault) throw new BackendError(when.fault, 'as the test wants it');
      return tpm.transmit(command);
    },
  };
  const host = machine({ files: ({ clock, bus }) => new HostDevices(new TpmChip({ backend, clock, bus })) });
  const notes: string[] = [];
  host.world.bus.listen(event => event.kind === 'note' && notes.push(event.data.text));
  host.guest.write(COMMAND_AT, fromHex(GET_RANDOM), 'guest');
  return { ...host, when, notes };
}

describe('a guest whose TPM fails', () => {
  for (const [fault, what, errno] of [
    ['dead', 'dies', 32],
    ['timeout', 'hangs', 62],
    ['garbage', 'answers garbage', 5],
    ['short', 'answers less than it says', 14],
  ] as const) {
    it(`because it ${what} gets H_RESOURCE, the record says why, and the next call works when the TPM does`, async () => {
      const { execute, when, notes, guest: partition } = guest();
      expect(await execute()).to.equal(H.SUCCESS);
      when.fault = fault;
      partition.write(ANSWER_AT, new Uint8Array(20), 'guest');
      expect(await execute()).to.equal(H.RESOURCE);
      expect(partition.read(ANSWER_AT, 20, 'guest'), 'nothing is written').to.deep.equal(new Uint8Array(20));
      if (fault !== 'short') expect(notes).to.include(`The TPM behind the resource manager failed (${fault}): as the test wants it`);
      expect(notes).to.include(`QEMU's stderr: failed to write to TPM device /dev/tpmrm0: ${errno}`);
      when.fault = null;
      expect(await execute()).to.equal(H.SUCCESS);
      expect(partition.read(ANSWER_AT, 12, 'guest')).to.deep.equal(fromHex('800100000014000000000008'));
    });
  }

  it('from the start: the device cannot be opened, later it can', async () => {
    const { execute, when, notes } = guest();
    when.fault = 'dead';
    expect(await execute()).to.equal(H.RESOURCE);
    expect(notes.join('\n')).to.contain('failed to open TPM device /dev/tpmrm0');
    when.fault = null;
    expect(await execute()).to.equal(H.SUCCESS);
  });
});
