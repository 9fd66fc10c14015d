import { expect } from 'chai';
import fc from 'fast-check';
import { type AnyCodec, DecodeError, decode, encode, fromHex } from '../../src/bytes/index.ts';
import * as wire from '../../src/tpm/wire/index.ts';
import { explainRc, rcOfName, responseCodes, TPM_RC, TPML_PCR_SELECTION } from '../../src/tpm/wire/index.ts';
import { valuesOf } from '../helpers/values-of.ts';

const isCodec = (entry: unknown): entry is AnyCodec => typeof entry === 'object' && entry !== null && 'shape' in entry && 'read' in entry;
const structures = Object.entries(wire).filter((entry): entry is [string, AnyCodec] => isCodec(entry[1]));

describe('TPM 2.0 structures', () => {
  it('are many', () => expect(structures.length).to.be.greaterThan(100));

  for (const [name, codec] of structures) {
    it(`${name} gives back the value it was given, and its bytes`, () => {
      fc.assert(
        fc.property(valuesOf(codec), value => {
          const bytes = encode(codec, value);
          const back = decode(codec, bytes);
          expect(back).to.deep.equal(value);
          expect(encode(codec, back)).to.deep.equal(bytes);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('refuse garbage with a typed error only', () => {
    fc.assert(
      fc.property(fc.constantFrom(...structures), fc.uint8Array({ maxLength: 80 }), ([, codec], bytes) => {
        try {
          decode(codec, bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('name the field and byte where decoding stops', () => {
    const unknownBank = fromHex('00000001' + 'ffff' + '03000001');
    expect(() => decode(TPML_PCR_SELECTION, unknownBank))
      .to.throw(DecodeError)
      .that.includes({ fault: 'hash', path: '[0].hash', offset: 4 });
  });
});

describe('explainRc', () => {
  const cases: [number, string][] = [
    [0, 'TPM_RC_SUCCESS (0x000)'],
    [0x1c4, 'TPM_RC_VALUE, parameter 1 (0x1c4)'],
    [0x28b, 'TPM_RC_HANDLE, handle 2 (0x28b)'],
    [0x98e, 'TPM_RC_AUTH_FAIL, session 1 (0x98e)'],
    [0x921, 'TPM_RC_LOCKOUT (0x921)'],
    [0x084, 'TPM_RC_VALUE (0x084)'],
    [0xb0143, 'TPM_RC_COMMAND_CODE from the resource manager (0xb0143)'],
    [0x13f, 'unknown (0x13f)'],
  ];
  for (const [rc, text] of cases) it(`${rc.toString(16)} is ${text}`, () => expect(explainRc(rc).text).to.equal(text));

  it('has a name and a meaning for every code of the table', () => {
    for (const { name, rc, meaning } of responseCodes) {
      expect(rcOfName(`TPM_RC_${name}`)).to.equal(rc);
      expect(TPM_RC[name as keyof typeof TPM_RC]).to.equal(rc);
      expect(explainRc(rc).meaning).to.equal(meaning);
    }
    expect(new Set(responseCodes.map(({ rc }) => rc)).size).to.equal(responseCodes.length);
  });
});
