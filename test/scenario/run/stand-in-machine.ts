import { createHash } from 'node:crypto';
import { Halt } from '../../../src/hcall/index.ts';
import type { CreateMachine, GuestPlan, GuestPort, GuestState } from '../../../src/scenario/index.ts';
import type { World } from '../../../src/sim/index.ts';

export interface StandIn {
  /** The check that refuses, if the guest is to be refused. */
  readonly refuse?: 'digest-kernel';
  /** The host stops in UV_ESM. */
  readonly stop?: string;
  /** The hypervisor is shown the wrapping key's password. */
  readonly leak?: boolean;
  /** A reboot loses the wrapping key. */
  readonly forgetful?: boolean;
  /** What files hold. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

/** Stands in for the machine where only the runner is looked at: it records what a machine would, and obeys. */
export function standIn({ refuse, stop, leak, forgetful, files = {} }: StandIn = {}): CreateMachine {
  return async (world, hosts) => {
    let boots = 0;
    const password = (): void => {
      boots++;
      const bytes = createHash('sha256').update(`password ${boots}`).digest().subarray(0, 16);
      world.secrets.register('wrapping-key-passwd', bytes, ['firmware', 'ultravisor', 'tpm']);
      if (!leak) return;
      const sights = [{ what: 'in_buffer', bytes: Buffer.concat([Buffer.alloc(20), bytes]), seenBy: ['hypervisor'] as const }];
      world.bus.emit('note', 'hypervisor', { text: 'a careless message' }, { sights });
    };
    const host = {
      boot: async () => password(),
      reboot: async () => password(),
      wrappingKeyPem: () => '-----BEGIN PUBLIC KEY-----\n',
      wrappingKeyName: () => Uint8Array.of(0, 0x0b, forgetful ? boots : 1),
      createGuest: (plan: GuestPlan): GuestPort => guest(world, plan),
    };
    const known = new Map(hosts.map(({ name }) => [name, host]));
    return { host: name => known.get(name) ?? host, close: async () => {} };
  };

  function guest(world: World, plan: GuestPlan): GuestPort {
    let state: GuestState = 'created';
    const number = 0xf110;
    return {
      get state() {
        return state;
      },
      start: async () => {
        state = 'running';
      },
      enterSecureMode: async () => {
        const cause = world.bus.emit('ultracall.call', 'guest', { number, name: 'UV_ESM', issuer: 'guest', args: {} });
        return world.bus.within(cause, async () => {
          if (stop) throw new Halt('host', stop);
          if (!refuse) {
            state = 'secure';
            return { secure: true, pc: 0x40_0000n, r3: 0n, r4: 0n, r5: 0n };
          }
          state = 'failed';
          world.bus.emit('tpm.response', 'tpm', {
            name: 'TPM2_RSA_Decrypt',
            code: 0x159,
            via: 'space 1',
            rc: 0x1c4,
            rcName: 'TPM_RC_VALUE',
          });
          world.bus.emit('check', 'ultravisor', {
            name: refuse,
            ok: false,
            detail: `${plan.name}'s kernel is not the one that was measured`,
            source: 'docs/reference/pef.md#digests',
          });
          world.bus.emit('hcall.return', 'hypervisor', {
            number: 0xef14,
            name: 'H_SVM_INIT_ABORT',
            outcome: 'returns',
            r3: -4n,
            r3Name: 'H_PARAMETER',
            out: {},
          });
          world.bus.emit('ultracall.return', 'ultravisor', {
            number,
            name: 'UV_ESM',
            outcome: 'returns',
            r3: -11n,
            r3Name: 'U_PERMISSION',
            out: {},
          });
          return { secure: false, r3: -11n, r3Name: 'U_PERMISSION' };
        });
      },
      getFile: async name => {
        const bytes = files[name];
        return bytes ? { ok: true, bytes, calls: 1 } : { ok: false, r3: -4n, r3Name: 'U_PARAMETER' };
      },
      reboot: async () => {
        state = 'running';
      },
      terminate: async () => {
        state = 'terminated';
      },
    };
  }
}
