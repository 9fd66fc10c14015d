import { expect } from 'chai';
import { H } from '../../src/hcall/index.ts';
import { deleteNode, readFdt, setProperty, writeFdt } from '../../src/svm/format/index.ts';
import { showU, uName } from '../../src/ultravisor/index.ts';
import { answering, refusedBy, runningGuest, type Scene } from './secure-guest.ts';

const INIT_START = 0xef08;
const INIT_DONE = 0xef0c;
const PAGE_IN = 0xef00;
const TPM_COMM = 0xef10;

/** Tries to enter secure mode; the code in r3 by name, and the check that refused. */
async function attempt({ guest, events }: Scene): Promise<{ r3: string; by: string | undefined }> {
  const outcome = await guest.enterSecureMode();
  if ('never' in outcome) return { r3: outcome.never, by: refusedBy(events) };
  return { r3: outcome.secure ? 'secure' : outcome.r3Name, by: refusedBy(events) };
}

/** The guest's tree in memory, changed. */
function editTree({ guest }: Scene, edit: (tree: ReturnType<typeof readFdt>) => ReturnType<typeof readFdt>): void {
  const bytes = guest.partition.read(guest.layout.fdt, 0x1_0000, 'guest');
  guest.partition.write(guest.layout.fdt, writeFdt(edit(readFdt(bytes))), 'guest');
}

function flip({ guest }: Scene, gpa: bigint): void {
  const [byte = 0] = guest.partition.read(gpa, 1, 'hypervisor');
  guest.partition.write(gpa, Uint8Array.of(byte ^ 1), 'hypervisor');
}

describe('UV_ESM on the real input of svm-tool', () => {
  for (const profile of ['documented', 'published', 'hardened'] as const) {
    it(`makes the guest secure under ${profile}, at its kernel's base with the tree in r3`, async () => {
      const { guest } = await runningGuest(profile);
      const outcome = await guest.enterSecureMode();
      expect(outcome).to.deep.equal({ secure: true, pc: guest.layout.kernel, r3: guest.layout.fdt, r4: guest.layout.kernel, r5: 0n });
      const file = await guest.getFile('rootd');
      expect('ok' in file && file.ok && Buffer.from(file.bytes).length).to.equal(44);
    });
  }

  it('leaves no secret where the hypervisor can read it', async () => {
    const { machine, guest } = await runningGuest();
    await guest.enterSecureMode();
    await guest.getFile('rootd');
    const seen = Buffer.concat([...machine.host('host').memory.normalPages()].map(([, page]) => page));
    for (const { name, bytes } of machine.world.secrets.all) expect(seen.includes(Buffer.from(bytes)), name).to.equal(false);
  });

  it('gives all secure memory back when the VM ends', async () => {
    const { machine, guest } = await runningGuest();
    const { memory } = machine.host('host');
    const before = memory.securePagesLeft;
    await guest.enterSecureMode();
    expect(memory.securePagesLeft).to.be.below(before);
    await guest.terminate();
    expect(memory.securePagesLeft).to.equal(before);
  });
});

describe('UV_ESM refuses, and says why (pef.md e.9)', () => {
  const cases: readonly {
    readonly name: string;
    readonly documented: string;
    readonly by: string;
    readonly arrange: (scene: Scene) => void;
  }[] = [
    {
      name: 'the hypervisor refuses H_SVM_INIT_START',
      documented: 'U_FUNCTION',
      by: 'init-start',
      arrange: s => intercept(s, INIT_START, H.AUTHORITY),
    },
    {
      name: 'the hypervisor refuses H_SVM_INIT_DONE',
      documented: 'U_FUNCTION',
      by: 'init-done',
      arrange: s => intercept(s, INIT_DONE, H.STATE),
    },
    {
      name: 'the hypervisor gives no page of the tree',
      documented: 'U_P2',
      by: 'page-in',
      arrange: s => intercept(s, PAGE_IN, H.PARAMETER),
    },
    { name: 'the device tree is no tree', documented: 'U_P2', by: 'device-tree', arrange: s => flip(s, s.guest.layout.fdt) },
    {
      name: 'the device tree has no /chosen',
      documented: 'U_P2',
      by: 'device-tree',
      arrange: s => editTree(s, tree => deleteNode(tree, '/chosen')),
    },
    {
      name: 'memory does not begin at 0',
      documented: 'U_P2',
      by: 'device-tree',
      arrange: s => editTree(s, tree => setProperty(tree, '/memory@0', 'reg', new Uint8Array(16).fill(1))),
    },
    { name: 'the ESM blob is damaged', documented: 'U_NO_KEY', by: 'esm-blob', arrange: s => flip(s, s.guest.layout.esmBlob ?? 0n) },
    { name: 'the machine has no spapr-tpm-proxy', documented: 'U_NO_KEY', by: 'tpm', arrange: s => intercept(s, TPM_COMM, H.FUNCTION) },
    { name: 'the TPM cannot be reached', documented: 'U_NO_KEY', by: 'tpm', arrange: s => intercept(s, TPM_COMM, H.RESOURCE) },
    {
      name: 'the kernel is another',
      documented: 'U_PERMISSION',
      by: 'digest-kernel',
      arrange: s => flip(s, s.guest.layout.kernel + 1000n),
    },
    { name: 'the initrd is another', documented: 'U_PERMISSION', by: 'digest-initrd', arrange: s => flip(s, s.guest.layout.initrd + 7n) },
    { name: 'the RTAS code is another', documented: 'U_PERMISSION', by: 'digest-rtas', arrange: s => flip(s, s.guest.layout.rtas) },
    {
      name: 'the command line is longer by a byte',
      documented: 'U_PERMISSION',
      by: 'digest-bootargs',
      arrange: s => editTree(s, tree => setProperty(tree, '/chosen', 'bootargs', Buffer.from(`${s.guest.spec.bootargs} \0`))),
    },
  ];

  function intercept({ machine }: Scene, number: number, r3: number): void {
    machine.host('host').hypervisor.interceptor = answering(number, async (_times, honest) => {
      if (number === INIT_START) await honest(); // KVM sets its flag before it refuses
      return { r3 };
    });
  }

  for (const { name, documented, by, arrange } of cases) {
    it(`${name}: ${documented} by ${by}; published: H_PARAMETER of the hypervisor`, async () => {
      const scene = await runningGuest('documented');
      arrange(scene);
      expect(await attempt(scene)).to.deep.equal({ r3: documented, by });
      expect(scene.guest.state).to.equal('failed');
      expect(scene.machine.host('host').ultravisor.svm(1), 'the Ultravisor forgot the VM').to.equal(undefined);
      const published = await runningGuest('published');
      arrange(published);
      const { r3 } = await attempt(published);
      expect(r3).to.be.oneOf(['H_PARAMETER', 'U_PARAMETER']); // one number, -4
    });
  }

  it('the response of RSA_Decrypt was changed: response-hmac', async () => {
    const scene = await runningGuest();
    const { hypervisor } = scene.machine.host('host');
    const { partition } = scene.guest;
    hypervisor.interceptor = {
      async hypercall({ number, args }, honest) {
        const result = await honest(args);
        if (number === BigInt(TPM_COMM) && args.in_size === 353n) {
          const at = (args.out_buffer ?? 0n) + 20n;
          const [byte = 0] = partition.read(at, 1, 'hypervisor');
          partition.write(at, Uint8Array.of(byte ^ 0x80), 'hypervisor');
        }
        return result;
      },
      ultracall: (_number, args, honest) => honest(args),
      beforeReturn: async () => {},
    };
    expect(await attempt(scene)).to.deep.equal({ r3: 'U_NO_KEY', by: 'response-hmac' });
  });

  it('an answer of more than 4096 bytes stops the whole machine', async () => {
    const scene = await runningGuest();
    scene.machine.host('host').hypervisor.interceptor = answering(TPM_COMM, async () => ({ r3: 0, out: { size: 4097n } }));
    expect(await scene.guest.enterSecureMode()).to.deep.include({ scope: 'host' });
  });

  it('the saved session was dropped: documented fails until the next boot, then works again', async () => {
    const scene = await runningGuest('documented');
    const { ultravisor } = scene.machine.host('host');
    if (ultravisor.tpm) ultravisor.tpm.session = null;
    expect(await attempt(scene)).to.deep.equal({ r3: 'U_NO_KEY', by: 'session' });
    await scene.machine.host('host').reboot();
    expect(ultravisor.tpm?.session).to.not.equal(null);
  });

  it('published tries lockbox-1 alone, documented the one of its own key', async () => {
    const published = await runningGuest('published', {}, '03-three-attachments-svm-add');
    expect((await attempt(published)).by).to.equal('tpm'); // another machine's lockbox-1: the TPM cannot open it
    const documented = await runningGuest('documented', {}, '03-three-attachments-svm-add');
    expect((await attempt(documented)).by).to.equal('lockbox');
  });
});

describe('UV_ESM checks its arguments first (pef.md e.2)', () => {
  async function call(profile: 'documented' | 'published', kbase: bigint, fdt: bigint): Promise<string | undefined> {
    const { machine, guest } = await runningGuest(profile);
    const vcpu = guest.bootVcpu;
    vcpu.set(3, 0xf110);
    vcpu.set(4, kbase);
    vcpu.set(5, fdt);
    await machine.host('host').ultravisor.ultracall(vcpu);
    return uName(vcpu.get(3));
  }

  it('kbase 0, fdt 0: U_P2 and U_P3 in the code, U_PARAMETER and U_P2 in the document', async () => {
    expect([await call('published', 0n, 1n), await call('published', 1n, 0n)]).to.deep.equal(['U_P2', 'U_P3']);
    expect([await call('documented', 0n, 1n), await call('documented', 1n, 0n)]).to.deep.equal(['U_PARAMETER', 'U_P2']);
  });

  it('a VM that is secure already: U_RETRY in the code, U_SUCCESS in the document', async () => {
    for (const [profile, code] of [
      ['published', 'U_RETRY'],
      ['documented', 'U_SUCCESS'],
    ] as const) {
      const { guest } = await runningGuest(profile);
      await guest.enterSecureMode();
      const again = await guest.enterSecureMode();
      expect('r3Name' in again && again.r3Name).to.equal(code);
    }
  });

  it('names without a published number say so', () => {
    expect(showU(-0x5f02)).to.equal('U_NO_KEY (no published number)');
  });
});
