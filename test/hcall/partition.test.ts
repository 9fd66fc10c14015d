import { expect } from 'chai';
import { MSR, Vcpu } from '../../src/hcall/index.ts';
import { s64, u64 } from '../../src/spec/index.ts';
import { machine } from './machine.ts';

describe('a vCPU', () => {
  it('holds 64 bits in a register', () => {
    const vcpu = new Vcpu(0, 1);
    vcpu.set(3, -4);
    expect(vcpu.get(3)).to.equal(0xffff_ffff_ffff_fffcn);
    expect(s64(vcpu.get(3))).to.equal(-4n);
    vcpu.set(4, (1n << 64n) + 5n);
    expect(vcpu.get(4)).to.equal(5n);
    expect(u64(-1)).to.equal(2n ** 64n - 1n);
  });

  it('starts in its partition, in supervisor state', () => {
    const vcpu = new Vcpu(2, 7);
    expect([vcpu.id, vcpu.regs.lpidr]).to.deep.equal([2, 7n]);
    expect(vcpu.has(MSR.PR) || vcpu.has(MSR.HV) || vcpu.has(MSR.S)).to.equal(false);
  });

  it('numbers the bits of the MSR from the left', () => {
    expect([MSR.SF, MSR.S, MSR.PR, MSR.LE]).to.deep.equal([1n << 63n, 1n << 22n, 1n << 14n, 1n]);
  });

  it('gives registers as a copy, and takes them as one', () => {
    const vcpu = new Vcpu(0, 1);
    const saved = vcpu.saved();
    vcpu.set(5, 1);
    expect(saved.gpr[5]).to.equal(0n);
    vcpu.load(saved);
    saved.gpr[5] = 9n;
    expect(vcpu.get(5)).to.equal(0n);
  });
});

describe('a partition', () => {
  it('has the vCPUs it asked for, in its lpid', () => {
    const { hypervisor } = machine();
    const guest = hypervisor.createGuest({ lpid: 9, ramBytes: 1n << 20n, vcpus: 4 });
    expect(guest.vcpus.map(({ id, regs }) => [id, regs.lpidr])).to.deep.equal([0, 1, 2, 3].map(id => [id, 9n]));
    expect(hypervisor.partition(9n)).to.equal(guest);
    expect(() => hypervisor.partition(10)).to.throw('no partition has lpid 10');
  });

  it('has one memory slot, of all its RAM', () => {
    const { guest } = machine();
    expect(guest.state.slots).to.deep.equal([{ slotid: 0, gpa: 0n, bytes: 512n << 20n }]);
    expect([guest.hasRam(0n), guest.hasRam((512n << 20n) - 1n), guest.hasRam(512n << 20n)]).to.deep.equal([true, true, false]);
  });

  it('notes frames that are not in the common state, and only those', () => {
    const { guest } = machine();
    guest.setGfnState(5n, 'secure');
    expect([guest.gfnState(5n), guest.gfnState(6n)]).to.deep.equal(['secure', 'normal']);
    guest.setGfnState(5n, 'normal');
    expect(guest.state.gfnStates.size).to.equal(0);
    guest.state.untouched = 'secure';
    expect(guest.gfnState(5n)).to.equal('secure');
  });

  it('goes back to a snapshot with registers and frames', () => {
    const { guest, vcpu, memory } = machine();
    vcpu.set(9, 77);
    guest.setGfnState(1n, 'shared');
    guest.write(0n, Uint8Array.of(1), 'guest');
    const [pages, state] = [memory.snapshot(), structuredClone(guest.snapshot())];
    vcpu.set(9, 78);
    guest.setGfnState(1n, 'normal');
    guest.dropFrame(0n);
    memory.restore(pages);
    guest.restore(state);
    expect(guest.vcpus[0]?.get(9)).to.equal(77n);
    expect(guest.gfnState(1n)).to.equal('shared');
    expect(guest.read(0n, 1, 'guest')).to.deep.equal(Uint8Array.of(1));
  });

  it('keeps its memory over a machine reset, not its registers', async () => {
    const { guest, hypervisor, vcpu } = machine();
    guest.write(0n, Uint8Array.of(5), 'guest');
    vcpu.set(20, 5);
    await hypervisor.resetGuest(guest);
    expect(guest.read(0n, 1, 'guest')).to.deep.equal(Uint8Array.of(5));
    expect(vcpu.get(20)).to.equal(0n);
  });
});
