import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { InterceptedHypercall } from '../../../src/hcall/index.ts';
import { callAction } from '../../../src/scenario/adversary/action.ts';
import type { Scene } from '../../../src/scenario/adversary/scene.ts';
import { canary, TestBench } from '../../helpers/machine.ts';

const FOLDER = new URL('../../../src/scenario/adversary/', import.meta.url);
/** Who may meet the machine itself: one file makes what a hypervisor has of it, one what is betrayed. */
const AT_THE_BOUNDARY = ['betrayal.ts', 'host-reach.ts'];

/** What an action may not be able to write. A line that compiles is a hole: the type checker then complains of its comment. */
const holes = {
  ofScene({ reach, guest, intercepted, betrayed }: Scene): void {
    // @ts-expect-error the machine
    void reach.machine;
    // @ts-expect-error the Ultravisor
    void reach.ultravisor;
    // @ts-expect-error the register of secrets
    void reach.world;
    // @ts-expect-error real memory, secure and normal
    void reach.memory;
    // @ts-expect-error the guest's memory as another actor sees it
    void guest?.memory.read(0n, 1, 'ultravisor');
    // @ts-expect-error the partition, and with it real memory
    void intercepted?.partition;
    // @ts-expect-error nothing is betrayed to an action that does not ask
    void betrayed['wrapping-key-passwd'];
  },
  ofAction: () => [
    callAction({
      name: 'asks',
      about: '',
      at: ['hypercall'],
      fields: {},
      betrayed: ['wrapping-key-passwd'],
      variants: () => [],
      before: (_plan, _fields, { betrayed }) => void betrayed['wrapping-key-passwd'],
    }),
    callAction({
      name: 'does not ask',
      about: '',
      at: ['hypercall'],
      fields: {},
      variants: () => [],
      // @ts-expect-error it did not ask
      before: (_plan, _fields, { betrayed }) => void betrayed['wrapping-key-passwd'],
    }),
  ],
};

describe("The adversary's boundary", () => {
  it('is crossed in two files: no other meets a host, a guest or the Ultravisor', () => {
    const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
    expect(files).to.have.length.above(30);
    const meets = files.filter(file => {
      const text = readFileSync(new URL(file.replaceAll('\\', '/'), FOLDER), 'utf8');
      return (
        /from '[./]+\/machine\/index\.ts'/.test(text) ||
        /\b(RealMemory|Partition|Hypervisor|Ultravisor|SecretRegister)\b.*from '/.test(text)
      );
    });
    expect(meets.sort()).to.deep.equal(AT_THE_BOUNDARY);
  });

  it('is one of types: what is betrayed is asked for by name', () => {
    expect(holes.ofAction().map(({ betrayed }) => betrayed)).to.deep.equal([['wrapping-key-passwd'], undefined]);
  });

  it('a frame in secure memory is out of reach: what is read there is not what the SVM has', async () => {
    const bench = await TestBench.create();
    let memory: InterceptedHypercall['memory'] | undefined;
    bench.adversary.onHypercall = async call => {
      memory ??= call.memory;
      return null;
    };
    expect(await bench.guest.enterSecureMode()).to.include({ secure: true });
    const secret = canary(7);
    await bench.guest.write(0x0300_0000n, secret);
    expect(memory?.holds(0x0300_0000n)).to.equal(false);
    expect(memory?.read(0x0300_0000n, secret.length)).not.to.deep.equal(secret);
    expect(Object.keys(memory ?? {}), 'nothing behind it').to.deep.equal([]);
  });
});
