import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  ACCESS,
  CAUSE,
  MAPPING,
  MESSAGE_LIMIT,
  MESSAGES,
  PHASE,
  PROTOCOL_MAGIC,
  PROTOCOL_VERSION,
  REFUSAL,
  TELL,
} from '../../src/own-firmware/protocol.ts';

const header = readFileSync('native/svm-sim.h', 'utf8');
const constants = new Map(
  [...header.matchAll(/SVMSIM_([A-Z_]+) = (0x[0-9a-f]+|\d+)/g)].map(([, name = '', value]) => [name, Number(value)]),
);

describe('native/svm-sim.h says what src/own-firmware/protocol.ts declares', () => {
  it('messages', () => {
    for (const [name, { type }] of Object.entries(MESSAGES)) expect(constants.get(name), name).to.equal(type);
  });

  for (const [prefix, values] of Object.entries({ CAUSE, ACCESS, MAPPING, PHASE, TELL, REFUSAL })) {
    it(prefix.toLowerCase(), () => {
      for (const [name, value] of Object.entries(values)) expect(constants.get(`${prefix}_${name}`), name).to.equal(value);
    });
  }

  it('no constant more', () => {
    const groups = [CAUSE, ACCESS, MAPPING, PHASE, TELL, REFUSAL].reduce((sum, group) => sum + Object.keys(group).length, 0);
    expect(constants.size).to.equal(Object.keys(MESSAGES).length + groups);
  });

  it('version, magic, limit', () => {
    expect(header).to.contain(`#define SVMSIM_VERSION ${PROTOCOL_VERSION}\n`);
    expect(header).to.contain(`#define SVMSIM_MAGIC 0x${PROTOCOL_MAGIC.toString(16)}u\n`);
    expect(MESSAGE_LIMIT).to.equal(1 << 20);
    expect(header).to.contain('#define SVMSIM_MESSAGE_LIMIT (1u << 20)\n');
  });
});
