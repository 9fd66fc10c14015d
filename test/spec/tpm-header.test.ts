import { expect } from 'chai';
import { fromHex } from '../../src/bytes/index.ts';
import { codeOf, hasTpmHeader, rcOf, sizeOf, TPM_HEADER_BYTES, tagOf, withTpmHeader } from '../../src/spec/index.ts';

const GET_RANDOM = fromHex('8001 0000000c 0000017b 0020'.replaceAll(' ', ''));

describe('the TPM header', () => {
  it('is read where Part 1 §18 has it', () => {
    expect([tagOf(GET_RANDOM), sizeOf(GET_RANDOM), codeOf(GET_RANDOM)]).to.deep.equal([0x8001, 12, 0x17b]);
    expect(rcOf(fromHex('80010000000a00000922'))).to.equal(0x922);
  });

  it('is read of a part of a larger buffer', () => {
    const buffer = new Uint8Array(40).fill(0xff);
    buffer.set(GET_RANDOM, 7);
    const packet = buffer.subarray(7, 7 + GET_RANDOM.length);
    expect([tagOf(packet), sizeOf(packet), codeOf(packet), rcOf(packet)]).to.deep.equal([0x8001, 12, 0x17b, 0x17b]);
  });

  it('is ten bytes: one less is no header', () => {
    expect(hasTpmHeader(GET_RANDOM.subarray(0, TPM_HEADER_BYTES))).to.equal(true);
    expect(hasTpmHeader(GET_RANDOM.subarray(0, TPM_HEADER_BYTES - 1))).to.equal(false);
  });

  it('is put before a body with the size of both', () => {
    expect(withTpmHeader(0x8001, 0x17b, fromHex('0020'))).to.deep.equal(GET_RANDOM);
    expect(withTpmHeader(0x8001, 0x922)).to.deep.equal(fromHex('80010000000a00000922'));
  });
});
