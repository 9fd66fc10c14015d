import type { Invariant, Watcher } from './invariant.ts';
import { NoLeak, type NoLeakState, showLeak } from './leak-search.ts';

/** No secret is visible to the hypervisor: registers, buffers, normal memory, TPM traffic. */
export const noLeak: Invariant = {
  name: 'no-leak',
  about: 'no secret is visible to the hypervisor',
  create({ world, machine }): Watcher {
    const search = new NoLeak();
    for (const host of machine.hosts) {
      host.memory.onNormalWrite = (ra, bytes, by) => {
        if (by !== 'hypervisor') search.see(world.bus.snapshot() - 1, `normal memory at 0x${ra.toString(16)}`, bytes);
      };
    }
    return {
      watch: event => search.watch(event),
      breaches: () => search.leaks(world.secrets.all).map(leak => ({ text: showLeak(leak), event: leak.event })),
      leaks: () => search.leaks(world.secrets.all),
      held: () => `none of ${world.secrets.all.length} secrets was visible to the hypervisor`,
      snapshot: () => search.snapshot(),
      restore: (state: NoLeakState) => search.restore(state),
    };
  },
};
