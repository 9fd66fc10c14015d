import { ACTORS, type Actor, nearest, SimulatorError } from '../../sim/index.ts';
import { partyOf } from './one-party.ts';

/** From whose point of view a trace is read: an actor's, or everybody's together. */
export const VIEWPOINTS = ['omniscient', ...ACTORS] as const;
export type Viewpoint = (typeof VIEWPOINTS)[number];

/** The viewpoints that a report offers: those who hold or want keys. */
export const REPORT_VIEWPOINTS = ['omniscient', 'hypervisor', 'ultravisor', 'svm', 'tpm'] as const satisfies readonly Viewpoint[];

/** Whose eyes a viewpoint has. */
export const eyesOf = (viewpoint: Viewpoint): ReadonlySet<Actor> => new Set(viewpoint === 'omniscient' ? ACTORS : partyOf(viewpoint));

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
