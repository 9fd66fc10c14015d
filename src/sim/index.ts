export { Clock } from './clock.ts';
export { type Difference, overlaid, type Version, versionsOf } from './difference.ts';
export { nearest, nearestFew, SimulatorError } from './error.ts';
export {
  ACTORS,
  type Actor,
  type AnyEvent,
  dataOf,
  EventBus,
  type EventData,
  type EventKind,
  ofKind,
  type Place,
  type Sight,
  type SimEvent,
} from './events.ts';
export { beginFile, type Growing, openFresh, PRIVATE, temporaryName } from './exclusive-file.ts';
export { Random, type RandomState } from './random.ts';
export { Lock, Scheduler } from './scheduler.ts';
export { type Secret, SecretRegister } from './secrets.ts';
export type { Stateful } from './snapshot.ts';
export { createWorld, type World } from './world.ts';
