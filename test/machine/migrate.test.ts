import { expect } from 'chai';
import { plugMemory } from '../../src/hcall/index.ts';
import { Guest, Machine, migrateGuest } from '../../src/machine/index.ts';
import { createWorld } from '../../src/sim/index.ts';
import { recordedGuest } from '../helpers/machine.ts';

describe('a guest that moves', () => {
  it('takes memory along that was plugged in later, with what lies there', async () => {
    const spec = { tpm: 'embedded', profile: 'documented' };
    const machine = await Machine.create(createWorld('migrate'), [
      { ...spec, name: 'here' },
      { ...spec, name: 'there' },
    ]);
    const [here, there] = [machine.host('here'), machine.host('there')];
    const guest = here.createGuest(recordedGuest());
    await guest.start();
    const slot = { slotid: 3, gpa: 1n << 32n, bytes: 1n << 24n };
    expect(await plugMemory(here.hypervisor, guest.partition, slot)).to.equal(true);
    const bytes = Uint8Array.of(1, 2, 3, 4);
    guest.partition.write(slot.gpa + 5n, bytes, 'guest');
    const moved = await migrateGuest(guest, here, there);
    if (!(moved instanceof Guest)) throw new Error(moved.refused);
    expect(moved.partition.slotAt(slot.gpa)).to.deep.equal(slot);
    expect(moved.partition.read(slot.gpa + 5n, 4, 'guest')).to.deep.equal(bytes);
    expect(moved.partition.hasRam(slot.gpa + slot.bytes)).to.equal(false);
    await machine.close();
  });
});
