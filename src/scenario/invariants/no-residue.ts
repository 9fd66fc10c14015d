import type { Breach, Invariant, Watcher } from './invariant.ts';

const hasRecord = (phase: string): boolean => phase !== 'none' && phase !== 'unknown';

/** Nothing of an SVM is left after it was terminated: no record, no secure page, no session in the TPM. */
export const noResidue: Invariant = {
  name: 'no-residue',
  about: 'nothing of an SVM is left in secure memory or in the TPM after it was terminated',
  create({ world, machine }): Watcher {
    let found: Breach[] = [];
    let ended = 0;
    /** SVMs that the Ultravisor was told to forget. A hypervisor that never tells it has an SVM that lives on. */
    let told: string[] = [];
    const add = (text: string): void => {
      if (!found.some(breach => breach.text === text)) found.push({ text, event: world.bus.snapshot() - 1 });
    };
    return {
      watch(event) {
        if (event.kind !== 'ultracall.call' && event.kind !== 'state') return;
        const key = (lpid: bigint | number | undefined): string => `${event.host} ${lpid}`;
        if (event.kind === 'ultracall.call' && event.data.name === 'UV_SVM_TERMINATE') told.push(key(event.data.args.lpid));
        if (event.kind === 'state' && event.data.of === 'svm' && event.data.to === 'ACTIVE')
          told = told.filter(one => one !== key(event.lpid));
      },
      async afterStep() {
        for (const host of machine.hosts) {
          const living = host.guests.filter(({ state }) => state === 'secure' || state === 'running' || state === 'created');
          for (const { name, state, spec } of host.guests) {
            if (state !== 'terminated') continue;
            ended++;
            if (told.includes(`${host.name} ${spec.lpid}`) && hasRecord(await host.secureWorld.phaseOf(spec.lpid)))
              add(`the Ultravisor still has a record of ${name}, which was terminated`);
            if (host.hypervisor.proxies.get(spec.lpid)?.isOpen) add(`the TPM session of ${name} is still open`);
          }
          // Which pages an external firmware uses, and for whom, is its own affair.
          const owned = [...host.ultravisor.svms.values()].reduce(
            (sum, { frames }) => sum + [...frames.values()].filter(({ secureRa }) => secureRa !== null).length,
            0,
          );
          const used = host.memory.securePages - host.memory.securePagesLeft;
          if (used !== owned) add(`${used - owned} pages of secure memory belong to no SVM`);
          if (ended > 0 && living.length === 0 && host.chip.spaces.length > 0)
            add(`${host.chip.spaces.length} TPM spaces are open though no guest lives`);
        }
      },
      breaches: () => found,
      held: () =>
        (machine.hosts.some(host => host.hasExternalUltravisor)
          ? 'what an external Ultravisor keeps in secure memory is not known; '
          : '') + (ended > 0 ? 'nothing is left of what was terminated' : 'nothing was terminated, and no secure page is without an owner'),
      snapshot: () => ({ found: [...found], ended, told: [...told] }),
      restore(state: { found: Breach[]; ended: number; told: string[] }) {
        told = [...state.told];
        found = [...state.found];
        ended = state.ended;
      },
    };
  },
};
