import { ACTORS, type Actor, nearest, SimulatorError } from '../../sim/index.ts';

/** From whose point of view a trace is read: an actor's, or everybody's together. */
export const VIEWPOINTS = ['omniscient', ...ACTORS] as const;
export type Viewpoint = (typeof VIEWPOINTS)[number];

/** The viewpoints that a report offers: those who hold or want keys. */
export const REPORT_VIEWPOINTS = ['omniscient', 'hypervisor', 'ultravisor', 'svm', 'tpm'] as const satisfies readonly Viewpoint[];

/**
 * Whose eyes a viewpoint has. The guest and the SVM are one machine before and after; QEMU's proxy and the kernel's resource manager
 * are part of what the hypervisor controls.
 */
export function eyesOf(viewpoint: Viewpoint): ReadonlySet<Actor> {
  if (viewpoint === 'omniscient') return new Set(ACTORS);
  if (viewpoint === 'svm') return new Set(['svm', 'guest']);
  if (viewpoint === 'hypervisor') return new Set(['hypervisor', 'spapr-tpm-proxy', 'tpmrm']);
  return new Set([viewpoint]);
}

/** @throws {SimulatorError} when nobody has this name. */
export function viewpointOf(name: string): Viewpoint {
  const found = VIEWPOINTS.find(viewpoint => viewpoint === name);
  if (found) return found;
  const near = nearest(name, VIEWPOINTS);
  throw new SimulatorError('trace.viewpoint', {
    what: `nobody is called "${name}"`,
    hint: `${near ? `Did you mean "${near}"? ` : ''}Viewpoints: ${VIEWPOINTS.join(', ')}.`,
  });
}
