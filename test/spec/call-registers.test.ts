import { expect } from 'chai';
import { callResults, H_TPM_COMM, loadCall, makeCall, UV_RETURN, UV_SHARE_PAGE } from '../../src/spec/index.ts';

/** Registers that say which of them were set. */
class Registers {
  readonly set32 = new Map<number, bigint>();
  get(n: number): bigint {
    return this.set32.get(n) ?? 0n;
  }
  set(n: number, value: bigint | number): void {
    this.set32.set(n, BigInt.asUintN(64, BigInt(value)));
  }
}

describe('a call by its signature', () => {
  it('puts the number into r3 and each argument where its name stands, in whatever order they are given', () => {
    const vcpu = new Registers();
    loadCall(vcpu, H_TPM_COMM, { out_size: 4096, out_buffer: 0x3_0000n, in_size: 12, in_buffer: 0x2_0000n, op: 1 });
    const loaded = [...vcpu.set32].sort(([one], [other]) => one - other);
    expect(loaded).to.deep.equal([
      [3, 0xef10n],
      [4, 1n],
      [5, 0x2_0000n],
      [6, 12n],
      [7, 0x3_0000n],
      [8, 4096n],
    ]);
  });

  it('uses registers that are no neighbours', () => {
    const vcpu = new Registers();
    loadCall(vcpu, UV_RETURN, { result: 7, synthesized: 8, cookie: 9 });
    expect([0, 2, 3, 31].map(n => vcpu.get(n))).to.deep.equal([7n, 8n, 0xf11cn, 9n]);
    expect(vcpu.set32.size).to.equal(4);
  });

  it('gives r3 as a signed number, and outputs by their names', () => {
    const vcpu = new Registers();
    vcpu.set(3, -58);
    vcpu.set(4, 117);
    expect(callResults(vcpu, H_TPM_COMM)).to.deep.equal({ r3: -58n, out: { size: 117n } });
  });

  it('goes through the door between loading and reading', async () => {
    const vcpu = new Registers();
    const results = await makeCall(vcpu, UV_SHARE_PAGE, { gfn: 5, num: 2 }, async () => {
      expect([3, 4, 5].map(n => vcpu.get(n))).to.deep.equal([0xf130n, 5n, 2n]);
      vcpu.set(3, 0);
    });
    expect(results).to.deep.equal({ r3: 0n, out: {} });
  });
});
