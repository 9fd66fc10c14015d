import { createHash, createHmac } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { finishHash, finishHmac, startHash, startHmac, updateHash } from '../../../src/tpm/model/crypto/running-hash.ts';
import { HASHES } from '../../../src/tpm/wire/index.ts';

describe('hashes with their state in reach', () => {
  for (const { id, name } of HASHES) {
    it(`${name}, in pieces, is OpenSSL's`, () =>
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), fc.uint8Array({ maxLength: 200 }), (pieces, key) => {
          const hash = createHash(name);
          const mac = createHmac(name, key);
          let state = startHash(id);
          let macState = startHmac(id, key);
          for (const piece of pieces) {
            hash.update(piece);
            mac.update(piece);
            state = updateHash(id, state, piece);
            macState = updateHash(id, macState, piece);
          }
          expect(Buffer.from(finishHash(id, state)).toString('hex')).to.equal(hash.digest('hex'));
          expect(Buffer.from(finishHmac(id, key, macState)).toString('hex')).to.equal(mac.digest('hex'));
        }),
        { numRuns: 50 },
      ));
  }
});
