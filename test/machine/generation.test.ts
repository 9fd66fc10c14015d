import { expect } from 'chai';
import {
  chooseGeneration,
  DEFAULT_GENERATION,
  GENERATION_NAMES,
  observedGeneration,
  PROGRAM_NAMES,
  PROGRAMS,
  parseGeneration,
} from '../../src/machine/index.ts';
import type { Version } from '../../src/sim/index.ts';

describe('a generation', () => {
  it('is the base unless something else is chosen, and the base differs in nothing from itself', () => {
    const base = chooseGeneration();
    expect(base.name).to.equal(DEFAULT_GENERATION);
    for (const program of PROGRAM_NAMES) expect((base[program] as Version<unknown>).differences).to.deep.equal([]);
  });

  it('takes single programs over the others of its base', () => {
    const { libtpms, qemu, linux, name } = chooseGeneration(parseGeneration('sid,libtpms=0.10.2,profile=default-v1,qemu=7.2', 'here'));
    expect([libtpms.profile, qemu.version, linux.version]).to.deep.equal(['default-v1', '7.2', '7.2']);
    expect(name).to.equal('sid with libtpms 0.10.2, qemu 7.2, profile default-v1');
  });

  it('that nobody recorded does what the next older version does that was', () => {
    expect(chooseGeneration('debian13').qemu.version).to.equal('7.2');
    expect(observedGeneration({ linux: '6.19' }).linux.version).to.equal('6.12');
    expect(observedGeneration({ linux: '5.10' }).linux.version).to.equal('6.1');
  });

  it('is made of differences with a name of their own, and each says where it can be read and what shows it', () => {
    expect(GENERATION_NAMES).to.contain(DEFAULT_GENERATION);
    for (const program of PROGRAM_NAMES) {
      for (const { differences } of PROGRAMS[program] as readonly Version<unknown>[]) {
        const names = differences.map(({ name }) => name);
        expect(new Set(names).size, program).to.equal(names.length);
        for (const { name, source, shownBy, set } of differences) {
          expect(name).to.match(/^[a-z0-9.-]+$/);
          expect([source, shownBy].every(text => text.length > 10)).to.equal(true);
          expect(Object.keys(set)).to.have.length.above(0);
        }
      }
    }
  });
});
